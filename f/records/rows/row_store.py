"""StoredRows between the steps of an import: inside job results while small, as workspace objects beyond."""

from collections.abc import Iterable, Iterator
from io import BufferedReader
from typing import Any, NotRequired, TypedDict

import httpx
import orjson
from wmill import S3Object

from f.connect.errors import FixInput, FixSettings
from f.windmill.connection import connection


class StoredRows(TypedDict):
    """Some records: inline, or as one JSON record a line in an object of the workspace's storage."""

    count: int
    records: NotRequired[list[dict[str, Any]]]
    s3: NotRequired[str]


class FileRef(TypedDict):
    """A file made by the import: in object storage (`s3`), or with its content where there is none."""

    filename: str
    rows: NotRequired[int]
    s3: NotRequired[str]
    content: NotRequired[str]


# A job's result is kept in Windmill's database and copied to every later step: about a
# megabyte is where that starts to hurt.
INLINE_BYTES = 1_000_000

_READ_BYTES = 1 << 16
_LINES_AT_ONCE = 256


def object_path(import_id: str, name: str) -> str:
    """Where a file of an import lies in the workspace's storage."""
    return f"imports/{import_id}/{name}"


def to_line(record: dict[str, Any]) -> bytes:
    """One record as a line of an object."""
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def inline(records: Iterable[dict[str, Any]]) -> StoredRows:
    """Records that travel inside a job's result."""
    listed = list(records)
    return {"count": len(listed), "records": listed}


def inline_lines(lines: list[bytes]) -> StoredRows:
    """Encoded records that travel inside a job's result after all."""
    return inline(map(orjson.loads, lines))


def write_rows(path: str, lines: list[bytes]) -> StoredRows:
    """Store encoded records as an object."""
    length = sum(map(len, lines))
    write_object(path, _joined(lines), "application/x-ndjson", length)
    return {"count": len(lines), "s3": path}


def read_rows(rows: StoredRows) -> Iterator[dict[str, Any]]:
    """The records, one at a time; an object is streamed."""
    if "s3" not in rows:
        yield from rows.get("records", [])
        return
    for line in _lines(read_object(S3Object(s3=rows["s3"]))):
        yield orjson.loads(line)


def read_object(file: S3Object) -> Iterator[bytes]:
    """An object's bytes, streamed; FixInput where it cannot be read."""
    try:
        with connection().load_s3_file_reader(file, None) as reader:
            while chunk := reader.read(_READ_BYTES):
                yield chunk
    except httpx.HTTPError as error:
        raise FixInput(
            f"The object {file['s3']!r} could not be read from the workspace's storage. Check the path, "
            "and that a storage is set up under Workspace settings > Object Storage (S3).",
            code="object_not_found",
        ) from error


def _joined(lines: list[bytes]) -> Iterator[bytes]:
    """Some lines at a time: a copy of all of them would weigh as much as they do."""
    for start in range(0, len(lines), _LINES_AT_ONCE):
        yield b"".join(lines[start : start + _LINES_AT_ONCE])


def write_object(
    path: str, content: bytes | BufferedReader | Iterator[bytes], content_type: str, length: int | None = None
) -> None:
    """Store bytes, an open file or pieces of a known length; FixSettings where the workspace takes none."""
    windmill = connection()
    headers = {"Content-Type": "application/octet-stream"}
    if length is not None:
        headers["Content-Length"] = str(length)
    try:
        windmill.client.post(
            f"/w/{windmill.workspace}/job_helpers/upload_s3_file",
            params={"file_key": path, "content_type": content_type},
            headers=headers,
            content=content,
        ).raise_for_status()
    except httpx.HTTPError as error:
        raise FixSettings(
            f"The workspace's object storage did not take {path!r}. An import travels through it when its "
            f"rows exceed about {INLINE_BYTES // 1_000_000} MB. Set a storage up under Workspace settings > "
            "Object Storage (S3), or import a smaller file.",
            code="no_object_storage",
        ) from error


def keep_file(path: str, content: bytes | BufferedReader, content_type: str) -> FileRef:
    """Keep a file as an object, or inside the result where the workspace takes none and it is small."""
    name = path.rsplit("/", 1)[-1]
    try:
        write_object(path, content, content_type)
    except FixSettings:
        data = content if isinstance(content, bytes) else _from_the_start(content)
        if len(data) > INLINE_BYTES:
            raise FixSettings(
                f"{name} is too large to travel inside a job's result. Set up a storage under Workspace "
                "settings > Object Storage (S3).",
                code="no_object_storage",
            ) from None
        return {"filename": name, "content": data.decode()}
    return {"filename": name, "s3": path}


def _from_the_start(file: BufferedReader) -> bytes:
    file.seek(0)
    return file.read(INLINE_BYTES + 1)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        yield from complete
    if rest:
        yield rest
