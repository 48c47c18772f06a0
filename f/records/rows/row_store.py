"""Rows between the steps of an import: inside job results while small, as workspace objects beyond.

And what the jobs that send them hand to the report.
"""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import orjson

from f.connect.redact import well_formed_json
from f.windmill.objects import object_at, read_object, write_object

if TYPE_CHECKING:
    from f.records.rows.outcome import Stop


class StoredRows(TypedDict):
    """Some records: inline, or as one JSON record a line in an object of the workspace's storage.

    `read_rows` reads both. Inline a record may be its JSON text: see `_carried`.
    """

    count: int
    records: NotRequired[list[dict[str, Any] | str]]
    s3: NotRequired[str]


class Created(TypedDict):
    """What became of one chunk. `reported` has the rows that a person may want to see, with their reasons."""

    index: int
    target: str
    guarantee: str
    counts: dict[str, int]
    reported: StoredRows
    ids: dict[str, str]
    requests: int
    retries: int
    latencies: dict[str, Any]
    stopped: Stop | None
    started: float
    ended: float


_LINES_AT_ONCE = 256
_REFERENCE = b'"$'  # at the beginning of a text in JSON: what begins with another sign is none


def object_path(import_id: str, name: str) -> str:
    """Return where a file of an import lies in the workspace's storage."""
    return f"imports/{import_id}/{name}"


def to_line(record: dict[str, Any]) -> bytes:
    """Return one record as a line of an object. Half of a surrogate pair, which no file has, is replaced."""
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return orjson.dumps(well_formed_json(record), option=orjson.OPT_APPEND_NEWLINE)


def inline(records: Iterable[dict[str, Any]]) -> StoredRows:
    """Return records that travel inside a job's result."""
    return inline_lines(list(map(to_line, records)))


def inline_lines(lines: list[bytes]) -> StoredRows:
    """Return encoded records as records that travel inside a job's result."""
    return {"count": len(lines), "records": list(map(_carried, lines))}


def _carried(line: bytes) -> dict[str, Any] | str:
    """A record as it travels in arguments: as JSON text if a text of it begins like a reference.

    Windmill would put a secret of the workspace in the place of a cell such as `$var:f/a/b` when the next
    step starts, and it would be sent. Inside a text it looks for none.
    """
    if _REFERENCE in line:
        return line.rstrip().decode()
    record: dict[str, Any] = orjson.loads(line)
    return record


def inline_records(records: Iterable[dict[str, Any] | str]) -> Iterator[dict[str, Any]]:
    """Yield records that have travelled inline, as they were."""
    return (orjson.loads(record) if isinstance(record, str) else record for record in records)


def write_rows(path: str, lines: list[bytes]) -> StoredRows:
    """Store encoded records as an object."""
    length = sum(map(len, lines))
    write_object(path, _joined(lines), "application/x-ndjson", length)
    return {"count": len(lines), "s3": path}


def read_rows(rows: StoredRows) -> Iterator[dict[str, Any]]:
    """Yield the records, one at a time; an object is streamed."""
    if "s3" not in rows:
        yield from inline_records(rows.get("records", []))
        return
    for line in _lines(read_object(object_at(rows["s3"]))):
        yield orjson.loads(line)


def _joined(lines: list[bytes]) -> Iterator[bytes]:
    """Some lines at a time: a copy of all of them would weigh as much as they do."""
    for start in range(0, len(lines), _LINES_AT_ONCE):
        yield b"".join(lines[start : start + _LINES_AT_ONCE])


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        yield from complete
    if rest:
        yield rest
