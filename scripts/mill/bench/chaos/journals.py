"""The journals of a run: a SQLite file in the lives' home, or a database of a real Postgres."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_IN_DOUBT = "SELECT count(*) FROM import_rows WHERE state = 'sent' AND import_id = "


class Journal(Protocol):
    """Where lives remember."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    @property
    def resource(self) -> dict[str, Any] | None:
        """What the importer gets."""

    def rows_in_doubt(self, import_id: str) -> int:
        """Return how many rows of an import are sent and not answered; 0 before there is a table."""


class SqliteJournal:
    """The file that an import makes of itself."""

    name = "sqlite"
    resource = None

    def __init__(self, home: Path) -> None:
        self._file = home / ".millwright" / "imports.sqlite"

    def rows_in_doubt(self, import_id: str) -> int:
        """Read the file."""
        if not self._file.exists():
            return 0
        with contextlib.closing(sqlite3.connect(self._file, timeout=10)) as journal:
            try:
                return int(journal.execute(f"{_IN_DOUBT}?", (import_id,)).fetchone()[0])
            except sqlite3.OperationalError:
                return 0


class PostgresJournal:
    """A database of its own, so that lanes do not count each other's rows."""

    name = "postgres"

    def __init__(self, server: str, database: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}")  # our own name
        self._conninfo = make_conninfo(server, dbname=database)
        self.resource: dict[str, Any] | None = dict(conninfo_to_dict(self._conninfo))

    def rows_in_doubt(self, import_id: str) -> int:
        """Ask the database."""
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            try:
                row = connection.execute(f"{_IN_DOUBT}%s", (import_id,)).fetchone()
            except psycopg.errors.UndefinedTable:
                return 0
        return int(row[0]) if row else 0
