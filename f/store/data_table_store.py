"""The shared store in a data table of the Windmill workspace: no setting, and the same for every worker.

The worker's own server runs the SQL on the workspace's Postgres, at once and without a job, as
`wmill.datatable` asks it to. Every call is a request (10 to 15 ms) that stands alone. wmill itself is not
used, as importing it costs a job ten such requests.
https://www.windmill.dev/docs/core_concepts/persistent_storage/data_tables

The server has one connection for all jobs of its worker. So what belongs together is one statement, a call of
a function in our schema: no transaction is left open on that connection if a job dies, and no search path.

Whoever is a member of the workspace can read a data table, so what lies there tells nothing of a person and
opens nothing: hashes, ids and counts, and tokens under a seal.
"""

# extra_requirements:
# certifi==2026.10.18
# urllib3==2.8.0

# ruff: noqa: D102 - Store says what its methods are for

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import certifi
import urllib3
import urllib3.exceptions

from f.connect.errors import ConnectError, FixInput, FixSettings, TryLater
from f.connect.redact import mask_start
from f.store.store import (
    BUSY_SECONDS,
    IN_THE_WAY,
    POSTGRES_DDL_LOCK,
    DatabaseClock,
    Row,
    Statement,
    Store,
    Values,
    boot_ticks,
    postgres_blocks,
    postgres_table,
    undisturbed,
)
from f.windmill.connection import address, offers_data_tables

NAME = "main"  # Windmill's own name of a workspace's first data table
SCHEMA = "millwright"
_FUNCTION = "run_together_1"  # another body gets another number: jobs of two versions may meet
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_ANSWERS = re.compile(r"\s*SELECT\b|.*\bRETURNING\b", re.DOTALL)
_CREATED = re.compile(r"\s*CREATE (?:TABLE|INDEX) IF NOT EXISTS (\w+)")
_SERVER_OF_WORKER = re.compile(r"https?://(localhost|127\.0\.0\.1)(:|/|$)")
_TYPES: Mapping[type, str] = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE PRECISION"}
_ANSWER_SECONDS = 60.0  # longer than a block of rows takes by far; a lock is waited for BUSY_SECONDS
_CONNECTIONS = 32
# A look that took longer does not tell the time: it has opened the connection, perhaps, and the time was
# looked at after that. Twice this is how late a token of a rate limit may be used.
_LOOK_SECONDS = 0.025

_NOW = "EXTRACT(EPOCH FROM clock_timestamp())::float8"
# The time; whether our function is there; all tables and indexes, each with its columns in their order.
_CATALOG = f"""SELECT json_build_object(
    'now', {_NOW},
    'ready', (SELECT count(*) FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = '{SCHEMA}' AND p.proname = '{_FUNCTION}'),
    'tables', (SELECT coalesce(json_object_agg(found.name, found.columns), '{{}}') FROM (
        SELECT c.relname AS name,
        coalesce(json_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attnum > 0), '[]') AS columns
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
        WHERE n.nspname = '{SCHEMA}' GROUP BY c.relname) AS found))::text AS r"""  # noqa: S608 - our own names
_MAKE_SCHEMA = f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
# Each statement has a snapshot of its own, as in a transaction. In single quotes, as older servers look for
# the ends of statements inside of $$.
_MAKE_FUNCTION = f"""CREATE OR REPLACE FUNCTION {SCHEMA}.{_FUNCTION}(argument jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = {SCHEMA}, pg_temp SET lock_timeout = '{BUSY_SECONDS:.0f}s' AS '
DECLARE
    statement jsonb;
    rows jsonb;
    answers jsonb := ''[]'';
BEGIN
    FOR statement IN SELECT value FROM jsonb_array_elements(argument -> ''statements'') LOOP
        rows := ''[]'';
        IF (statement ->> 1)::boolean THEN
            EXECUTE statement ->> 0 INTO rows USING argument -> ''values'';
        ELSE
            EXECUTE statement ->> 0 USING argument -> ''values'';
        END IF;
        answers := answers || jsonb_build_array(rows);
    END LOOP;
    RETURN answers;
END'"""  # noqa: S608 - our own names
# The argument is one JSON text: in a text of its own, Windmill would replace `$var:f/a/b` by a variable.
_CALL = f"SELECT {SCHEMA}.{_FUNCTION}(CAST(CAST($1 AS text) AS jsonb)) AS r"
_MAKE_TRIES = 5
_MAKE_PAUSE = 0.2

_without: set[tuple[str, str, str]] = set()  # the jobs of this process whose workspace has none


class _Missing(FixSettings):
    """The workspace has no data table of this name, or its Windmill is of before there were any."""


class _Catalog:
    """The tables and indexes with their columns, as they were at the last look. Safe for threads.

    Whether a look has seen a change that was under way meanwhile, nobody knows: such a look is not kept.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: dict[str, list[str]] = {}
        self._under_way = 0  # changes of the tables
        self.changes = 0  # that have ended

    def columns(self, table: str) -> list[str] | None:
        """Return a table's columns; None if it was not seen, or what was seen may have changed since."""
        return self._tables.get(table)

    def keep(self, tables: dict[str, list[str]], began: int) -> None:
        """Keep what a look has found; `began`: how many changes had ended before it."""
        with self._lock:
            if not self._under_way and self.changes == began:
                self._tables = tables

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Know nothing while the tables are changed. One that has failed may have been made all the same."""
        with self._lock:
            self._under_way += 1
            self._tables = {}
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                self.changes += 1


class DataTableStore(Store):
    """One Postgres for all jobs of a workspace, asked through the worker's server."""

    spans_machines = True
    is_remote = True

    def __init__(self, url: str, workspace: str, token: str) -> None:
        super().__init__()
        inline = "run_inline" if _SERVER_OF_WORKER.match(url) else "run_wait_result"  # as wmill chooses
        self._url = f"{url}/api/w/{workspace}/jobs/{inline}/preview"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._lock = threading.Lock()
        self._pool: urllib3.PoolManager | None = None
        self._pid = 0
        self._catalog = _Catalog()
        self._clock = DatabaseClock(lambda: float(self.execute(f"SELECT {_NOW}")[0][0]))

    def __repr__(self) -> str:
        return f"data table {NAME}, schema {SCHEMA}"

    def open(self) -> bool:
        """Return whether the workspace has the data table, and have our schema and function in it."""
        try:
            is_ready = self._look()
        except _Missing:
            return False
        for left in reversed(range(_MAKE_TRIES)):
            if is_ready:
                break
            try:
                self._ask(_MAKE_SCHEMA)
                self._ask(_MAKE_FUNCTION)
            except ConnectError:  # another job may be making them just now
                if not left:
                    raise
                time.sleep(_MAKE_PAUSE)
            is_ready = self._look()
        return True

    def _look(self) -> bool:
        """Learn the time and which tables are there, and return whether our function is."""
        began, asked = self._catalog.changes, boot_ticks()
        catalog = json.loads(self._ask_one(_CATALOG))
        self._clock.hear(catalog["now"], asked, _LOOK_SECONDS)
        self._catalog.keep(catalog["tables"], began)
        return bool(catalog["ready"])

    def now(self) -> float:
        return self._clock.now()

    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        return self.together([(sql, values or {})])[0]

    def together(self, statements: Sequence[Statement]) -> list[list[Row]]:
        values: dict[str, object] = {}
        texts = [_text_of(sql, given, f"v{at}", values) for at, (sql, given) in enumerate(statements)]
        is_change = any(text.startswith(("ALTER", "DROP")) for text, _ in texts)
        with self._catalog.changing() if is_change else contextlib.nullcontext():
            answers = self._ask_one(_CALL, {"statements": texts, "values": values})
        return list(map(_rows, answers))

    def create(self, table: str, *, durable: bool = True, written_twice: bool = False) -> None:
        name = _CREATED.match(table)
        if name is not None and self._catalog.columns(name[1]) is not None:
            return
        made = postgres_table(table, durable=durable, written_twice=written_twice)
        self.together([(POSTGRES_DDL_LOCK, {}), (made, {})])
        self._look()

    def columns(self, table: str) -> list[str]:
        sql = """SELECT column_name FROM information_schema.columns
            WHERE table_name = :name AND table_schema = :schema ORDER BY ordinal_position"""
        known = self._catalog.columns(table)
        if known:
            return known
        return [str(name) for (name,) in self.execute(sql, {"name": table, "schema": SCHEMA})]

    def close(self) -> None:
        with self._lock:
            if self._pool is not None:
                self._pool.clear()
            self._pool = None

    def _ask_one(self, text: str, argument: Mapping[str, object] | None = None) -> Any:
        """Run a statement that has one row with one column, called r, and return what is in it."""
        rows = self._ask(text, argument)
        if len(rows) != 1 or "r" not in rows[0]:
            raise _unreadable()
        return rows[0]["r"]

    def _ask(self, text: str, argument: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        """Run a statement and return its rows; what went wrong becomes ours here."""
        return undisturbed(lambda: self._ask_once(text, argument))

    def _ask_once(self, text: str, argument: Mapping[str, object] | None) -> list[dict[str, Any]]:
        encoded = _request(text, argument)
        try:
            reply = self._opened().request(
                "POST",
                self._url,
                body=encoded,
                headers={"Content-Type": "application/json", **self._headers},
                timeout=urllib3.Timeout(connect=BUSY_SECONDS, read=_ANSWER_SECONDS),
                redirect=False,
                retries=False,
            )
            is_refused = reply.status >= HTTPStatus.BAD_REQUEST
            answers = None if is_refused else json.loads(reply.data)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise TryLater(
                f"The data table {NAME} was not reached ({type(error).__name__}). Try again later.",
                code="store",
            ) from error
        if is_refused:
            raise _named(reply.status, reply.data.decode("utf-8", "replace"))
        rows = answers[-1] if isinstance(answers, list) and len(answers) == len(("ROLLBACK", text)) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise _unreadable()
        return rows

    def _opened(self) -> urllib3.PoolManager:
        """A pool and no `requests`: it does more for each call, and costs a job the time to import it."""
        with self._lock:
            if self._pool is None or self._pid != os.getpid():  # a connection must not cross a fork
                self._pid = os.getpid()
                # No proxy: the worker's own server is behind none.
                self._pool = urllib3.PoolManager(maxsize=_CONNECTIONS, ca_certs=certifi.where())
            return self._pool


def _request(text: str, argument: Mapping[str, object] | None) -> bytes:
    """The body of the request that runs a statement."""
    head = "-- result_collection=all_statements_all_rows\n"
    given = ""
    if argument is not None:
        head += "-- $1 argument (TEXT)\n"
        # JSON within JSON: of a text without control characters, only these are to be escaped.
        inner = json.dumps(argument, ensure_ascii=False).replace("\\", "\\\\").replace('"', '\\"')
        given = f', "argument": "{inner}"'
    # What another job has left open on the connection ends here: else ours would be part of it.
    content = json.dumps(f"{head}ROLLBACK;\n{text};", ensure_ascii=False)
    database = json.dumps(f"datatable://{NAME}")
    body = f'{{"content": {content}, "language": "postgresql", "args": {{"database": {database}{given}}}}}'
    try:
        return body.encode()
    except UnicodeEncodeError as error:
        raise FixInput(
            "A value cannot be kept in the data table: it holds half of a surrogate pair.",
            code="bad_value",
        ) from error


def workspace_store() -> DataTableStore | None:
    """Return the store in this workspace's data table; None if it has none, or this is no job.

    Raises TryLater if the server cannot be reached, FixSettings if it has one that this job may not use: what
    other jobs keep there must not be kept elsewhere by this one.
    """
    if not offers_data_tables():
        return None
    job = (address() or "", os.environ["WM_WORKSPACE"], os.environ.get("WM_TOKEN", ""))
    if job in _without:
        return None
    store = DataTableStore(*job)
    is_there = False
    try:
        is_there = store.open()
    finally:
        if not is_there:
            store.close()
    if is_there:
        return store
    _without.add(job)
    return None


def _unreadable() -> TryLater:
    return TryLater(f"The data table {NAME} gave an answer that cannot be read.", code="store")


def _text_of(sql: str, values: Values, prefix: str, argument: dict[str, object]) -> tuple[str, bool]:
    """Return the statement as our function runs it, and whether it has rows; add its values to `argument`.

    A row comes back as the text of a JSON object, in which columns keep their order and may share a name.
    """
    kinds = []
    for name in dict.fromkeys(_PARAMETER.findall(sql)):
        value = values[name]
        kinds.append((name, "" if value is None else _TYPES.get(type(value), "TEXT")))
        if value is not None:
            argument[f"{prefix}_{name}"] = value
    return _translated(sql, tuple(kinds), prefix)


@functools.cache
def _translated(sql: str, kinds: tuple[tuple[str, str], ...], prefix: str) -> tuple[str, bool]:
    types = dict(kinds)

    def parameter(match: re.Match[str]) -> str:
        name = match[1]
        if not types[name]:
            return "NULL"
        text = f"($1 ->> '{prefix}_{name}')"
        return text if types[name] == "TEXT" else f"CAST({text} AS {types[name]})"

    text = _PARAMETER.sub(parameter, postgres_blocks(sql, "jsonb"))
    if not _ANSWERS.match(text):
        return text, False
    rows = "coalesce(jsonb_agg(row_to_json(q)::text), '[]')"
    return f"WITH q AS ({text}) SELECT {rows} FROM q", True  # noqa: S608 - `text` is ours


def _rows(texts: list[str]) -> list[Row]:
    """Read the rows of one statement, which have the same columns."""
    if not texts:
        return []
    records = json.loads(f"[{','.join(texts)}]")
    if len(records[0]) < len(_row(texts[0])):  # some share a name
        return list(map(_row, texts))
    return [tuple(record.values()) for record in records]


def _row(text: str) -> Row:
    """Read a JSON object as its values, in their order; what lies deeper stays as it is."""
    pairs: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=list)
    return tuple(value for _, value in pairs)


# What the server says, which passes on Postgres's words without its codes.
_NO_TABLE = re.compile(r"data ?table '?main'? not found", re.IGNORECASE)
_SETTINGS = {
    "permission denied": "Windmill's user has too few rights there. Grant CREATE on the database",
    "read-only transaction": "it takes no writes: it is a replica, or set to read-only",
    "does not exist": "its tables are not as this version made them. Use another data table or schema",
    "violates": "its tables are not as this version made them. Use another data table or schema",
    "already exists": "its tables are not as this version made them. Use another data table or schema",
    "has no column": "its tables are not as this version made them. Use another data table or schema",
    "syntax error": "its Postgres is too old. Version 12 or newer is needed",
    "password authentication failed": "its credentials are refused. Check its settings in the workspace",
}
_IN_THE_WAY = ("deadlock detected", "could not serialize")
_BAD_VALUE = ("out of range", "invalid input syntax", "unsupported unicode", "invalid byte sequence")


def _named(status: int, text: str) -> ConnectError:
    """Name what went wrong by what to do about it."""
    if status == 404 or _NO_TABLE.search(text):
        return _Missing(f"The workspace has no data table {NAME} any more. Make it again.", code="store")
    says, lower = mask_start(" ".join(text.split()), 300), text.lower()
    if any(words in lower for words in _BAD_VALUE):
        return FixInput(
            "A value cannot be kept in the data table: it is too large or holds a NUL.", code="bad_value"
        )
    for words, why in _SETTINGS.items():
        if words in lower and "db error" in lower:
            return FixSettings(f"The data table {NAME} cannot be used: {why} ({says}).", code="store")
    if any(words in lower for words in _IN_THE_WAY):
        return TryLater(f"Other jobs were in the way in the data table {NAME} ({says}).", code=IN_THE_WAY)
    if status in {401, 403}:
        return FixSettings(
            f"The workspace has a data table, and this job may not use it ({says}). Run it as a member who "
            "is no operator, or give a postgresql resource.",
            code="store",
        )
    return TryLater(
        f"The data table {NAME} cannot be used ({status}: {says}). Try again later.", code="store"
    )
