"""Rows in the workspace's object storage, which here is a loopback server."""

from collections.abc import Iterator

import pytest

from f.connect.errors import FixInput, FixSettings
from f.records.rows.row_store import inline, inline_lines, read_rows, to_line, write_rows
from f.windmill.flow_inputs import REFERENCES, reference_in
from tests.f.windmill.storage import Storage, serve_storage
from tests.loopback import Loopback

RECORDS = [{"line": 2, "cells": ["Zoë", '"']}, {"line": 3, "cells": ["a\nb", "\u2028"]}]


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
def server(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with serve_storage(storage, monkeypatch) as served:
        yield served


def test_what_was_written_is_read_again(server: Loopback) -> None:
    rows = write_rows("imports/1/chunks/00000.jsonl", [to_line(record) for record in RECORDS])
    assert rows == {"count": 2, "s3": "imports/1/chunks/00000.jsonl"}
    assert list(read_rows(rows)) == RECORDS
    assert server.asked[0].path.startswith("/api/w/local/job_helpers/upload_s3_file?")


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


@pytest.mark.parametrize("kind", REFERENCES)
def test_what_would_stand_for_a_secret_is_hidden_inside_a_text_and_read_as_it_was(kind: str) -> None:
    records = [{"line": 2, "cells": ["Ada", f"{kind}f/a/b"]}, {"line": 3, "cells": ["costs $1", "b"]}]
    for rows in (inline(records), inline_lines([to_line(record) for record in records])):
        assert rows["records"][1] == records[1]
        assert not reference_in(rows)
        assert list(read_rows(rows)) == records
