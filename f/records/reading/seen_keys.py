"""Which keys of a file were seen so far, with memory that does not grow with the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from types import TracebackType
from typing import Self


class SeenKeys:
    """An exact set of text keys, each with the line it first stood on.

    It lies in a private temporary SQLite database: in memory up to `cache_bytes`, on disk beyond.
    """

    def __init__(self, cache_bytes: int = 4 << 20) -> None:
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
        changes = self._database.total_changes
        self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", keys)
        if self._database.total_changes - changes == len(keys):
            return {}
        firsts = ((line, self._first_line(key)) for key, line in keys)
        return {line: first for line, first in firsts if first != line}

    def _first_line(self, key: str) -> int:
        found = self._database.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()
        return int(found[0])
