"""The workspace's S3 objects as files: `<state>/objects/<storage>/<key>`."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import itertools
import mimetypes
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mill.api.storage.database import Database
from mill.api.transport.replies import Refusal

DEFAULT_STORAGE = "_default_"
DEFAULT_EXPIRY, SHORTEST_EXPIRY, LONGEST_EXPIRY = 12 * 3600, 60, 7 * 24 * 3600  # seconds, Windmill's bounds
_MOST_DIGITS = 18  # of a time in seconds
_LONGEST_KEY = 1024  # bytes, S3's limit
_FORBIDDEN = frozenset(["\\", "\0", *map(chr, range(0xD800, 0xE000))])  # no file name can hold half a pair


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that exists. `size` is bytes, `modified` seconds since the epoch."""

    file: Path
    size: int
    modified: float
    content_type: str
    content_disposition: str | None


class Objects:
    """Reads, writes, lists and signs the objects. Every error is a Refusal with a sentence."""

    def __init__(
        self, directory: Path, database: Database, signing_key: bytes, clock: Callable[[], float] = time.time
    ) -> None:
        self._root = directory / "objects"
        self._uploads = directory / "uploads"
        self._database = database
        self._signing_key = signing_key
        self._clock = clock

    def stat(self, storage: str, key: str) -> StoredObject:
        """Return what is known of an object; 404 where there is none."""
        file = self._file(storage, key)
        try:
            facts = file.stat()
        except OSError:  # also a key no file can have
            facts = None
        if facts is None or not stat.S_ISREG(facts.st_mode):
            raise Refusal(404, f"There is no S3 object {key!r} in this workspace's storage.")
        rows = self._database.rows(
            "SELECT content_type, content_disposition FROM object WHERE storage = ? AND key = ?",
            storage,
            _normal(key),
        )
        content_type, disposition = rows[0] if rows else (None, None)
        guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return StoredObject(file, facts.st_size, facts.st_mtime, content_type or guessed, disposition)

    @contextmanager
    def upload(
        self, storage: str, key: str, content_type: str | None, content_disposition: str | None
    ) -> Iterator[BinaryIO]:
        """A file to write the object into: it takes the object's place when the block ends, or never."""
        target = self._file(storage, key)
        self._uploads.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._uploads)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
            self._publish(Path(name), target, key)
        finally:
            Path(name).unlink(missing_ok=True)  # not there once published
        self._database.changed(
            "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?)",
            storage,
            _normal(key),
            content_type,
            content_disposition,
        )

    def delete(self, storage: str, key: str) -> None:
        """Remove an object; 404 where there is none."""
        file = self.stat(storage, key).file
        file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it is not empty, or another call has just removed it
            for directory in file.parents:  # an empty one would be in the way of an object of its name
                if directory == self._root:
                    break
                directory.rmdir()
        self._database.changed("DELETE FROM object WHERE storage = ? AND key = ?", storage, _normal(key))

    def move(self, storage: str, key: str, new_key: str) -> None:
        """Give an object another key, over what is there; 404 where there is none.

        The directory it leaves stays even if it is empty: people watch it for files.
        """
        file = self.stat(storage, key).file
        self._publish(file, self._file(storage, new_key), new_key)
        self._database.changed(
            "UPDATE OR REPLACE object SET key = ? WHERE storage = ? AND key = ?",
            _normal(new_key),
            storage,
            _normal(key),
        )

    def keys(self, storage: str, prefix: str, after: str, limit: int) -> list[str]:
        """Return up to `limit` keys that begin with `prefix` and follow `after`, in S3's order."""
        root = self._root / _storage(storage)
        found = (file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())
        wanted = sorted(key for key in found if key.startswith(prefix) and key > after)
        return list(itertools.islice(wanted, limit))

    def sign(self, storage: str, key: str, expiry: float = DEFAULT_EXPIRY) -> str:
        """Return the query that opens an object without a token, for `expiry` seconds (60 s to 7 days)."""
        seconds = min(max(int(expiry), SHORTEST_EXPIRY), LONGEST_EXPIRY)
        expires = int(self._clock()) + seconds
        return f"exp={expires}&sig={self._signature(storage, key, expires)}"

    def check_signature(self, storage: str, key: str, expires: str, signature: str) -> None:
        """Refuse unless `sign` made this for this object and it still holds."""
        valid = expires.isascii() and expires.isdigit() and len(expires) < _MOST_DIGITS
        if not valid or not hmac.compare_digest(
            self._signature(storage, key, int(expires)).encode(), signature.encode()
        ):
            raise Refusal(403, "The signature of this S3 URL is not valid: sign the object again.")
        if int(expires) < self._clock():
            raise Refusal(403, "This S3 URL has expired: sign the object again.")

    def _signature(self, storage: str, key: str, expires: int) -> str:
        text = f"{storage}\n{_normal(key)}\n{expires}"
        return hmac.new(self._signing_key, text.encode(), hashlib.sha256).hexdigest()

    def _file(self, storage: str, key: str) -> Path:
        root = self._root / _storage(storage)
        file = root / _normal(key)
        if not file.resolve().is_relative_to(root.resolve()):
            raise Refusal(400, f"S3 key {key!r} leads out of the storage: use a key below it.")
        return file

    @staticmethod
    def _publish(upload: Path, target: Path, key: str) -> None:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            upload.replace(target)
        except OSError as error:
            raise Refusal(
                400,
                f"S3 key {key!r} cannot be stored as a file ({error.strerror}): `mill` keeps objects as "
                "files, so no key may lie below another and no part may be longer than 255 bytes.",
            ) from error


def put_file(state: Path, key: str, file: Path) -> None:
    """Copy a local file to a key of the default storage, as if uploaded now. Raises Refusal, OSError."""
    target = state / "objects" / DEFAULT_STORAGE / _normal(key)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(file, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _normal(key: str) -> str:
    parts = [part for part in key.split("/") if part]
    forbidden = any(part in {".", ".."} or not _FORBIDDEN.isdisjoint(part) for part in parts)
    if not parts or forbidden or len(key.encode(errors="surrogatepass")) > _LONGEST_KEY:
        raise Refusal(
            400, f"{key[:200]!r} is not an S3 key for `mill`: use names joined by /, without . and .."
        )
    return "/".join(parts)


def _storage(name: str) -> str:
    if not name.replace("-", "").replace("_", "").isalnum():
        raise Refusal(400, f"{name[:200]!r} is not a storage name: use letters, digits, - and _.")
    return name
