"""Where receiver, dispatcher and handlers remember: a SQLite file, or a database of a real Postgres."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Protocol

from mill.bench.rig.postgres import MISSING, is_installed, postgres
from mill.errors import MillError

Kind = Literal["sqlite", "postgres"]
_CANNOT = 3  # the exit code where Postgres cannot run


class Books(Protocol):
    """The store of a run, read past what is under test."""

    @property
    def resource(self) -> dict[str, Any] | None:
        """What scripts get as their `database`."""

    def count(self, sql: str) -> int:
        """Return what a query counts; 0 before there are tables."""


class Sqlite:
    """The file that the scripts make for themselves."""

    resource = None

    def __init__(self, home: Path) -> None:
        self._file = home / ".millwright" / "webhooks.sqlite"

    def count(self, sql: str) -> int:
        """Read the file."""
        if not self._file.exists():
            return 0
        with contextlib.closing(sqlite3.connect(self._file, timeout=10)) as store:
            try:
                return int(store.execute(sql).fetchone()[0])
            except sqlite3.OperationalError:
                return 0


class Postgres:
    """A database of its own on this server."""

    def __init__(self, server: str) -> None:
        import psycopg  # noqa: PLC0415 - the rates, and SQLite, do without
        from psycopg.conninfo import conninfo_to_dict, make_conninfo  # noqa: PLC0415 - as above

        name = f"storm_{secrets.token_hex(4)}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        self._conninfo = make_conninfo(server, dbname=name)
        self.resource: dict[str, Any] | None = dict(conninfo_to_dict(self._conninfo))

    def count(self, sql: str) -> int:
        """Ask the database."""
        import psycopg  # noqa: PLC0415 - as above

        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            try:
                row = connection.execute(sql.encode()).fetchone()
            except psycopg.errors.UndefinedTable:
                return 0
        return int(row[0]) if row else 0


@contextlib.contextmanager
def books(kind: Kind, home: Path, server: str = "") -> Iterator[Books]:
    """Open a store; `server`: a Postgres that runs already. MillError where none can run."""
    if kind == "sqlite":
        yield Sqlite(home)
        return
    with contextlib.ExitStack() as stack:
        yield Postgres(server or stack.enter_context(_server()))


@contextlib.contextmanager
def _server() -> Iterator[str]:
    if not is_installed():
        raise MillError(f"The store is to be in Postgres, but {MISSING}", exit_code=_CANNOT)
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(postgres())
        except Exception as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise MillError(
                f"The store is to be in Postgres, which does not run here: {said}", exit_code=_CANNOT
            ) from error
        yield server
