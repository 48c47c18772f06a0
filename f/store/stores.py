"""Where the jobs of a workspace remember: in a Postgres, in a SQLite file of this machine, or in memory.

A store has a purpose and is shared by every job that opens it. Several workers need one Postgres between
them: the data table of the workspace, which every job finds by itself, or the `postgresql` resource that
every script is given. A SQLite file in the home directory serves the jobs of one machine.
"""

# ruff: noqa: D102 - Store says what its methods are for; the list below is for Windmill

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# certifi==2026.10.18
# charset-normalizer==3.5.2
# idna==3.20
# psycopg[binary]==3.3.9
# psycopg-binary==3.3.9
# requests==2.34.2
# typing-extensions==4.16.0
# urllib3==2.8.0

from __future__ import annotations

import os
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from f.connect.errors import ConnectError, FixInput, FixSettings, TryLater
from f.store.store import BUSY_SECONDS, Row, Statement, Store, Values
from f.windmill.connection import offers_data_tables

if TYPE_CHECKING:
    from sqlite3 import Connection

_FOLDER = ".millwright"
# Pages in the write-ahead log, 16 MB, before they go into the database: a block of rows under hashes touches
# thousands, and those that the next block touches too are then written there once for both. SQLite's own
# 1,000 fill within one block of an import, which then took half as long again.
_LOG_PAGES = 4_000
_TABLE_MARK = "data_table"  # is there once jobs of this machine have used the workspace's data table


def open_store(database: Mapping[str, object] | None, purpose: str, *, durable: bool = False) -> Store:
    """Return this database, else the workspace's data table, else this machine's file for the purpose.

    A purpose is such as `imports`. `durable`: what is committed to the file outlives a power cut, as it does
    in a database.
    """
    if database:
        return postgres_store(database)
    mark = folder() / _TABLE_MARK
    store = data_table_store()
    if store is not None:
        with suppress(OSError):
            if not mark.exists():
                _make_folder()
                mark.touch()
        return store
    if offers_data_tables() and mark.exists():
        raise FixSettings(
            "What jobs remember was kept in the workspace's data table before, and there is none any more. "
            f"Make it again. To begin anew, with no memory of what was sent, remove {mark}.",
            code="store",
        )
    _make_folder()
    return sqlite_store(folder() / f"{purpose}.sqlite", durable=durable)


@contextmanager
def open_every_store(database: Mapping[str, object] | None) -> Iterator[dict[str, Store]]:
    """Yield all that jobs remember, by purpose, for reports: nothing is changed in it.

    Where jobs share one database it is that alone, under the name ""; else the files of this machine, which
    are opened to be read only and may be none.
    """
    shared = postgres_store(database) if database else data_table_store()
    if shared is not None:
        with shared:
            yield {"": shared}
        return
    with ExitStack() as stack:
        files = sorted(folder().glob("*.sqlite"))
        yield {path.stem: stack.enter_context(_ReadOnlyStore(path)) for path in files}


def folder() -> Path:
    """Return where this machine's files lie."""
    return Path.home() / _FOLDER


def _make_folder() -> None:
    path = folder()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise FixSettings(
            f"What jobs remember cannot be kept in {path} ({error.strerror}). Give a postgresql resource.",
            code="store",
        ) from error


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
    from f.store.postgres_store import PostgresStore  # psycopg costs 120 ms and is seldom used

    return PostgresStore(where)


def data_table_store() -> Store | None:
    """Return the workspace's data table; None if it has none, or this is no job. See `workspace_store`."""
    if not offers_data_tables():
        return None
    from f.store.data_table_store import workspace_store  # a module less for all others

    return workspace_store()


@dataclass(frozen=True, slots=True)
class _Own:
    """A connection, and the process whose it is. `busy` is held while a statement runs."""

    connection: Connection
    pid: int = field(default_factory=os.getpid)
    busy: threading.RLock = field(default_factory=threading.RLock)  # a signal may come in between

    def close(self) -> None:
        """Wait for its statement to end: closed beneath one, a connection takes the process with it."""
        with self.busy if self.pid == os.getpid() else nullcontext():  # after a fork, who held it is not here
            self.connection.close()


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
        self._connections: list[_Own] = []
        # A store may be dropped as it is; Python 3.13 warns of a connection that nobody has closed.
        weakref.finalize(self, _close_own, self._connections, os.getpid()).atexit = False

    def __repr__(self) -> str:
        return f"sqlite_store({str(self._path)!r})" if self._path else "memory_store()"

    def now(self) -> float:
        return self._clock()

    def ticks(self) -> float:
        return self._ticks()

    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        with self._connected() as connection, _storable():
            return connection.execute(_translated(sql), values or {}).fetchall()

    def together(self, statements: Sequence[Statement]) -> list[list[Row]]:
        with self._connected() as connection, _storable():
            connection.execute("BEGIN IMMEDIATE")
            try:
                rows = [connection.execute(_translated(sql), values).fetchall() for sql, values in statements]
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise
            return rows

    def create(self, table: str, *, durable: bool = True, written_twice: bool = False) -> None:
        del durable, written_twice
        self.execute(table)

    def columns(self, table: str) -> list[str]:
        sql = "SELECT name FROM pragma_table_info(:name) ORDER BY cid"
        return [str(name) for (name,) in self.execute(sql, {"name": table})]

    def close(self) -> None:
        with self._lock:
            for own in self._connections:
                own.close()
            self._connections.clear()
            self._local = threading.local()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        import sqlite3  # most jobs keep their state in memory and never open a database

        try:
            if self._path is not None:
                own = self._own(sqlite3)
                with own.busy:
                    yield own.connection
            else:
                with self._lock:  # one connection is one transaction, so threads take turns
                    own = self._connections[0] if self._connections else self._open(sqlite3, ":memory:")
                    yield own.connection
        except sqlite3.Error as error:
            raise _named(self._path, str(error)) from error

    def _own(self, sqlite3: ModuleType) -> _Own:
        own: _Own | None = getattr(self._local, "own", None)
        if own is None or own.pid != os.getpid():  # a connection must not cross a fork
            assert self._path is not None
            try:
                if not self._path.exists():
                    _make(sqlite3, self._path)
            except OSError as error:
                raise _named(self._path, error.strerror or type(error).__name__) from error
            own = self._local.own = self._open(sqlite3, str(self._path))
        return own

    def _open(self, sqlite3: ModuleType, target: str) -> _Own:
        connection: Connection = sqlite3.connect(
            target, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            if self._path is not None:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
                connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        except BaseException:
            connection.close()
            raise
        own = _Own(connection)
        with self._lock:
            self._connections.append(own)
        return own


class _ReadOnlyStore(SqliteStore):
    """A file that another part of the code writes to."""

    def _open(self, sqlite3: ModuleType, target: str) -> _Own:
        own = super()._open(sqlite3, target)
        own.connection.execute("PRAGMA query_only = ON")
        return own


def _close_own(connections: list[_Own], pid: int) -> None:
    """Close them in the process they belong to: a connection must not cross a fork."""
    if pid == os.getpid():
        for own in connections:
            own.connection.close()


def _translated(sql: str) -> str:
    keys = sql.replace("each_key(:rows)", "(SELECT j.value ->> 0 FROM each_row(:rows) AS j)")
    return keys.replace("each_row(", "json_each(")


def _roll_back(connection: Connection) -> None:
    """SQLite may have done it by itself, as on a full disk: then what failed is to be told, not this."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


# What SQLite and the operating system say, what that is, and what to do about it.
_LOCKED = ("locked", "busy")
_FULL = ("disk is full", "no space left", "quota exceeded")
_UNREADABLE = ("not a database", "malformed", "corrupt", "unsupported file format")
_UNWRITABLE = (
    "unable to open", "readonly", "permission denied", "read-only", "not a directory", "is a directory",
    "file exists", "operation not permitted", "access permission", "file name too long",
)  # fmt: skip
_FOREIGN = ("no such", "has no column", "already exists", "mismatch", "constraint failed")


def _named(path: Path | None, says: str) -> ConnectError:
    """Name what went wrong with a state file by what to do about it."""
    file = f"The state file {path}" if path else "The state in memory"
    said = says.lower()

    def is_about(words: tuple[str, ...]) -> bool:
        return any(word in said for word in words)

    if is_about(_LOCKED):
        return TryLater(f"{file} stayed locked for {BUSY_SECONDS:.0f} s.", code="store_locked")
    if is_about(_FULL):
        return TryLater(f"{file} cannot grow: the disk is full. Free space, then run again.", code="store")
    if is_about(_UNREADABLE):
        return FixSettings(
            f"{file} is damaged or not a SQLite database. Put a copy of it from before in its place. Without "
            "one, move it away: a new one is made, which does not know what was sent before.",
            code="store",
        )
    if is_about(_UNWRITABLE):
        return FixSettings(
            f"{file} cannot be opened for writing ({says}). Check its path, and who may write there.",
            code="store",
        )
    if is_about(_FOREIGN):
        return FixSettings(
            f"{file} was written by something else, or by another version ({says}). Move it away, or give "
            "the version that wrote it.",
            code="store",
        )
    return TryLater(
        f"{file} cannot be used ({says}). Check the disk it lies on, then run again.", code="store"
    )


@contextmanager
def _storable() -> Iterator[None]:
    """Name a value that no store can keep."""
    try:
        yield
    except (UnicodeEncodeError, OverflowError) as error:
        kind = "half of a surrogate pair" if isinstance(error, UnicodeEncodeError) else "a number too large"
        raise FixInput(f"A value cannot be kept in the state: it holds {kind}.", code="bad_value") from error


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
