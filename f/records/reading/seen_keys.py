"""Which keys of a file were seen so far, with memory that does not grow with the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from types import TracebackType
from typing import Self

# Keys that are kept in memory: all of them, of most files. With a million in the database, a page of it takes
# four of these at a time; a quarter as many would be a page for each, and half as much time again.
_MOST_WAITING = 1 << 14
_BITS = 1 << 22
_SECOND = 24  # the bits of a hash by which the second mark is chosen


class SeenKeys:
    """An exact set of text keys, each with the line it first stood on.

    The newest lie in memory. The others lie in a private temporary SQLite database, which has up to
    `cache_bytes` in memory: they are written there many at a time and in its order, as one after the other
    each would cost a page of it. Marks that never miss a key spare most new ones a look there.
    """

    def __init__(self, cache_bytes: int = 4 << 20, most_waiting: int = _MOST_WAITING) -> None:
        # An empty name is SQLite's own temporary file, deleted with the connection
        # (https://www.sqlite.org/inmemorydb.html, "temporary databases").
        self._database = sqlite3.connect("", isolation_level=None)
        for pragma in (
            "page_size = 8192",
            f"cache_size = -{cache_bytes // 1024}",
            "journal_mode = OFF",
            "synchronous = OFF",
        ):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(
            "CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID"
        )
        # Never committed: outside a transaction every statement would write its pages out.
        self._database.execute("BEGIN")
        self._most_waiting = most_waiting
        self._waiting: dict[str, int] = {}
        self._marks = bytearray()  # none while nothing lies in the database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def earlier(self, keys: Sequence[tuple[str, int]]) -> dict[int, int]:
        """Remember keys with the lines they stand on, each line once and in ascending order.

        Returns line and first line of those that were there before, among `keys` or among earlier ones.
        """
        found: dict[int, int] = {}
        first_of = self._waiting.setdefault
        for key, line in keys:
            first = first_of(key, line)
            if first == line and self._marks:
                first = self._written(key, line)
            if first != line:
                found[line] = first
        if len(self._waiting) >= self._most_waiting:
            self._write()
        return found

    def _written(self, key: str, line: int) -> int:
        """Return the line of a key in the database; if it is not there, the line that it has now."""
        for mark in _marks_of(key):
            if not self._marks[mark >> 3] >> (mark & 7) & 1:
                return line
        row = self._database.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()
        if row is None:
            return line
        del self._waiting[key]
        return int(row[0])

    def _write(self) -> None:
        """Move what waits in memory into the database."""
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", sorted(self._waiting.items()))
        self._marks = self._marks or bytearray(_BITS >> 3)
        for key in self._waiting:
            for mark in _marks_of(key):
                self._marks[mark >> 3] |= 1 << (mark & 7)
        self._waiting.clear()


def _marks_of(key: str) -> tuple[int, int]:
    number = hash(key)
    return number & (_BITS - 1), number >> _SECOND & (_BITS - 1)
