"""The shared store in Postgres: a connection per thread, statements written for `f.store.store`."""

# ruff: noqa: D102 - Store says what its methods are for

from __future__ import annotations

import functools
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg  # pin: psycopg[binary]

from f.connect.errors import FixSettings, TryLater
from f.connect.redact import mask_text
from f.store.store import BUSY_SECONDS, Row, Store, Values

_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_CLOCK_CHECK_SECONDS = 60.0
_DDL_LOCK = 0x6D696C6C  # any number that only we use: CREATE TABLE IF NOT EXISTS races without a lock


class PostgresStore(Store):
    """Works behind a transaction-pooling proxy: no session state, no prepared statements."""

    def __init__(self, where: str | Mapping[str, Any]) -> None:
        super().__init__()
        self._conninfo = where if isinstance(where, str) else conninfo(where)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[psycopg.Connection[Row]] = []
        self._clock_offset, self._clock_checked = 0.0, float("-inf")

    def __repr__(self) -> str:
        return "postgres_store(...)"

    def now(self) -> float:
        """Return the database's time, so that workers whose clocks differ agree; asked once a minute."""
        if time.monotonic() - self._clock_checked > _CLOCK_CHECK_SECONDS:
            before = time.time()
            theirs = float(self.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())")[0][0])
            self._clock_offset = theirs - (before + time.time()) / 2
            self._clock_checked = time.monotonic()
        return time.time() + self._clock_offset

    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        with self._connected() as connection:
            cursor = connection.execute(translate(sql), values)
            return cursor.fetchall() if cursor.description else []

    def execute_many(self, sql: str, rows: Iterable[Values]) -> None:
        with self._connected() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(translate(sql), rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._connected() as connection, connection.transaction():
            yield

    def create(self, table: str, *, durable: bool = True) -> None:
        kind = "CREATE TABLE" if durable else "CREATE UNLOGGED TABLE"
        with self.transaction():
            self.execute("SELECT pg_advisory_xact_lock(:number)", {"number": _DDL_LOCK})
            self.execute(table.replace("CREATE TABLE", kind, 1))

    def columns(self, table: str) -> list[str]:
        sql = """SELECT column_name FROM information_schema.columns
            WHERE table_name = :name AND table_schema = current_schema() ORDER BY ordinal_position"""
        return [str(name) for (name,) in self.execute(sql, {"name": table})]

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Row]]:
        try:
            yield self._own()
        except psycopg.OperationalError as error:
            lines = mask_text(str(error)).strip().splitlines() or [type(error).__name__]
            raise TryLater(f"The state database cannot be used: {lines[0]}.", code="store") from error

    def _own(self) -> psycopg.Connection[Row]:
        mine = getattr(self._local, "connection", None)
        if mine is not None and not mine.closed and self._local.pid == os.getpid():
            connection: psycopg.Connection[Row] = mine
            return connection
        connection = psycopg.connect(
            self._conninfo,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=int(BUSY_SECONDS),
            application_name="millwright",
        )
        self._local.connection, self._local.pid = connection, os.getpid()
        with self._lock:
            self._connections = [each for each in self._connections if not each.closed]
            self._connections.append(connection)
        return connection


def conninfo(resource: Mapping[str, Any]) -> str:
    """Turn the value of a Windmill `postgresql` resource into a connection string."""
    known = {
        name: resource[name]
        for name in ("host", "port", "user", "password", "dbname", "sslmode")
        if resource.get(name)
    }
    if "host" not in known or "dbname" not in known:
        raise FixSettings("The postgresql resource needs at least host and dbname.", code="bad_settings")
    return psycopg.conninfo.make_conninfo("", **known)


@functools.cache
def translate(sql: str) -> str:
    """Turn `:name` into psycopg's `%(name)s`."""
    return _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%"))
