"""A download on its way to the disk: hashed as it comes, whole or not there at all."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Self

from f.connect.errors import FixInput
from f.connect.transport.file_sink import FileSink
from f.files.s3.content import Digests


class Spool(FileSink):
    """A sink that hashes. The file is removed at the end unless `keep` was called."""

    def __init__(self, file: Path, max_bytes: int) -> None:
        try:
            super().__init__(file, max_bytes)
        except OSError as error:
            raise FixInput(
                f"{file.name!r} cannot be written in {str(file.parent)!r} ({error.strerror}).",
                code="bad_path",
            ) from error
        self._kept = False
        self._fault: OSError | None = None
        self._md5, self._sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()

    @property
    def digests(self) -> Digests:
        """Of what came so far."""
        return Digests(self._md5.digest(), self._sha256.digest())

    def start(self) -> None:
        """Forget what an earlier attempt wrote."""
        super().start()
        self._md5, self._sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()

    def write(self, chunk: bytes, /) -> bool:
        """Write the next bytes; False if that is more than allowed, or than the disk holds."""
        self._md5.update(chunk)
        self._sha256.update(chunk)
        try:
            return super().write(chunk)
        except OSError as error:  # else it would be taken for a fault of the connection
            self._fault = error
            return False

    def refusal(self, key: str) -> FixInput:
        """Return why `write` took no more of an object."""
        if self._fault is not None:
            return FixInput(
                f"{key!r} could not be written to this machine's disk ({self._fault.strerror}). "
                "Free some space.",
                code="disk",
            )
        return FixInput(
            f"{key!r} has more than {self._max_bytes:,} bytes, the limit of this download. Raise max_mb.",
            code="too_large",
        )

    def keep(self) -> None:
        """Let the file stay."""
        self._kept = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._kept and kind is None:
            self._file.close()
            return
        super().__exit__(kind, error, trace)
