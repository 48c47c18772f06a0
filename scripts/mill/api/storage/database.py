"""The one SQLite file of a state directory: what jobs set, and what is known of S3 objects."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mill.errors import MillError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS variable (
    path TEXT PRIMARY KEY, value TEXT NOT NULL, is_secret INTEGER NOT NULL, description TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS resource (
    path TEXT PRIMARY KEY, value TEXT NOT NULL, resource_type TEXT NOT NULL, description TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS object (
    storage TEXT, key TEXT, content_type TEXT, content_disposition TEXT, PRIMARY KEY (storage, key)
) WITHOUT ROWID;
"""


class Database:
    """One connection, used by any thread, one statement at a time; several `mill` may share the file."""

    def __init__(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)  # it holds the values of secret variables
            self._connection = sqlite3.connect(
                file, timeout=10, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise MillError(
                f"Cannot keep local state in {file}: {error}. Give another directory with --state.",
                exit_code=3,
            ) from error
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._connection.close()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement; its rows."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def changed(self, sql: str, *values: Any) -> int:
        """Run one statement; how many rows it changed."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount
