"""Rows in the workspace's object storage, which here is a loopback server."""

import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from f.connect.errors import FixInput, FixSettings
from f.records.rows.row_store import (
    INLINE_BYTES,
    inline_lines,
    keep_file,
    read_rows,
    to_line,
    write_object,
    write_rows,
)
from f.windmill.connection import disconnect
from tests.loopback import Asked, Loopback, Reply, serve

RECORDS = [{"line": 2, "cells": ["Zoë", '"']}, {"line": 3, "cells": ["a\nb", "\u2028"]}]


class Storage:
    """Keeps objects as Windmill's API does; refuses all once `full`."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.full = False

    def __call__(self, asked: Asked) -> Reply:
        key = parse_qs(urlsplit(asked.path).query)["file_key"][0]
        if asked.method == "POST" and not self.full:
            self.objects[key] = asked.body
            return Reply(body={"file_key": key})
        if asked.method == "GET" and key in self.objects:
            return Reply(body=self.objects[key])
        return Reply(400, {"error": {"message": "no storage"}})


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
def server(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with serve(storage) as served:
        monkeypatch.setenv("BASE_INTERNAL_URL", served.url)
        monkeypatch.setenv("WM_TOKEN", "token-1")
        monkeypatch.setenv("WM_WORKSPACE", "local")
        yield served
        disconnect()


def test_what_was_written_is_read_again(server: Loopback) -> None:
    rows = write_rows("imports/1/chunks/00000.jsonl", [to_line(record) for record in RECORDS])
    assert rows == {"count": 2, "s3": "imports/1/chunks/00000.jsonl"}
    assert list(read_rows(rows)) == RECORDS
    assert server.asked[0].path.startswith("/api/w/local/job_helpers/upload_s3_file?")


def test_a_file_is_kept_as_an_object_or_inside_the_result_while_it_is_small(
    server: Loopback, storage: Storage, tmp_path: Path
) -> None:
    del server
    path, large = "imports/1/plan.csv", tmp_path / "large"
    assert keep_file(path, b"a,b", "text/csv") == {"filename": "plan.csv", "s3": path}
    storage.full = True
    assert keep_file(path, b"a,b", "text/csv") == {"filename": "plan.csv", "content": "a,b"}
    large.write_bytes(b"a" * INLINE_BYTES)
    with large.open("rb") as file:
        assert len(keep_file(path, file, "text/csv")["content"]) == INLINE_BYTES
    large.write_bytes(b"a" * (INLINE_BYTES + 1))
    with large.open("rb") as file, pytest.raises(FixSettings, match=r"plan.csv is too large") as caught:
        keep_file(path, file, "text/csv")
    assert caught.value.code == "no_object_storage"


def test_many_objects_share_one_connection(server: Loopback) -> None:
    for number in range(5):
        write_object(f"imports/1/{number}", b"text", "text/plain")
    assert len({asked.client for asked in server.asked}) == 1


def test_an_open_file_is_stored_whole(server: Loopback, storage: Storage) -> None:
    content = b"line\n" * 50_000
    write_object("imports/1/rejects.csv", io.BufferedReader(io.BytesIO(content)), "text/csv")
    assert storage.objects["imports/1/rejects.csv"] == content


def test_the_next_job_of_a_warm_process_has_its_own_token(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_object("imports/1/a", b"", "text/plain")
    monkeypatch.setenv("WM_TOKEN", "token-2")
    write_object("imports/1/b", b"", "text/plain")
    assert [asked.headers["Authorization"] for asked in server.asked] == ["Bearer token-1", "Bearer token-2"]


def test_a_workspace_without_storage_is_told_what_to_set_up(server: Loopback, storage: Storage) -> None:
    storage.full = True
    with pytest.raises(FixSettings, match=r"Object Storage \(S3\)") as caught:
        write_rows("imports/1/chunks/00000.jsonl", [to_line(RECORDS[0])])
    assert caught.value.code == "no_object_storage"


def test_an_object_that_is_not_there_is_named(server: Loopback) -> None:
    with pytest.raises(FixInput, match="imports/1/gone"):
        list(read_rows({"count": 1, "s3": "imports/1/gone"}))


def test_encoded_records_can_travel_inline_after_all() -> None:
    assert inline_lines([to_line(record) for record in RECORDS]) == {"count": 2, "records": RECORDS}
