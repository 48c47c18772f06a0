"""Where the jobs of a workspace remember: in a Postgres, in a SQLite file of this machine, or in memory.

A store has a purpose and is shared by every job that opens it. A SQLite file in the home directory serves
the jobs of one machine. Several workers need one Postgres between them: give every script the same
`postgresql` resource.
"""

# ruff: noqa: D102, ERA001 - Store says what its methods are for; the list below is for Windmill

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# psycopg[binary]

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.errors import FixSettings, TryLater
from f.store.store import BUSY_SECONDS, Row, Store, Values

if TYPE_CHECKING:
    from sqlite3 import Connection

_FOLDER = ".millwright"


class postgresql(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A Postgres database, as Windmill's own resource type has it."""

    host: str
    port: int
    user: str
    password: str
    dbname: str
    sslmode: str


def open_store(database: Mapping[str, object] | None, purpose: str, *, durable: bool = False) -> Store:
    """Return this database, else this machine's file for the purpose, such as `imports`.

    `durable`: what is committed to the file outlives a power cut, as it does in a database.
    """
    if database:
        return postgres_store(database)
    return sqlite_store(folder() / f"{purpose}.sqlite", durable=durable)


def folder() -> Path:
    """Return where this machine's files lie."""
    return Path.home() / _FOLDER


def memory_store() -> Store:
    """Return a store that lives and dies with this process."""
    return SqliteStore(None)


def sqlite_store(path: str | os.PathLike[str], *, durable: bool = False) -> Store:
    """Return a SQLite file, shared by the processes of this machine; made with mode 0600 if it is missing.

    `durable`: what is committed outlives a power cut, not only a crash; slower.
    """
    return SqliteStore(Path(path), durable=durable)


def postgres_store(where: str | Mapping[str, Any]) -> Store:
    """Return a Postgres: by its connection string, or by the value of a Windmill `postgresql` resource."""
    from f.store.postgres_store import PostgresStore  # noqa: PLC0415 - psycopg costs 120 ms and is seldom used

    return PostgresStore(where)


class SqliteStore(Store):
    """SQLite in WAL mode with a connection per thread; without a path, one connection in memory."""

    def __init__(
        self, path: Path | None, *, durable: bool = False, clock: Callable[[], float] | None = None
    ) -> None:
        super().__init__()
        self.in_memory = path is None
        self._path, self._durable, self._clock = path, durable, clock or time.time
        self._ticks = clock or (time.monotonic if path is None else time.time)
        self._lock = threading.RLock()
        self._local = threading.local()
        self._connections: list[Connection] = []

    def __repr__(self) -> str:
        return f"sqlite_store({str(self._path)!r})" if self._path else "memory_store()"

    def now(self) -> float:
        return self._clock()

    def ticks(self) -> float:
        return self._ticks()

    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        with self._connected() as connection:
            return connection.execute(sql, values or {}).fetchall()

    def execute_many(self, sql: str, rows: Iterable[Values]) -> None:
        with self.transaction(), self._connected() as connection:
            connection.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._connected() as connection:
            if connection.in_transaction:  # the outer block decides
                yield
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def create(self, table: str, *, durable: bool = True) -> None:
        del durable
        self.execute(table)

    def columns(self, table: str) -> list[str]:
        sql = "SELECT name FROM pragma_table_info(:name) ORDER BY cid"
        return [str(name) for (name,) in self.execute(sql, {"name": table})]

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        import sqlite3  # noqa: PLC0415 - most jobs keep their state in memory and never open a database

        try:
            if self._path is not None:
                yield self._own(sqlite3)
            else:
                with self._lock:  # one connection is one transaction, so threads take turns
                    yield self._connections[0] if self._connections else self._open(sqlite3, ":memory:")
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise TryLater(
                    f"The state file {self._path} stayed locked for {BUSY_SECONDS:.0f} s.",
                    code="store_locked",
                ) from error
            if "unable to open" in str(error) or "readonly" in str(error):
                raise FixSettings(
                    f"The state file {self._path} cannot be opened for writing.", code="store"
                ) from error
            raise

    def _own(self, sqlite3: ModuleType) -> Connection:
        connection: Connection | None = getattr(self._local, "connection", None)
        if connection is None or self._local.pid != os.getpid():  # a connection must not cross a fork
            assert self._path is not None
            if not self._path.exists():
                _make(sqlite3, self._path)
            connection = self._local.connection = self._open(sqlite3, str(self._path))
            self._local.pid = os.getpid()
        return connection

    def _open(self, sqlite3: ModuleType, target: str) -> Connection:
        connection: Connection = sqlite3.connect(
            target, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        if self._path is not None:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        with self._lock:
            self._connections.append(connection)
        return connection


def _make(sqlite3: ModuleType, path: Path) -> None:
    """Put the file there ready made, or leave the one that is there by now.

    Several processes that switch a new file to WAL are in each other's way, and SQLite waits for none then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(draft)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
