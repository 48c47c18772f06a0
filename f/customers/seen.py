"""Which keys a file has shown so far, with memory that does not grow with the file."""

import sqlite3
from types import TracebackType
from typing import Self


class SeenKeys:
    """An exact set of text keys, each with the line it first stood on.

    It lies in a private temporary SQLite database: in memory up to `cache_bytes`, on disk beyond.
    """

    def __init__(self, cache_bytes: int = 16 << 20) -> None:
        # An empty name is SQLite's own temporary file, deleted with the connection
        # (https://www.sqlite.org/inmemorydb.html, "temporary databases").
        self._database = sqlite3.connect("", isolation_level=None)
        for pragma in (f"cache_size = -{cache_bytes // 1024}", "journal_mode = OFF", "synchronous = OFF"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute(
            "CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def first_line(self, key: str, line: int) -> int | None:
        """Remember the key; the line it stood on before, or None where it is new."""
        new = self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line)).rowcount
        if new:
            return None
        found = self._database.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()
        return int(found[0])
