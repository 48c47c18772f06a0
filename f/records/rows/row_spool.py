"""Rows on their way to later steps: in memory while the whole import is small, objects beyond."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from f.records.rows.row_store import StoredRows, inline_lines, object_path, to_line, write_rows
from f.windmill.objects import INLINE_BYTES

if TYPE_CHECKING:
    from f.records.rows.chunk_sizes import ChunkSizes


class RowSpool:
    """Keeps encoded records in memory up to `inline_bytes` in all, and stores every one of them beyond.

    They lie where the files of the import do, or in another `folder` of the storage.
    """

    def __init__(self, import_id: str, inline_bytes: int = INLINE_BYTES, *, folder: str = "") -> None:
        self._folder = folder or object_path(import_id, "").rstrip("/")
        self._inline_left = inline_bytes
        self._kept: list[tuple[str, list[bytes], StoredRows]] = []

    def put(self, name: str, lines: list[bytes]) -> StoredRows:
        """Take records under a name; where they end up is written into the returned `StoredRows`."""
        rows: StoredRows = {"count": len(lines)}
        self._kept.append((name, lines, rows))
        self._inline_left -= sum(map(len, lines))
        if self._inline_left < 0:
            for kept_name, kept_lines, kept in self._kept:
                kept.update(write_rows(f"{self._folder}/{kept_name}", kept_lines))
            self._kept.clear()
        return rows

    def flush(self) -> None:
        """Let what is still in memory travel inside the job's result. Call it once, at the end."""
        for _, lines, rows in self._kept:
            rows.update(inline_lines(lines))
        self._kept.clear()


class ChunkWriter:
    """Collects records until there are as many, or as many bytes, as `sizes` lets a chunk have.

    `write` gets the first and the last line, and the encoded records.
    """

    def __init__(self, sizes: ChunkSizes, write: Callable[[int, int, list[bytes]], None]) -> None:
        self._sizes = sizes
        self._write = write
        self._written = 0
        self._most = sizes.most_rows(0), sizes.most_bytes(0)
        self._lines: list[bytes] = []
        self._bytes = 0
        self._first = self._last = 0

    def add(self, record: dict[str, Any]) -> None:
        """Take one record, which has its `line`."""
        line = to_line(record)
        self._first = self._first or record["line"]
        self._last = record["line"]
        self._lines.append(line)
        self._bytes += len(line)
        most_rows, most_bytes = self._most
        if len(self._lines) >= most_rows or self._bytes >= most_bytes:
            self.close()

    def close(self) -> None:
        """Write what was collected, if anything was."""
        if self._lines:
            self._write(self._first, self._last, self._lines)
            self._lines, self._bytes, self._first = [], 0, 0
            self._written += 1
            self._most = self._sizes.most_rows(self._written), self._sizes.most_bytes(self._written)
