"""The shared store in Postgres: a connection for each user at a time, in the SQL of `f.store.store`."""

# extra_requirements:
# psycopg[binary]==3.3.9
# psycopg-binary==3.3.9
# typing-extensions==4.16.0

# ruff: noqa: D102 - Store says what its methods are for

from __future__ import annotations

import functools
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg  # pin: psycopg[binary]

from f.connect.errors import ConnectError, FixInput, FixSettings, TryLater
from f.connect.redact import mask_start, remember
from f.store.store import (
    BUSY_SECONDS,
    IN_THE_WAY,
    POSTGRES_DDL_LOCK,
    DatabaseClock,
    Row,
    Statement,
    Store,
    Values,
    postgres_blocks,
    postgres_table,
    undisturbed,
)

_CREATED = re.compile(r"\s*CREATE (?:TABLE|INDEX) IF NOT EXISTS (\w+)")
# The catalog itself, as what information_schema makes of it takes ten times as long.
_OURS = """FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    {} WHERE n.nspname = current_schema()"""
_NAMES = f"SELECT c.relname {_OURS.format('')}"
_COLUMNS = f"""SELECT a.attname {_OURS.format("JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid")}
    AND c.relname = :name AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


class PostgresStore(Store):
    """Works behind a transaction-pooling proxy: no session state, no prepared statements."""

    spans_machines = True

    def __init__(self, where: str | Mapping[str, Any]) -> None:
        super().__init__()
        self._conninfo = _read(lambda: where) if isinstance(where, str) else conninfo(where)
        self._lock = threading.Lock()
        self._connections: list[psycopg.Connection[Row]] = []
        self._idle: list[psycopg.Connection[Row]] = []
        self._pid = os.getpid()
        self._made: frozenset[str] = frozenset()  # tables and indexes that were seen to be there
        self._clock = DatabaseClock(
            lambda: float(self.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")[0][0])
        )

    def __repr__(self) -> str:
        return "postgres_store(...)"

    def now(self) -> float:
        return self._clock.now()

    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        return undisturbed(lambda: self._execute(sql, values))

    def together(self, statements: Sequence[Statement]) -> list[list[Row]]:
        return undisturbed(lambda: self._together(statements))

    def create(self, table: str, *, durable: bool = True, written_twice: bool = False) -> None:
        name = _CREATED.match(table)
        if name is not None and self._is_made(name[1]):
            return  # Postgres would first wait for all who write to the table, and end its autovacuum
        made = postgres_table(table, durable=durable, written_twice=written_twice)
        self.together([(POSTGRES_DDL_LOCK, {}), (made, {})])

    def columns(self, table: str) -> list[str]:
        return [str(name) for (name,) in self.execute(_COLUMNS, {"name": table})]

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._idle.clear()

    def _is_made(self, name: str) -> bool:
        if name not in self._made:
            self._made = frozenset(str(made) for (made,) in self.execute(_NAMES))
        return name in self._made

    def _execute(self, sql: str, values: Values | None) -> list[Row]:
        with self._connected() as connection, _storable():
            return _rows(connection.execute(translate(sql), values))

    def _together(self, statements: Sequence[Statement]) -> list[list[Row]]:
        with self._connected() as connection, connection.transaction(), _storable():
            connection.execute(limits(BUSY_SECONDS))
            return [_rows(connection.execute(translate(sql), values)) for sql, values in statements]

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Row]]:
        try:
            connection = self._taken()
            try:
                yield connection
            finally:
                self._give_back(connection)
        except psycopg.Error as error:
            raise _named(error) from error

    def _give_back(self, connection: psycopg.Connection[Row]) -> None:
        """Keep a connection for whoever is next, unless something has broken off within a transaction."""
        if connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE:
            with self._lock:
                self._idle.append(connection)
            return
        unused: list[psycopg.Connection[Row]] = []
        if connection.broken:  # what has ended it has most likely ended those that nobody uses
            with self._lock:
                unused, self._idle = self._idle, []
        for each in (connection, *unused):
            each.close()

    def _taken(self) -> psycopg.Connection[Row]:
        with self._lock:
            if self._pid != os.getpid():  # a connection must not cross a fork
                self._idle, self._pid = [], os.getpid()
            while self._idle:
                if not (idle := self._idle.pop()).closed:
                    return idle
        connection = psycopg.connect(
            self._conninfo,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=int(BUSY_SECONDS),
            application_name="millwright",
        )
        with self._lock:
            self._connections = [each for each in self._connections if not each.closed]
            self._connections.append(connection)
        return connection


# By the class of SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), or by the whole.
_SETTINGS = {
    "42501": "its user has too few rights there. Grant CREATE and USAGE on the schema, and all on its tables",
    "25006": "it takes no writes: it is a replica, or set to read-only. Name the primary",
    "28": "it refused the user or the password. Check them",
    "3D000": "there is no such database. Check dbname",
    "3F": "there is no such schema. Check the search_path of its user",
    "42": "its tables are not as this version made them. Use a database or schema of our own",
    "23": "its tables are not as this version made them. Use a database or schema of our own",
}
_LATER = {
    "53100": "its disk is full. Free space there, then run again",
    "53": "it has run out of connections or memory. Try again later",
    "57": "it is starting or shutting down, or ended the query. Try again later",
    "40": "other jobs were in the way. Try again",
}
_REFUSED_WORDS = {  # of a connection that did not come about; libpq gives no SQLSTATE then
    "password authentication failed": "28",
    "no password supplied": "28",
    "no pg_hba.conf entry": "28",
    'role "': "28",
    'database "': "3D000",
}


def _named(error: psycopg.Error) -> ConnectError:
    """Name what went wrong with the database by what to do about it."""
    if isinstance(error, psycopg.DataError):
        return FixInput(
            "A value cannot be kept in the state database: it is too long, too large or holds a NUL.",
            code="bad_value",
        )
    says = mask_start((str(error).strip().splitlines() or [type(error).__name__])[0], 300)
    state = error.sqlstate or _guessed(says)
    for length in (5, 2):
        if why := _SETTINGS.get(state[:length]):
            return FixSettings(f"The state database cannot be used: {why} ({says}).", code="store")
        if why := _LATER.get(state[:length]):
            code = IN_THE_WAY if state.startswith("40") else "store"
            return TryLater(f"The state database cannot be used: {why} ({says}).", code=code)
    return TryLater(f"The state database cannot be used: {says}. Check it, then run again.", code="store")


@contextmanager
def _storable() -> Iterator[None]:
    try:
        yield
    except UnicodeEncodeError as error:
        raise FixInput(
            "A value cannot be kept in the state database: it holds half of a surrogate pair.",
            code="bad_value",
        ) from error


def _guessed(says: str) -> str:
    if "FATAL" not in says:
        return ""
    return next((state for words, state in _REFUSED_WORDS.items() if words in says), "")


def conninfo(resource: Mapping[str, Any]) -> str:
    """Turn the value of a Windmill `postgresql` resource into a connection string."""
    known = {
        name: resource[name]
        for name in ("host", "port", "user", "password", "dbname", "sslmode")
        if resource.get(name)
    }
    if "host" not in known or "dbname" not in known:
        raise FixSettings("The postgresql resource needs at least host and dbname.", code="bad_settings")
    return _read(lambda: psycopg.conninfo.make_conninfo("", **known))


def _read(make: Callable[[], str]) -> str:
    """Return a connection string that libpq can read, and have its password masked from now on.

    What libpq says of another one is not told: it quotes it, password and all.
    """
    try:
        text = make()
        remember(str(psycopg.conninfo.conninfo_to_dict(text).get("password") or ""))
    except (psycopg.Error, ValueError, TypeError) as error:
        raise FixSettings(
            "The address of the state database cannot be read. Check host, port, dbname and sslmode; or "
            "write postgresql://user:password@host:5432/dbname.",
            code="bad_settings",
        ) from error
    return text


def limits(seconds: float) -> str:
    """Return statements that bound a transaction: in waiting for others, and if its machine dies within it.

    Without the second, everybody would wait for as long as the system keeps a dead connection: two hours.
    """
    milliseconds = round(seconds * 1000)
    return (
        f"SET LOCAL lock_timeout = {milliseconds}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {3 * milliseconds}"
    )


@functools.cache
def translate(sql: str) -> str:
    """Turn `:name` into psycopg's `%(name)s`, and blocks of rows into what Postgres makes of them."""
    return _PARAMETER.sub(r"%(\1)s", postgres_blocks(sql, "json").replace("%", "%%"))


def _rows(cursor: psycopg.Cursor[Row]) -> list[Row]:
    return cursor.fetchall() if cursor.description else []
