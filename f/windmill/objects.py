"""Files in the workspace's object storage: the one way to write and to read an object."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# anyio==4.16.0
# certifi==2026.10.18
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# typing-extensions==4.16.0
# wmill==1.850.0

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, NotRequired, TypedDict

from f.connect.errors import FixInput, FixSettings
from f.windmill.connection import connection

if TYPE_CHECKING:
    from wmill import S3Object

# A job's result is kept in Windmill's database and copied to every later step: about a
# megabyte is where that starts to hurt.
INLINE_BYTES = 1_000_000

_READ_BYTES = 1 << 16


class FileRef(TypedDict):
    """A file that a job made: in object storage (`s3`), or with its content if there is none."""

    filename: str
    rows: NotRequired[int]
    s3: NotRequired[str]
    content: NotRequired[str]


def object_at(path: str, storage: str = "") -> S3Object:
    """Return an object of the workspace's default storage, or of one of its others."""
    from wmill import S3Object  # imported with the connection

    return S3Object(s3=path, storage=storage) if storage else S3Object(s3=path)


def read_object(file: S3Object) -> Iterator[bytes]:
    """Yield an object's bytes as they arrive; FixInput if it cannot be read."""
    windmill = connection()
    import httpx  # comes with the connection

    try:
        with windmill.load_s3_file_reader(file, None) as reader:
            while chunk := reader.read(_READ_BYTES):
                yield chunk
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise FixInput(
            f"The object {file['s3']!r} could not be read from the workspace's storage. Check the path, "
            "and that a storage is set up under Workspace settings > Object Storage (S3).",
            code="object_not_found",
        ) from error


def object_size(file: S3Object) -> int | None:
    """Return an object's size in bytes, for a progress bar; None if Windmill does not say."""
    params = {"file_key": file["s3"], "storage": file.get("storage") or None}
    with contextlib.suppress(Exception):  # whatever it is, reading the object says it better
        windmill = connection()
        reply = windmill.client.get(f"/w/{windmill.workspace}/job_helpers/load_file_metadata", params=params)
        return int(reply.json()["size_in_bytes"])
    return None


def write_object(
    path: str,
    content: bytes | IO[bytes] | Iterator[bytes],
    content_type: str = "",
    length: int | None = None,
    *,
    storage: str = "",
) -> None:
    """Store bytes, an open file or pieces of a known length, over what is there.

    Without a `content_type` Windmill goes by the path. FixSettings if the workspace's storage takes none.
    """
    windmill = connection()
    import httpx  # comes with the connection

    params = {"file_key": path, "content_type": content_type, "storage": storage}
    headers = {"Content-Type": "application/octet-stream"}
    if length is not None:
        headers["Content-Length"] = str(length)
    try:
        windmill.client.post(
            f"/w/{windmill.workspace}/job_helpers/upload_s3_file",
            params={name: value for name, value in params.items() if value},
            headers=headers,
            content=content,
        ).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise FixSettings(
            f"The workspace's object storage did not take {path!r}. It holds what is too large for a job's "
            f"result, from about {INLINE_BYTES // 1_000_000} MB on. Set a storage up under Workspace "
            "settings > Object Storage (S3), or use a smaller file.",
            code="no_object_storage",
        ) from error


def keep_file(path: str, content: bytes | IO[bytes], content_type: str) -> FileRef:
    """Keep a file as an object, or inside the result if the workspace takes none and it is small."""
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


def _from_the_start(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(INLINE_BYTES + 1)
