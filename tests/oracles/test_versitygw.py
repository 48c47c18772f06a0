"""The scripts of f/files against versitygw, an S3 server in Go that verifies signatures, and beside boto3."""

from __future__ import annotations

import hashlib
import random
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it has no types
import pytest
import requests
from botocore.config import Config  # type: ignore[import-untyped]  # it has no types

from f.connect.errors import ConnectError, FixInput, FixSettings, GiveUpRecord, SignInAgain
from f.connect.sign_in.sigv4 import presigned_url
from f.files import copy_file, delete_file, download_file, head_file, list_files, sign_url, upload_file
from f.files.s3.client import bucket_of
from tests.f.files.conftest import changed
from tests.foreign import built, free_port, running

# Keys that lose a character where somebody encodes once too little or too often.
# A key with an empty segment is not among them: this server keeps objects as files, and refuses it.
ODD_KEYS = (
    "a b+c", "100%", "a%2Fb", "ü/日本/😀", "tilde~'(*)!", "q?a=1&b#c", "semi;colon,comma=$@",
)  # fmt: skip
LARGE = random.Random(7).randbytes(11_000_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("versitygw")
    for name in ("docs", "archive", "dotted.name"):
        (folder / name).mkdir()
    port = free_port()
    command = [built("versitygw"), "--access", "ak", "--secret", "sk-secret", "--port", f"127.0.0.1:{port}"]
    with running([*command, "posix", str(folder)], port):
        yield {
            "bucket": "docs",
            "region": "us-east-1",
            "endPoint": "127.0.0.1",
            "port": port,
            "useSSL": False,
            "pathStyle": True,
            "accessKey": "ak",
            "secretKey": "sk-secret",
        }


@pytest.fixture
def s3(server: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return server


@pytest.fixture
def boto(server: dict[str, Any]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server['port']}",
        region_name="us-east-1",
        aws_access_key_id="ak",
        aws_secret_access_key="sk-secret",
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_supported",
        ),
    )


@pytest.mark.parametrize("key", ODD_KEYS)
def test_what_we_wrote_boto3_reads_and_what_boto3_wrote_we_read(s3: Any, boto: Any, key: str) -> None:
    text = f"content of {key}"
    done = upload_file.main(
        f"ours/{key}", s3, text=text, metadata={"Owner": "Ada"}, content_type="text/plain"
    )
    assert (done["status"], done["verified"], done["size"]) == ("uploaded", "sha256", len(text.encode()))
    theirs = boto.get_object(Bucket="docs", Key=f"ours/{key}")
    assert theirs["Body"].read().decode() == text
    assert (theirs["Metadata"], theirs["ContentType"]) == ({"owner": "Ada"}, "text/plain")
    boto.put_object(Bucket="docs", Key=f"theirs/{key}", Body=text.encode(), Metadata={"owner": "Ben"})
    ours = download_file.main(f"theirs/{key}", s3)
    assert (ours["text"], ours["metadata"], ours["verified"]) == (text, {"owner": "Ben"}, "md5")
    listed = [file["key"] for file in list_files.main(s3, prefix=f"theirs/{key}")["files"]]
    assert f"theirs/{key}" in listed


def test_a_large_file_goes_in_parts_and_comes_back_whole(s3: Any, boto: Any) -> None:
    Path("large.bin").write_bytes(LARGE)
    done = upload_file.main("large.bin", s3, local_path="large.bin", part_mb=5)
    assert (done["parts"], done["verified"]) == (3, "sha256")
    assert done["etag"].endswith("-3")
    assert boto.get_object(Bucket="docs", Key="large.bin")["Body"].read() == LARGE
    back = download_file.main("large.bin", s3, local_path="back/large.bin")
    assert Path("back/large.bin").read_bytes() == LARGE
    assert back["verified"] == "sha256"  # ours is in the metadata: S3 knows the checksums of parts alone
    boto.upload_file("large.bin", "docs", "theirs.bin")  # boto3 parts it as well, and says no checksum
    assert download_file.main("theirs.bin", s3, local_path="theirs.bin")["sha256"] == done["sha256"]
    assert boto.list_multipart_uploads(Bucket="docs").get("Uploads", []) == []


def test_an_empty_object(s3: Any) -> None:
    assert upload_file.main("empty", s3, text="")["size"] == 0
    assert download_file.main("empty", s3)["text"] == ""
    assert head_file.main("empty", s3)["exists"]


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["one request", "parts"])
def test_create_only_never_replaces(s3: Any, boto: Any, content: bytes) -> None:
    key = f"once-{len(content)}"
    first = upload_file.main(key, s3, content=content, if_exists="fail", part_mb=5)
    assert first["status"] == "uploaded"
    with pytest.raises(GiveUpRecord, match="exists already"):
        upload_file.main(key, s3, content=content[:-1] + b"!", if_exists="fail", part_mb=5)
    kept = upload_file.main(key, s3, content=content[:-1] + b"!", if_exists="keep", part_mb=5)
    assert kept["status"] == "exists"
    assert boto.get_object(Bucket="docs", Key=key)["Body"].read() == content
    assert boto.list_multipart_uploads(Bucket="docs").get("Uploads", []) == []


def test_a_list_page_by_page_with_folders(s3: Any) -> None:
    for number in range(5):
        upload_file.main(f"pages/{number}.txt", s3, text="x")
    upload_file.main("pages/sub/deep.txt", s3, text="x")
    seen, token = [], ""
    while True:
        page = list_files.main(s3, prefix="pages/", max_files=2, continue_from=token)
        seen += [file["key"] for file in page["files"]]
        token = page["next"]
        if page["complete"]:
            break
    assert seen == [*(f"pages/{number}.txt" for number in range(5)), "pages/sub/deep.txt"]
    assert list_files.main(s3, prefix="pages/", delimiter="/")["folders"] == ["pages/sub/"]


def test_copy_and_delete(s3: Any, boto: Any) -> None:
    upload_file.main("from here +%.txt", s3, text="copied", metadata={"a": "b"})
    done = copy_file.main("from here +%.txt", "to/thère.txt", s3, target_bucket="archive")
    assert (done["status"], done["bucket"]) == ("copied", "archive")
    theirs = boto.get_object(Bucket="archive", Key="to/thère.txt")
    assert (theirs["Body"].read(), theirs["Metadata"]) == (b"copied", {"a": "b"})
    with pytest.raises(GiveUpRecord):
        copy_file.main("from here +%.txt", "to/thère.txt", s3, target_bucket="archive", if_exists="fail")
    assert delete_file.main("from here +%.txt", s3)["status"] == "deleted"
    assert delete_file.main("from here +%.txt", s3)["status"] == "not_there"
    assert not head_file.main("from here +%.txt", s3)["exists"]
    with pytest.raises(FixInput, match="no object"):
        copy_file.main("from here +%.txt", "x", s3)


def test_signed_urls_let_in_and_nothing_else(s3: Any) -> None:
    upload_file.main("signed/a b+ü%.txt", s3, text="for you")
    url = sign_url.main("signed/a b+ü%.txt", s3, expires_seconds=60, download_name="für dich.txt")["url"]
    reply = requests.get(url, timeout=10)
    assert (reply.status_code, reply.text) == (200, "for you")
    assert "filename*=UTF-8''f%C3%BCr%20dich.txt" in reply.headers["Content-Disposition"]
    for other in (
        url.replace("signed/", "Signed/"),
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"),
        url.replace("us-east-1", "eu-west-1"),
        url.partition("?")[0],
        url[:-1] + ("0" if url[-1] != "0" else "1"),
    ):
        refused = requests.get(other, timeout=10).status_code
        assert refused in {400, 403}, changed  # 400 is another region
    assert requests.put(url, b"mine", timeout=10).status_code == 403
    bucket = bucket_of(s3)
    old = presigned_url(bucket.key, "GET", bucket.url("signed/a b+ü%.txt"), expires=60, at=time.time() - 61)
    assert requests.get(old, timeout=10).status_code == 403


def test_a_signed_put_binds_the_type_and_creates_only(s3: Any) -> None:
    signed = sign_url.main("signed/put", s3, method="PUT", content_type="image/png", create_only=True)
    url, headers = signed["url"], signed["headers"]
    assert (
        requests.put(url, b"x", headers={**headers, "Content-Type": "text/html"}, timeout=10).status_code
        == 403
    )
    assert requests.put(url, b"x", timeout=10).status_code == 403
    assert requests.put(url, b"x", headers=headers, timeout=10).status_code == 200
    assert requests.put(url, b"y", headers=headers, timeout=10).status_code == 412
    assert head_file.main("signed/put", s3)["content_type"] == "image/png"


@pytest.mark.parametrize(
    ("changes", "kind", "sentence"),
    [
        ({"secretKey": "other-secret"}, SignInAgain, "secretKey is wrong"),
        ({"accessKey": "nobody"}, SignInAgain, "accessKey is not known"),
        ({"region": "eu-west-1"}, FixSettings, "lies in the region us-east-1"),
        ({"bucket": "missing"}, FixSettings, "no such bucket"),
    ],
    ids=["secret", "key", "region", "bucket"],
)
def test_what_it_refuses_is_named(
    s3: Any, changes: dict[str, Any], kind: type[ConnectError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        list_files.main(changed(s3, **changes))
    with pytest.raises(kind, match=sentence):
        upload_file.main("refused", changed(s3, **changes), text="x")


def test_a_path_style_bucket_with_dots(s3: Any) -> None:
    dotted = changed(s3, bucket="dotted.name")
    upload_file.main("k", dotted, text="x")
    assert download_file.main("k", dotted)["sha256"] == hashlib.sha256(b"x").hexdigest()


def test_changed_bytes_are_refused_by_the_server_itself(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"x-amz-checksum-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}
    monkeypatch.setattr("f.files.s3.bucket_storage.checksum_headers", lambda *_: wrong)
    with pytest.raises(ConnectError):
        upload_file.main("changed", s3, text="not empty")
    assert not head_file.main("changed", s3)["exists"]


def test_one_run_is_memory_flat(s3: Any) -> None:
    """The parts are read from the disk: none of a large upload lies in memory as a whole."""
    Path("large.bin").write_bytes(LARGE * 3)
    tracemalloc.start()
    try:
        upload_file.main("flat.bin", s3, local_path="large.bin", part_mb=16)
        download_file.main("flat.bin", s3, local_path="flat.bin")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert Path("flat.bin").stat().st_size == 3 * len(LARGE)
    assert peak < 8_000_000
