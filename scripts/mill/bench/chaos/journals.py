"""The journals of a run: a SQLite file in the lives' home, a database of a real Postgres, or a data table."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from mill.api.server import LocalApi
from mill.bench.chaos.courses import Store
from mill.bench.rig.data_table import data_table

# In blocks, what was sent and has no outcome; a row that went out twice counts twice.
_IN_DOUBT = """SELECT (SELECT count(*) FROM import_rows WHERE state = 'sent' AND import_id = {0})
    + (SELECT coalesce(sum(CASE WHEN change = 'sent' THEN size
    WHEN change IN ('applied', 'done', 'not_applied') THEN -size ELSE 0 END), 0)
    FROM import_blocks WHERE import_id = {0})"""


class Journal(Protocol):
    """Where lives remember."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    @property
    def resource(self) -> dict[str, Any] | None:
        """What the importer gets."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What the job's environment says beside it."""

    def rows_in_doubt(self, import_id: str) -> int:
        """Return how many rows of an import are sent and not answered; 0 before there is a table."""


class SqliteJournal:
    """The file that an import makes of itself."""

    name = "sqlite"
    resource = None
    environment: Mapping[str, str] = {}

    def __init__(self, home: Path) -> None:
        self._file = home / ".millwright" / "imports.sqlite"

    def rows_in_doubt(self, import_id: str) -> int:
        """Read the file."""
        if not self._file.exists():
            return 0
        with contextlib.closing(sqlite3.connect(self._file, timeout=10)) as journal:
            try:
                return int(journal.execute(_IN_DOUBT.format("?1"), (import_id,)).fetchone()[0])
            except sqlite3.OperationalError:
                return 0


class PostgresJournal:
    """A database of its own, so that lanes do not count each other's rows."""

    name = "postgres"
    environment: Mapping[str, str] = {}

    def __init__(self, server: str, database: str, schema: str = "public") -> None:
        self._schema = schema
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}")  # our own name
        self.conninfo = make_conninfo(server, dbname=database)
        self.resource: dict[str, Any] | None = dict(conninfo_to_dict(self.conninfo))

    def rows_in_doubt(self, import_id: str) -> int:
        """Ask the database."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            connection.execute(f"SET search_path TO {self._schema}")
            try:
                in_doubt = _IN_DOUBT.format("%(import_id)s")
                row = connection.execute(in_doubt, {"import_id": import_id}).fetchone()
            except psycopg.errors.UndefinedTable:
                return 0
        return int(row[0]) if row else 0


class DataTableJournal:
    """The data table of a workspace of its own, which a life finds by itself."""

    name = "data_table"
    resource = None

    def __init__(self, database: PostgresJournal, api: LocalApi) -> None:
        self._database = database
        self.environment: Mapping[str, str] = {
            "BASE_INTERNAL_URL": api.url,
            "WM_WORKSPACE": api.workspace_id,
            "WM_TOKEN": api.token,
            "MILL": "1",
            "MILL_DATA_TABLES": "1",
        }

    def rows_in_doubt(self, import_id: str) -> int:
        """Ask the database that lies behind."""
        return self._database.rows_in_doubt(import_id)


@contextlib.contextmanager
def journals(stores: Sequence[Store], server: str, name: str, home: Path) -> Iterator[list[Journal]]:
    """Open the journals of a lane: `server` is a Postgres where any needs one, `name` its databases' own."""
    with contextlib.ExitStack() as stack:
        opened: list[Journal] = []
        for store in stores:
            if store == "sqlite":
                opened.append(SqliteJournal(home))
            elif store == "postgres":
                opened.append(PostgresJournal(server, name))
            else:
                database = PostgresJournal(server, f"{name}_table", schema="millwright")
                api = stack.enter_context(data_table(database.conninfo, home / "workspace"))
                opened.append(DataTableJournal(database, api))
        yield opened
