"""What is to be uploaded: bytes, or a file that is read again for each attempt, never as a whole.

An object of Windmill is spooled to a temporary file first: to be hashed before it goes out, and read again if
an attempt fails.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import mimetypes
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from f.connect.errors import FixInput
from f.files.s3.keys import local_file
from f.windmill.objects import read_object

if TYPE_CHECKING:
    from wmill import S3Object

    from f.files.s3.results import Checksum, IfExists

_CHUNK = 1 << 18


class Hash(Protocol):
    """What hashlib makes."""

    def update(self, data: bytes, /) -> None:
        """Go over some more bytes."""


@dataclass(frozen=True, slots=True)
class Content:
    """Some bytes, in memory or (`file`) on the disk, from `start` on. A Source of the connection layer."""

    size: int
    data: bytes = b""
    file: Path | None = None
    start: int = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes; OSError if the file ends before it should, as when somebody cuts it off."""
        if self.file is None:
            yield from (
                self.data[at : min(at + _CHUNK, self.start + self.size)]
                for at in range(self.start, self.start + self.size, _CHUNK)
            )
            return
        left = self.size
        with self.file.open("rb") as opened:
            opened.seek(self.start)
            while left:
                chunk = opened.read(min(_CHUNK, left))
                if not chunk:
                    raise OSError("the file became shorter while it was read")
                left -= len(chunk)
                yield chunk

    def part(self, start: int, size: int) -> Content:
        """Return some of the bytes, counted from the beginning of these."""
        return Content(size, self.data, self.file, self.start + start)

    def parts(self, size: int) -> Iterator[Content]:
        """Yield all of it in pieces of `size` bytes; the last one may be smaller."""
        for start in range(0, self.size, size):
            yield self.part(start, min(size, self.size - start))


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How it is to be stored."""

    content_type: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    if_exists: IfExists = "overwrite"
    checksum: Checksum = "sha256"
    part_mb: int = 16


@dataclass(frozen=True, slots=True)
class Digests:
    """MD5 and SHA-256 of some bytes."""

    md5: bytes
    sha256: bytes


def digests_of(content: Content, whole: Hash | None = None) -> Digests:
    """Read the content once and return its digests; FixInput if its file cannot be read.

    `whole` goes over it as well: a hash over all parts of something, of which this is the next.
    """
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    try:
        for chunk in content.chunks():
            md5.update(chunk)
            sha256.update(chunk)
            if whole is not None:
                whole.update(chunk)
    except OSError as error:
        raise _unreadable(content.file or Path(), error) from error
    return Digests(md5.digest(), sha256.digest())


@contextmanager
def open_content(
    text: str | None, content: bytes | str | None, file: S3Object | None, local_path: str
) -> Iterator[Content]:
    """Yield what exactly one of the four inputs has; FixInput if none or several are given.

    An empty text or content counts if nothing else is given: it makes an empty object.
    """
    given = [name for name, value in _sources(text, content, file, local_path).items() if value]
    if len(given) > 1:
        raise FixInput(f"Give one source, not {' and '.join(given)}.", code="one_source")
    if file:
        with tempfile.NamedTemporaryFile(prefix="upload-") as spool:
            yield _spooled(spool, read_object(_object(file)))
    elif local_path:
        yield _of_file(Path(local_file(local_path)))
    elif content:
        data = _bytes(content)
        yield Content(len(data), data)
    elif text is not None or content is not None:
        data = _utf8(text or "")
        yield Content(len(data), data)
    else:
        raise FixInput(
            "Nothing to upload: give text, content, file (an object of Windmill) or local_path.",
            code="one_source",
        )


def type_of(key: str, given: str) -> str:
    """Return the content type: as given, else by the key's ending, as the standard library knows it."""
    return given or mimetypes.guess_type(key.rsplit("/", 1)[-1])[0] or "application/octet-stream"


def _sources(
    text: str | None, content: bytes | str | None, file: Mapping[str, Any] | None, local_path: str
) -> dict[str, object]:
    return {"text": text, "content": content, "file": file, "local_path": local_path}


def _object(file: S3Object) -> S3Object:
    if not isinstance(file, dict) or not isinstance(file.get("s3"), str):
        raise FixInput("file is no object of Windmill: it has no s3.", code="bad_object")
    return file


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise FixInput(
            "text holds half of a surrogate pair, which no file can hold: correct it, or give content.",
            code="not_utf8",
        ) from error


def _bytes(content: bytes | str) -> bytes:
    """Return bytes, which a caller that speaks JSON gives as base64."""
    if isinstance(content, bytes):
        return content
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FixInput("content is not base64. Plain text goes into text.", code="not_base64") from error


def _of_file(path: Path) -> Content:
    try:
        if not path.is_file():
            raise FixInput(f"There is no file {str(path)!r} in the job's folder.", code="no_file")
        return Content(path.stat().st_size, file=path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _spooled(spool: Any, pieces: Iterable[bytes]) -> Content:
    try:
        for piece in pieces:
            spool.write(piece)
        spool.flush()
    except OSError as error:
        raise FixInput(
            f"The object could not be kept on this machine's disk while it is uploaded ({error.strerror}).",
            code="no_file",
        ) from error
    return Content(spool.tell(), file=Path(spool.name))


def _unreadable(path: Path, error: OSError) -> FixInput:
    return FixInput(
        f"The file {path.name!r} could not be read ({error.strerror or error}). Nothing was uploaded.",
        code="no_file",
    )
