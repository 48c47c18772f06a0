"""Data tables: SQL that jobs run at once on a database of the workspace, as `wmill.datatable` asks for it.

A table whose Postgres is named (MILL_DATA_TABLE_MAIN for `main`) behaves as on Windmill. Any other is a
SQLite file of the local state: what SQLite knows of Postgres's SQL runs, and the rest is refused by name.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mill.errors import MillError

if TYPE_CHECKING:
    import psycopg

SETTING = "MILL_DATA_TABLE_"
_ADDRESS = "datatable://"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ARGUMENT = re.compile(r"--\s*\$(\d+)\s+(\w+)\s*(?:\(([^)]*)\))?")
_COLLECTION = re.compile(r"--\s*result_collection\s*=\s*(\w+)")
_SEARCH_PATH = re.compile(r'SET\s+search_path\s+TO\s+"?(\w+)"?', re.IGNORECASE)
_CREATE_SCHEMA = re.compile(r"CREATE\s+SCHEMA\b", re.IGNORECASE)
_TRANSACTION = re.compile(r"(BEGIN|COMMIT|ROLLBACK)\b", re.IGNORECASE)
_CAST = re.compile(r"::\s*\w+(?:\s*\(\d+\))?")
# What ends each kind of text in which a `;` or a `$1` is only a character.
_QUOTED = {"'": "'", '"': '"', "--": "\n", "/*": "*/"}
_OPENING = re.compile(r"""\$(?:[A-Za-z_]\w*)?\$|'|"|--|/\*""")

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Script:
    """A text as Windmill reads it: its statements, which arguments they number, and what it returns."""

    statements: list[str]
    arguments: Mapping[int, tuple[str, str]]  # by number: name, and type in lower case
    collection: str


class DataTables:
    """All of a workspace. `servers`: the connection string of each that lies in a Postgres, by name."""

    def __init__(self, folder: Path, servers: Mapping[str, str]) -> None:
        self._folder, self._servers = folder, dict(servers)
        self._lock = threading.Lock()
        self._tables: dict[str, _Table] = {}

    @property
    def are_real(self) -> bool:
        """Whether jobs may keep their own state in `main`: only a Postgres does all that takes."""
        return "main" in self._servers

    def run(self, content: str, args: Mapping[str, Any]) -> Any:
        """Run a text and return what its `result_collection` names; MillError if it fails."""
        database = args.get("database")
        if not isinstance(database, str) or not database.startswith(_ADDRESS):
            raise MillError("`mill` runs SQL on data tables only: database must be datatable://<name>.")
        name = database.removeprefix(_ADDRESS)
        if not _NAME.fullmatch(name):
            raise MillError(f"Data table '{name}' not found.")
        script = read_script(content)
        return _collected(script.collection, self._table(name).run(script, args))

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for table in self._tables.values():
                table.close()
            self._tables.clear()

    def _table(self, name: str) -> _Table:
        with self._lock:
            if name not in self._tables:
                server = self._servers.get(name)
                self._tables[name] = (
                    _PostgresTable(name, server) if server else _SqliteTable(self._folder, name)
                )
            return self._tables[name]


def servers_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the connection strings that the environment names, by the data table's name."""
    return {
        key.removeprefix(SETTING).lower(): value
        for key, value in environment.items()
        if key.startswith(SETTING) and value
    }


class _Table(Protocol):
    """One data table."""

    def run(self, script: Script, args: Mapping[str, Any]) -> list[Rows]:
        """Run the statements one after the other on one connection; return the rows of each."""

    def close(self) -> None:
        """Close every connection."""


class _PostgresTable:
    """In a Postgres. As on a worker, a connection that is free is used again, in the state it was left in."""

    def __init__(self, name: str, conninfo: str) -> None:
        self._name, self._conninfo = name, conninfo
        self._free: list[psycopg.Connection[dict[str, Any]]] = []
        self._lock = threading.Lock()

    def run(self, script: Script, args: Mapping[str, Any]) -> list[Rows]:
        import psycopg  # noqa: PLC0415 - 130 ms at the start of every run, and few have a Postgres

        try:
            with self._connection() as connection, closing(psycopg.RawCursor(connection)) as cursor:
                return [self._rows(cursor, statement, script, args) for statement in script.statements]
        except psycopg.Error as error:
            said = error.diag.message_primary or str(error).strip()
            raise MillError(f"ExecutionErr: db error: {error.diag.severity or 'ERROR'}: {said}") from error

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        with self._lock:
            connection = self._free.pop() if self._free else None
        if connection is None or connection.closed:
            connection = self._connect()
        try:
            yield connection
        finally:
            with self._lock:
                self._free.append(connection)

    def _connect(self) -> psycopg.Connection[Any]:
        import psycopg  # noqa: PLC0415 - as in run

        try:
            return psycopg.connect(
                self._conninfo, autocommit=True, prepare_threshold=None, connect_timeout=10
            )
        except psycopg.Error as error:  # its words may quote the password
            raise MillError(
                f"The Postgres of the data table {self._name} was not reached ({type(error).__name__}). "
                f"Check {SETTING}{self._name.upper()}: postgresql://user:password@host:5432/dbname."
            ) from None

    def _rows(
        self, cursor: psycopg.RawCursor[Any], statement: str, script: Script, args: Mapping[str, Any]
    ) -> Rows:
        text, numbers = _numbered(statement, lambda at: f"${at}")
        values = [_to_postgres(*script.arguments.get(number, ("", "")), args) for number in numbers]
        cursor.execute(text, values or None)
        if cursor.description is None:
            return []
        names = [column.name for column in cursor.description]
        return [
            {name: _to_json(value) for name, value in zip(names, row, strict=True)}
            for row in cursor.fetchall()
        ]

    def close(self) -> None:
        with self._lock:
            for connection in self._free:
                connection.close()
            self._free.clear()


class _SqliteTable:
    """In SQLite, a file for each schema."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._lock = threading.Lock()
        self._connections: dict[str, sqlite3.Connection] = {}

    def run(self, script: Script, args: Mapping[str, Any]) -> list[Rows]:
        schema = "public"
        results: list[Rows] = []
        with self._lock:
            for statement in script.statements:
                if found := _SEARCH_PATH.fullmatch(statement):
                    schema = found[1]
                    results.append([])
                else:
                    results.append(self._rows(self._connection(schema), statement, script, args))
        return results

    def _rows(
        self, connection: sqlite3.Connection, statement: str, script: Script, args: Mapping[str, Any]
    ) -> Rows:
        if _CREATE_SCHEMA.match(statement):
            return []  # its file is made when something is put there
        if _TRANSACTION.match(statement) and statement[0] in "RrCc" and not connection.in_transaction:
            return []  # Postgres only warns
        without_casts = "".join(
            _CAST.sub("", piece) if is_code else piece for piece, is_code in _pieces(statement)
        )
        text, numbers = _numbered(without_casts, lambda at: f"?{at}")
        values = [_to_sqlite(args.get(script.arguments.get(number, ("", ""))[0])) for number in numbers]
        try:
            cursor = connection.execute(text, values)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except sqlite3.Error as error:
            raise MillError(
                f"ExecutionErr: db error: ERROR: {error}. `mill` keeps the data table {self._name} in "
                "SQLite, which knows less than Postgres. "
                f"{SETTING}{self._name.upper()}=postgresql://... names a Postgres for it."
            ) from error

    def _connection(self, schema: str) -> sqlite3.Connection:
        if schema not in self._connections:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._folder / f"{self._name}.{schema}.sqlite"
            file.touch(mode=0o600)
            connection = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.create_function("now", 0, lambda: datetime.now(UTC).isoformat(" "))
            self._connections[schema] = connection
        return self._connections[schema]

    def close(self) -> None:
        with self._lock:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()


def read_script(content: str) -> Script:
    """Read a text: the annotations on its first lines, and its statements."""
    arguments: dict[int, tuple[str, str]] = {}
    collection = "last_statement_all_rows"
    for line in content.splitlines():
        if not line.lstrip().startswith("--"):
            break
        if found := _ARGUMENT.match(line.lstrip()):
            arguments[int(found[1])] = found[2], (found[3] or "text").lower()
        elif found := _COLLECTION.match(line.lstrip()):
            collection = found[1]
    return Script(_statements(content), arguments, collection)


def _statements(content: str) -> list[str]:
    """Return what stands between semicolons, without comments; a `;` in quotes separates nothing."""
    statements, current = [], ""
    for piece, is_code in _pieces(content):
        if not is_code:
            current += "" if piece.startswith(("--", "/*")) else piece
            continue
        first, *others = piece.split(";")
        current += first
        for other in others:
            statements.append(current.strip())
            current = other
    return [statement for statement in (*statements, current.strip()) if statement]


def _numbered(statement: str, mark: Callable[[int], str]) -> tuple[str, list[int]]:
    """Number the placeholders anew from 1, and return which numbers they had."""
    numbers: list[int] = []

    def renumber(found: re.Match[str]) -> str:
        number = int(found[1])
        if number not in numbers:
            numbers.append(number)
        return mark(numbers.index(number) + 1)

    text = "".join(
        re.sub(r"\$(\d+)", renumber, piece) if is_code else piece for piece, is_code in _pieces(statement)
    )
    return text, numbers


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the text in pieces, each with whether it is code, or else quoted or a comment."""
    begin = 0
    while opened := _OPENING.search(text, begin):
        yield text[begin : opened.start()], True
        ending = _QUOTED.get(opened[0], opened[0])  # what begins with $tag$ ends with it
        end = text.find(ending, opened.end())
        begin = len(text) if end < 0 else end + len(ending)
        yield text[opened.start() : begin], False
    yield text[begin:], True


def _collected(collection: str, results: Sequence[Rows]) -> Any:
    """Return what a `result_collection` names of the rows of each statement."""
    which, _, what = collection.partition("_statement")
    what = what.lstrip("s").lstrip("_")
    if which not in {"last", "all"} or what.removesuffix("_scalar") not in {"all_rows", "first_row"}:
        raise MillError(f"`mill` does not know result_collection={collection}.")
    chosen: list[Any] = []
    for rows in results[-1:] if which == "last" else results:
        cells = [next(iter(row.values()), None) for row in rows] if what.endswith("_scalar") else rows
        chosen.append(cells if what.startswith("all_rows") else next(iter(cells), None))
    return chosen if which == "all" else (chosen[0] if chosen else [])


def _to_postgres(name: str, kind: str, args: Mapping[str, Any]) -> Any:
    value = args.get(name)
    if isinstance(value, dict | list) and kind in {"json", "jsonb"}:
        return json.dumps(value)  # of no type yet: the statement says whether json or jsonb is meant
    return str(value) if kind in {"text", "varchar"} and isinstance(value, int | float) else value


def _to_sqlite(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _to_json(value: Any) -> Any:
    """Return a cell as Windmill does: what JSON has no type for is text."""
    if value is None or isinstance(value, bool | int | float | str | dict | list):
        return value
    if isinstance(value, bytes | memoryview):
        return f"\\x{bytes(value).hex()}"
    return str(value)
