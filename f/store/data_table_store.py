"""The shared store in a data table of the Windmill workspace: no setting, and the same for every worker.

The worker's own server runs the SQL on the workspace's Postgres, at once and without a job, as
`wmill.datatable` asks it to. Every call is a request (10 to 15 ms) that stands alone: what belongs together
goes as one text. wmill itself is not used, as importing it costs a job ten such requests.
https://www.windmill.dev/docs/core_concepts/persistent_storage/data_tables

Whoever is a member of the workspace can read a data table, so what lies there tells nothing of a person and
opens nothing: hashes, ids and counts, and tokens under a seal.
"""

# extra_requirements:
# certifi==2026.10.18
# charset-normalizer==3.5.2
# idna==3.20
# requests==2.34.2
# urllib3==2.8.0

# ruff: noqa: D102 - Store says what its methods are for

from __future__ import annotations

import functools
import json
import os
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import requests
import requests.adapters

from f.connect.errors import ConnectError, FixInput, FixSettings, TryLater
from f.connect.redact import mask_start
from f.store.store import BUSY_SECONDS, POSTGRES_DDL_LOCK, DatabaseClock, Row, Statement, Store, Values
from f.windmill.connection import address, offers_data_tables

NAME = "main"  # Windmill's own name of a workspace's first data table
SCHEMA = "millwright"
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
_ANSWERS = re.compile(r"\s*SELECT\b|.*\bRETURNING\b", re.DOTALL)
_CREATED = re.compile(r"\s*CREATE (?:TABLE|INDEX) IF NOT EXISTS (\w+)")
_SERVER_OF_WORKER = re.compile(r"https?://(localhost|127\.0\.0\.1)(:|/|$)")
_TYPES: Mapping[type, str] = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE PRECISION"}
_ANSWER_SECONDS = 60.0  # longer than a block of rows takes by far; a lock is waited for BUSY_SECONDS
_CONNECTIONS = 32

# All tables and indexes that are there, each with its columns in their order; nothing without the schema.
_CATALOG = f"""SELECT c.relname,
    coalesce(json_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attnum > 0), '[]')
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
    WHERE n.nspname = '{SCHEMA}' GROUP BY c.relname"""  # noqa: S608 - our own name
_HAS_SCHEMA = f"SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = '{SCHEMA}'"  # noqa: S608 - as above
_MAKE_SCHEMA = f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"


_without: set[tuple[str, str, str]] = set()  # the jobs of this process whose workspace has none


class _Missing(FixSettings):
    """The workspace has no data table of this name, or its Windmill is of before there were any."""


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
        self._session: requests.Session | None = None
        self._pid = 0
        self._catalog: dict[str, list[str]] = {}
        self._clock = DatabaseClock(
            lambda: float(self.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8")[0][0])
        )

    def __repr__(self) -> str:
        return f"data table {NAME}, schema {SCHEMA}"

    def open(self) -> bool:
        """Return whether the workspace has the data table, and have a schema of our own in it."""
        try:
            catalog, [(schemas,)] = self.together([(_CATALOG, {}), (_HAS_SCHEMA, {})])
        except _Missing:
            return False
        if not schemas:
            self.together([(POSTGRES_DDL_LOCK, {}), (_MAKE_SCHEMA, {})])
        self._catalog = {name: list(columns) for name, columns in catalog}
        return True

    def now(self) -> float:
        return self._clock.now()

    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        return self.together([(sql, values or {})])[0]

    def together(self, statements: Sequence[Statement]) -> list[list[Row]]:
        argument: dict[str, object] = {}
        texts = [_text_of(sql, values, f"v{at}", argument) for at, (sql, values) in enumerate(statements)]
        if len(texts) > 1:
            texts = ["BEGIN", *texts, "COMMIT"]
        # The server keeps one connection for many: what an earlier text has left behind on it ends here.
        if any(text.startswith(("ALTER", "DROP")) for text in texts):
            self._catalog = {}
        answers = self._ask(["ROLLBACK", f'SET search_path TO "{SCHEMA}"', *texts], argument)
        mine = answers[-len(statements) - 1 : -1] if len(statements) > 1 else answers[-1:]
        return [[_row(one["r"]) for one in answer if "r" in one] for answer in mine]

    def create(self, table: str, *, durable: bool = True) -> None:
        made = _CREATED.match(table)
        if made is not None and made[1] in self._catalog:
            return
        kind = "CREATE TABLE" if durable else "CREATE UNLOGGED TABLE"
        self.together([(POSTGRES_DDL_LOCK, {}), (table.replace("CREATE TABLE", kind, 1), {})])
        self._catalog = {name: list(columns) for name, columns in self.execute(_CATALOG)}

    def columns(self, table: str) -> list[str]:
        sql = """SELECT column_name FROM information_schema.columns
            WHERE table_name = :name AND table_schema = :schema ORDER BY ordinal_position"""
        known = self._catalog.get(table)
        if known:
            return known
        return [str(name) for (name,) in self.execute(sql, {"name": table, "schema": SCHEMA})]

    def close(self) -> None:
        with self._lock:
            if self._session is not None:
                self._session.close()
            self._session = None

    def _ask(self, texts: Sequence[str], argument: Mapping[str, object]) -> list[list[dict[str, Any]]]:
        """Run the statements, and return the rows of each; what went wrong becomes ours here."""
        head = "-- result_collection=all_statements_all_rows\n"
        args: dict[str, object] = {"database": f"datatable://{NAME}"}
        if argument:
            head += "-- $1 argument (JSON)\n"
            args["argument"] = argument
        body = {"content": head + ";\n".join(texts) + ";", "language": "postgresql", "args": args}
        try:
            encoded = json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise FixInput(
                "A value cannot be kept in the data table: it holds half of a surrogate pair.",
                code="bad_value",
            ) from error
        try:
            reply = self._opened().post(
                self._url,
                data=encoded,
                headers={"Content-Type": "application/json", **self._headers},
                timeout=(BUSY_SECONDS, _ANSWER_SECONDS),
                allow_redirects=False,
            )
            answers = reply.json() if reply.ok else None
        except (requests.RequestException, ValueError) as error:
            raise TryLater(
                f"The data table {NAME} was not reached ({type(error).__name__}). Try again later.",
                code="store",
            ) from error
        if not reply.ok:
            raise _named(reply.status_code, reply.text)
        if not isinstance(answers, list) or len(answers) != len(texts):
            raise TryLater(f"The data table {NAME} gave an answer that cannot be read.", code="store")
        return answers

    def _opened(self) -> requests.Session:
        with self._lock:
            if self._session is None or self._pid != os.getpid():  # a connection must not cross a fork
                self._session, self._pid = requests.Session(), os.getpid()
                self._session.trust_env = False  # the worker's own server is behind no proxy
                adapter = requests.adapters.HTTPAdapter(pool_maxsize=_CONNECTIONS)
                for scheme in ("http://", "https://"):
                    self._session.mount(scheme, adapter)
            return self._session


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


def _text_of(sql: str, values: Values, prefix: str, argument: dict[str, object]) -> str:
    """Return the statement in the server's own form, and put its values into the one argument of all.

    Values of a type of their own would each need a number, and the server gives those new numbers in every
    statement. A row comes back as the text of a JSON object, in which columns keep their order and may share
    a name.
    """
    kinds = []
    for name in dict.fromkeys(_PARAMETER.findall(sql)):
        value = values[name]
        kinds.append((name, "" if value is None else _TYPES.get(type(value), "TEXT")))
        if value is not None:
            argument[f"{prefix}_{name}"] = value
    return _translated(sql, tuple(kinds), prefix)


@functools.cache
def _translated(sql: str, kinds: tuple[tuple[str, str], ...], prefix: str) -> str:
    types = dict(kinds)

    def parameter(match: re.Match[str]) -> str:
        name = match[1]
        if not types[name]:
            return "NULL"
        text = f"($1::jsonb ->> '{prefix}_{name}')"
        return text if types[name] == "TEXT" else f"CAST({text} AS {types[name]})"

    rows = sql.replace("each_row(:rows) AS j", "jsonb_array_elements(CAST(:rows AS jsonb)) AS j(value)")
    text = _PARAMETER.sub(parameter, rows)
    if not _ANSWERS.match(text):
        return text
    return f"WITH q AS ({text}) SELECT row_to_json(q)::text AS r FROM q"  # noqa: S608 - `text` is ours


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
    if status in {401, 403}:
        return FixSettings(
            f"The workspace has a data table, and this job may not use it ({says}). Run it as a member who "
            "is no operator, or give a postgresql resource.",
            code="store",
        )
    return TryLater(
        f"The data table {NAME} cannot be used ({status}: {says}). Try again later.", code="store"
    )
