"""What a download is written to."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self


class FileSink:
    """A download that appears whole or not at all: `part` is removed at the end unless `keep_as` named it."""

    def __init__(self, part: Path, max_bytes: int) -> None:
        self._part, self._max_bytes = part, max_bytes
        self._file = part.open("wb")
        self.size = 0

    def start(self) -> None:
        """Forget what an earlier attempt wrote."""
        self._file.seek(0)
        self._file.truncate()
        self.size = 0

    def write(self, chunk: bytes, /) -> bool:
        """Write the next bytes; False if that is more than allowed."""
        self.size += len(chunk)
        if self.size > self._max_bytes:
            return False
        self._file.write(chunk)
        return True

    def keep_as(self, target: Path) -> None:
        """Give the file its name, in one step."""
        self._file.close()
        self._part.replace(target)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)
