"""What people give: keys, paths, buckets, resources, sources. One sentence for what cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.errors import FixInput, FixSettings
from f.files import copy_file, delete_file, download_file, head_file, list_files, sign_url, upload_file
from f.files.s3.client import bucket_of
from f.files.s3.keys import check_key, disposition_of, local_file
from f.files.s3.multipart import LARGEST_PART, MIB, MOST_PARTS, part_size
from f.files.s3.xml_reply import read_xml
from tests.f.files.conftest import changed
from tests.loopback import Reply, serve

S3: Any = {"bucket": "files", "region": "eu-west-1", "accessKey": "AKIA1", "secretKey": "secret"}


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("", "is empty"),
        ("/etc/passwd", "begins with a slash"),
        ("../a", r"'\.' or '\.\.'"),
        ("a/../b", r"'\.' or '\.\.'"),
        ("a/./b", r"'\.' or '\.\.'"),
        ("a\\..\\b", r"'\.' or '\.\.'"),
        ("..", r"'\.' or '\.\.'"),
        ("a\nb", "control character"),
        ("a\x00", "control character"),
        ("a\u202egpj", "control character"),
        ("a\ud800", "control character"),
        ("x" * 1025, "1,025 bytes"),
        ("ü" * 513, "1,026 bytes"),
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_a_key_that_is_none(key: str, sentence: str) -> None:
    """Said before anything is sent: nobody listens at this address."""
    for run in (
        lambda: upload_file.main(key, S3, text="x"),
        lambda: download_file.main(key, S3),
        lambda: head_file.main(key, S3),
        lambda: delete_file.main(key, S3),
        lambda: sign_url.main(key, S3),
        lambda: copy_file.main(key, "b", S3),
        lambda: copy_file.main("a", key, S3),
        lambda: upload_file.main(key, text="x"),
    ):
        with pytest.raises(FixInput, match=sentence):
            run()
    if key:
        with pytest.raises(FixInput, match=sentence):
            list_files.main(S3, prefix=key)


@pytest.mark.parametrize("key", ["a..b", "...", "a/.hidden", "x" * 1024, "a//b", "a/", " ", "C:", "~"])
def test_a_key_that_only_looks_odd(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "a/../../x", "a/..", "~/x", "a/", "a\\b", "a\x00b", "~root"], ids=ascii
)
def test_no_local_path_leads_out_of_the_jobs_folder(path: str) -> None:
    for run in (
        lambda: upload_file.main("k", S3, local_path=path),
        lambda: download_file.main("k", S3, local_path=path),
    ):
        with pytest.raises(FixInput, match="local_path"):
            run()


def test_a_local_path_below_is_taken() -> None:
    assert str(local_file("./shared/a b.pdf")) == "shared/a b.pdf"
    with pytest.raises(FixInput, match="no file 'missing'"):
        upload_file.main("k", S3, local_path="missing")
    Path("folder").mkdir()
    with pytest.raises(FixInput, match="is a folder"):
        download_file.main("k", S3, local_path="folder")
    Path("file").write_text("x")
    with pytest.raises(FixInput, match="cannot be made"):
        download_file.main("k", S3, local_path="file/below")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"accessKey": ""}, "no accessKey"),
        ({"secretKey": None}, "no secretKey"),
        ({"bucket": ""}, "bucket"),
        ({"bucket": "a"}, "bucket"),
        ({"bucket": "a/b"}, "bucket"),
        ({"bucket": "a..b"}, "bucket"),
        ({"region": "EU West"}, "region"),
        ({"endPoint": "https://s3.example.com/path"}, "endPoint"),
        ({"endPoint": "ftp://s3.example.com"}, "endPoint"),
        ({"endPoint": "user:pw@s3.example.com"}, "endPoint"),
        ({"endPoint": "s3.example.com", "port": 70000}, "endPoint"),
        ({"endPoint": "s3.example.com", "port": "many"}, "endPoint"),
        ({"endPoint": "s3.exa mple.com"}, "endPoint"),
        ({"accessKey": "AK\nIA"}, "accessKey"),
        ({"sessionToken": "to\tken"}, "sessionToken"),
    ],
    ids=str,
)
def test_a_resource_that_is_wrong(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises((FixSettings, FixInput), match=sentence) as raised:
        head_file.main("k", changed(S3, **changes))
    assert "secret" not in str(raised.value).replace("secretKey", "")


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({}, "https://files.s3.eu-west-1.amazonaws.com/k"),
        ({"pathStyle": True}, "https://s3.eu-west-1.amazonaws.com/files/k"),
        ({"region": "cn-north-1"}, "https://files.s3.cn-north-1.amazonaws.com.cn/k"),
        ({"region": ""}, "https://files.s3.us-east-1.amazonaws.com/k"),
        ({"bucket": "with.dots"}, "https://s3.eu-west-1.amazonaws.com/with.dots/k"),
        ({"bucket": "with.dots", "useSSL": False}, "http://with.dots.s3.eu-west-1.amazonaws.com/k"),
        ({"bucket": "Capitals_1"}, "https://s3.eu-west-1.amazonaws.com/Capitals_1/k"),
        ({"endPoint": "s3.example.com"}, "https://files.s3.example.com/k"),
        ({"endPoint": "https://s3.example.com/"}, "https://files.s3.example.com/k"),
        ({"endPoint": "s3.example.com", "port": 443}, "https://files.s3.example.com/k"),
        ({"endPoint": "s3.example.com", "port": 9000}, "https://files.s3.example.com:9000/k"),
        ({"endPoint": "s3.example.com:9000", "useSSL": False}, "http://files.s3.example.com:9000/k"),
        ({"endPoint": "10.0.0.7", "port": 9000, "useSSL": False}, "http://10.0.0.7:9000/files/k"),
        ({"endPoint": "[::1]", "port": 9000, "useSSL": False}, "http://[::1]:9000/files/k"),
        ({"endPoint": "localhost", "useSSL": False}, "http://localhost/files/k"),
        ({"base_url": "http://127.0.0.1:1/twins/s3/"}, "http://127.0.0.1:1/twins/s3/files/k"),
    ],
    ids=str,
)
def test_where_a_bucket_lies(fields: dict[str, Any], url: str) -> None:
    assert bucket_of({**S3, **fields}).url("k") == url


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({}, "Nothing to upload"),
        ({"text": "a", "content": b"b"}, "text and content"),
        ({"text": "a", "local_path": "b"}, "text and local_path"),
        ({"content": "not base64!"}, "not base64"),
        ({"file": {"path": "x"}}, "no object of Windmill"),
        ({"text": "a", "if_exists": "maybe"}, "if_exists is 'maybe'"),
        ({"text": "a", "checksum": "crc"}, "checksum is 'crc'"),
        ({"text": "a", "part_mb": 4}, "5 to 5,120 MiB"),
        ({"text": "a", "part_mb": 5121}, r"5,120 MiB \(5 GiB\)"),
        ({"text": "a", "content_type": "text/plain\r\nX: y"}, "content_type"),
        ({"text": "a", "metadata": {"a b": "c"}}, "name 'a b'"),
        ({"text": "a", "metadata": {"a": "ü"}}, "plain ASCII"),
        ({"text": "a", "metadata": {"a": "b\nc"}}, "plain ASCII"),
        ({"text": "a", "metadata": {"a": ["b"]}}, "no text"),
        ({"text": "a", "metadata": {"A": "b", "a": "c"}}, "twice"),
        ({"text": "a", "metadata": {"a": "b" * 2048}}, "2,048"),
        ({"text": "a", "metadata": ["b"]}, "must be an object"),
        ({"text": "a", "metadata": {"Millwright-SHA256": "0"}}, "marks of our own"),
        ({"text": "a\ud800"}, "half of a surrogate pair"),
        ({"text": "a", "storage": "other"}, "give one of them"),
    ],
    ids=ascii,
)
def test_inputs_that_cannot_be_used(inputs: dict[str, Any], sentence: str) -> None:
    with pytest.raises(FixInput, match=sentence):
        upload_file.main("k", S3, **inputs)


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (lambda: sign_url.main("k", S3, expires_seconds=604_801), "7 days"),
        (lambda: sign_url.main("k", S3, expires_seconds=0), "7 days"),
        (lambda: list_files.main(S3, max_files=0), "max_files"),
        (lambda: list_files.main(S3, max_files=100_001), "max_files"),
        (lambda: download_file.main("k", S3, max_mb=0), "max_mb"),
        (lambda: download_file.main("k", S3, local_path="a", object_path="b"), "not both"),
        (lambda: download_file.main("k", S3, object_path="../b"), "object_path"),
        (lambda: copy_file.main("k", "k", S3), "the same"),
        (lambda: sign_url.main("k", S3, method=cast("Any", "DELETE")), "method is 'DELETE'"),
        (lambda: sign_url.main("k", S3, create_only=True), "are for method PUT"),
        (lambda: sign_url.main("k", S3, content_type="text/csv"), "are for method PUT"),
        (lambda: sign_url.main("k", S3, method="PUT", download_name="a.csv"), "is for method GET"),
        (lambda: sign_url.main("k", method=cast("Any", "DELETE")), "signs URLs to read"),
        (lambda: download_file.main("k", S3, local_path="x" * 256), "too long"),
        (lambda: download_file.main("k", S3, local_path=f"{'x' * 256}/y"), "too long"),
    ],
    ids=[
        "expiry", "no expiry", "max_files", "many files", "max_mb", "targets", "object_path", "copy",
        "method", "create only to read", "type to read", "name to write", "method of the workspace",
        "long name", "long folder",
    ],
)  # fmt: skip
def test_limits(run: Any, sentence: str) -> None:
    with pytest.raises(FixInput, match=sentence):
        run()


@pytest.mark.parametrize("size", ["\u00b2", "9" * 5000, "-1", ""], ids=["square", "long", "minus", "none"])
def test_a_size_that_is_no_number_is_no_size(size: str) -> None:
    page = f"<ListBucketResult><Contents><Key>a</Key><Size>{size}</Size></Contents></ListBucketResult>"
    with serve(lambda _: Reply(200, page.encode())) as server:
        assert list_files.main(changed(S3, base_url=server.url))["files"][0]["size"] == 0


def test_parts_grow_with_the_content() -> None:
    assert part_size(0, 5) == 5 * MIB
    assert part_size(MOST_PARTS * 5 * MIB, 5) == 5 * MIB
    assert part_size(MOST_PARTS * 5 * MIB + 1, 5) == 6 * MIB
    assert part_size(MOST_PARTS * LARGEST_PART, 5) == LARGEST_PART
    with pytest.raises(FixInput, match="10,000 parts of 5 GiB"):
        part_size(MOST_PARTS * LARGEST_PART + 1, 5)


def test_a_content_that_cannot_be_written_as_a_header_is_given_a_type_by_its_ending() -> None:
    with serve(lambda _: Reply(200, None, {"ETag": '"e"'})) as server:
        for key, given in (("a.csv", ""), ("a.unknown", ""), ("a.csv", "text/x")):
            upload_file.main(key, changed(S3, base_url=server.url), text="", content_type=given)
    kinds = [asked.headers["Content-Type"] for asked in server.asked]
    assert kinds == ["text/csv", "application/octet-stream", "text/x"]


@given(st.text(max_size=60))
def test_any_name_makes_one_line_of_a_header(name: str) -> None:
    assert disposition_of(name).isascii()
    assert disposition_of(name).isprintable()


@given(st.binary(max_size=200))
def test_any_bytes_are_xml_or_nothing(body: bytes) -> None:
    read_xml(body)


def test_an_entity_is_never_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8)
    )
    assert read_xml(f"{bomb}]><Error><Code>&i;</Code></Error>".encode()) is None
    outside = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Error><Code>&a;</Code></Error>'
    assert read_xml(outside) is None
    node = read_xml(b"\n <a:Error xmlns:a='u'><a:Code>C&amp;&lt;</a:Code></a:Error>")
    assert node is not None
    assert (node.name, node.value("Code")) == ("Error", "C&<")
