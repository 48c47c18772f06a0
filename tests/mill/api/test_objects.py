"""S3 objects as files."""

from __future__ import annotations

import socket
import threading
import tracemalloc
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.mill.api.stage import Stage

HELPERS = "/api/w/local/job_helpers"


def upload(stage: Stage, key: str, body: bytes = b"x") -> int:
    return stage.send("POST", f"{HELPERS}/upload_s3_file?file_key={quote(key)}", body, token=True).status


@pytest.mark.parametrize(
    "key",
    ["../out", "a/../../out", "/../out", "a/./b", "a\\b", "a\0b", "//", "k" * 1025, "é" * 200, "a/" * 600],
)
def test_a_key_that_is_no_file_below_the_storage_is_refused(empty: Stage, key: str) -> None:
    assert upload(empty, key) == 400
    read = empty.send("GET", f"{HELPERS}/download_s3_file?file_key={quote(key)}", token=True)
    assert read.status in {400, 404}
    written = [file for file in empty.state.rglob("*") if file.is_file() and "sqlite" not in file.name]
    assert written == []


def test_a_storage_name_is_no_path(stage: Stage) -> None:
    with stage.serve():
        reply = stage.send("POST", f"{HELPERS}/upload_s3_file?file_key=a&storage=..%2Fx", b"x", token=True)
    assert (reply.status, reply.text.startswith("'../x' is not a storage name")) == (400, True)


def test_an_object_below_another_is_refused_and_leaves_both_paths_usable(stage: Stage) -> None:
    with stage.serve():
        assert upload(stage, "a") == 200
        assert upload(stage, "a/b") == 400
        assert stage.send("DELETE", f"{HELPERS}/delete_s3_file?file_key=a", token=True).status == 200
        assert upload(stage, "a/b") == 200
        assert stage.send("DELETE", f"{HELPERS}/delete_s3_file?file_key=a/b", token=True).status == 200
        assert upload(stage, "a") == 200


def test_objects_are_listed_in_pages_and_described(stage: Stage) -> None:
    with stage.serve():
        for key in ["in/2.csv", "in/1.csv", "in/3.csv", "other"]:
            upload(stage, key, b"12345")
        listing = f"{HELPERS}/list_stored_files?prefix=in/&max_keys=2"
        first = stage.send("GET", listing, token=True).json()
        second = stage.send("GET", f"{listing}&marker={first['next_marker']}", token=True).json()
        facts = stage.send("GET", f"{HELPERS}/load_file_metadata?file_key=in/1.csv", token=True).json()
    assert first["windmill_large_files"] == [{"s3": "in/1.csv"}, {"s3": "in/2.csv"}]
    assert (second["windmill_large_files"], second["next_marker"]) == ([{"s3": "in/3.csv"}], None)
    assert (facts["mime_type"], facts["size_in_bytes"]) == ("text/csv", 5)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("src_file_key=in/a.csv&dest_file_key=done/x/a.csv", 200),
        ("src_file_key=in/b.csv&dest_file_key=done/x/b.csv", 404),
        ("src_file_key=in/a.csv&dest_file_key=../a.csv", 400),
        ("src_file_key=in/a.csv", 400),
    ],
)
def test_an_object_is_moved_over_what_is_there_or_stays(stage: Stage, query: str, status: int) -> None:
    with stage.serve():
        upload(stage, "done/x/a.csv", b"old")
        typed = f"{HELPERS}/upload_s3_file?file_key=in/a.csv&content_type=text/x-mine"
        stage.send("POST", typed, b"new", token=True)
        assert stage.send("GET", f"{HELPERS}/move_s3_file?{query}", token=True).status == status
        keys = stage.send("GET", f"{HELPERS}/list_stored_files?prefix=in/", token=True).json()
        target = f"{HELPERS}/download_s3_file?file_key=done/x/a.csv"
        moved = stage.send("GET", target, token=True)
    assert len(keys["windmill_large_files"]) == (status != 200)
    assert moved.text == ("new" if status == 200 else "old")
    if status == 200:
        assert moved.headers["content-type"].startswith("text/x-mine")


def test_an_upload_that_breaks_off_leaves_the_object_as_it_was(stage: Stage) -> None:
    with stage.serve() as api:
        upload(stage, "a", b"before")
        port = int(api.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            head = f"POST {HELPERS}/upload_s3_file?file_key=a&token={api.token} HTTP/1.1\r\n"
            connection.sendall(
                head.encode() + f"Host: 127.0.0.1:{port}\r\n".encode() + b"Content-Length: 100\r\n\r\nhalf"
            )
    assert [file.read_bytes() for file in (stage.state / "objects").rglob("*") if file.is_file()] == [
        b"before"
    ]
    assert list((stage.state / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda url: url, 200),
        (lambda url: url.replace("/a.txt", "/b.txt"), 403),
        (lambda url: url.replace("exp=", "exp=1"), 403),
        (lambda url: url.replace("exp=", "exp=x"), 403),
        (lambda url: url.partition("?")[0], 403),
    ],
)
def test_a_signed_url_opens_one_object_and_no_other(stage: Stage, change: object, status: int) -> None:
    assert callable(change)
    with stage.serve():
        upload(stage, "a.txt"), upload(stage, "b.txt")
        signed = stage.post(
            "/api/w/local/apps/sign_s3_objects", {"s3_objects": [{"s3": "a.txt"}]}, token=True
        )
        url = f"/api/w/local/s3_proxy/_default_/a.txt?{signed.json()[0]['presigned']}"
        assert stage.send("GET", change(url)).status == status


def test_a_signed_url_ends_with_its_time(stage: Stage) -> None:
    now = [1_700_000_000.0]
    with stage.serve(clock=lambda: now[0]):
        upload(stage, "a")
        wanted = {"s3_objects": [{"s3": "a"}], "expiry_secs": 3600}
        signed = stage.post("/api/w/local/apps/sign_s3_objects", wanted, token=True).json()[0]["presigned"]
        url = f"/api/w/local/s3_proxy/_default_/a?{signed}"
        assert stage.send("GET", url).status == 200
        now[0] += 3601
        expired = stage.send("GET", url)
    assert (expired.status, expired.text) == (403, "This S3 URL has expired: sign the object again.")


def test_a_large_object_passes_through_in_pieces(stage: Stage, tmp_path: Path) -> None:
    """The server lives in this process: its memory is watched while another sends and reads 64 MB."""
    size = 64 * 1024 * 1024
    code = f"""
import wmill
path = {str(tmp_path / "big")!r}
with open(path, "wb") as file:
    file.truncate({size})
with open(path, "rb") as file:
    wmill.write_s3_file({{"s3": "big"}}, file)
total = 0
with wmill.load_s3_file_reader({{"s3": "big"}}) as reader:
    while piece := reader.read(1 << 20):
        total += len(piece)
assert total == {size}, total
"""
    with stage.serve():
        tracemalloc.start()
        try:
            done = stage.script(code)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert done.returncode == 0, done.stderr
    assert peak < size // 4


def test_two_uploads_of_one_key_leave_one_of_them_whole(stage: Stage) -> None:
    bodies = [b"a" * 3_000_000, b"b" * 3_000_000]
    with stage.serve():
        threads = [threading.Thread(target=upload, args=(stage, "k", body)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        body = stage.send("GET", f"{HELPERS}/download_s3_file?file_key=k", token=True).body
    assert body in bodies
