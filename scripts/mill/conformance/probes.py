"""What a workspace may have and the tables are not about: the import job, and a data table."""

from __future__ import annotations

import functools
from typing import Any

from mill.conformance.judge import Difference, Ended, same, shortened
from mill.conformance.runner import Bench, Finding, Task, guarded
from mill.conformance.server import NoAnswer, Refused

MAIN_JOB = "main job"
DATA_TABLES = "data tables"
IMPORT = "f/customers/import_csv"
IMPORT_RULE = f"a dry run of {IMPORT} counts every row once"
TABLE_RULES = ("a statement returns its rows", "a block of rows is one json_to_recordset")

_ROWS = (
    "email,first_name,last_name\n"
    "ada@example.com,Ada,Lovelace\n"
    "no-address,Charles,Babbage\n"
    "ada@example.com,Ada,Lovelace\n"
)
# Nothing is sent. The preprocessor is left out, so that no version of it can lose `dry_run`.
_ARGUMENTS = {"text": _ROWS, "dry_run": True, "max_bad_share": 1}
_COUNTS = {"rows": 3, "would_create": 1, "would_update": 0, "invalid": 1, "duplicate": 1}
_IMPORT_SECONDS = 300.0

_TABLE = "datatable://main"
# What `wmill.datatable` does in a job, without its package.
_QUERY = """
import json, os
from urllib.error import HTTPError
from urllib.request import Request, urlopen

def main(content, args):
    api = f"{os.environ['BASE_INTERNAL_URL']}/api/w/{os.environ['WM_WORKSPACE']}"
    headers = {"Authorization": f"Bearer {os.environ['WM_TOKEN']}", "Content-Type": "application/json"}
    body = json.dumps({"content": content, "language": "postgresql", "args": args}).encode()
    try:
        with urlopen(Request(f"{api}/jobs/run_inline/preview", body, headers)) as reply:
            return {"rows": json.loads(reply.read())}
    except HTTPError as error:
        return {"status": error.code, "said": error.read().decode(errors="replace")}
"""
_BLOCK = "-- $1 arg1 (json)\nSELECT n, name FROM json_to_recordset($1) AS given(n int, name text) ORDER BY n"
_BLOCK_ROWS = [{"n": 1, "name": "one"}, {"n": 2, "name": "two"}]


def main_job_tasks(bench: Bench) -> list[Task]:
    """Return the task of the import job."""
    return [functools.partial(_import, bench)]


def data_table_tasks(bench: Bench) -> list[Task]:
    """Return the task of the data table `main`."""
    return [functools.partial(_data_table, bench)]


def _import(bench: Bench) -> list[Finding]:
    rule, server = IMPORT_RULE, bench.server
    absent = f"{IMPORT} is not deployed in this workspace"
    try:
        if not server.get(f"flows/exists/{IMPORT}"):
            return [Finding(MAIN_JOB, rule, "deployed", not_run=absent)]
    except (Refused, NoAnswer) as error:
        return [Finding(MAIN_JOB, rule, "deployed", not_run=shortened(str(error)))]

    def run() -> Difference | None:
        job = server.post(f"jobs/run/f/{IMPORT}", _ARGUMENTS, skip_preprocessor="true")
        return _counted(server.wait(str(job), max(bench.seconds, _IMPORT_SECONDS)))

    return [guarded(MAIN_JOB, rule, "deployed", run)]


def _counted(ended: Ended) -> Difference | None:
    found = _counts_in(ended.result)
    counts = {name: found.get(name) for name in _COUNTS}
    if ended.success and same(counts, _COUNTS):
        return None
    return Difference(repr(_COUNTS), shortened(repr(counts if found else ended.result)))


def _counts_in(result: Any) -> dict[str, Any]:
    """Return the counts of an import: in the summary, which a display may hold."""
    if not isinstance(result, dict):
        return {}
    counts = result.get("counts")
    if isinstance(counts, dict):
        return counts
    return next((found for value in result.values() if (found := _counts_in(value))), {})


def _data_table(bench: Bench) -> list[Finding]:
    one, block = TABLE_RULES
    answers: list[Any] = []

    def first() -> Difference | None:
        answers.append(_asked(bench, "SELECT 1 AS one", {}))
        return _rows_differ([{"one": 1}], answers[0])

    finding = guarded(DATA_TABLES, one, "run_inline", first)
    if answers and isinstance(answers[0], dict) and "said" in answers[0]:
        reason = f"no data table `main` here ({_said(answers[0])})"
        return [Finding(DATA_TABLES, rule, "run_inline", not_run=reason) for rule in (one, block)]

    def second() -> Difference | None:
        answers.append(_asked(bench, _BLOCK, {"arg1": _BLOCK_ROWS}))
        return _rows_differ(_BLOCK_ROWS, answers[-1])

    more = guarded(DATA_TABLES, block, "run_inline", second)
    if "SQLite" in str(answers[-1]):  # a stand-in says what it is: its data tables are no Postgres
        reason = f"this server's data tables are no Postgres ({_said(answers[-1])})"
        more = Finding(DATA_TABLES, block, "run_inline", not_run=reason)
    return [finding, more]


def _asked(bench: Bench, content: str, args: dict[str, Any]) -> Any:
    tried = {"content": _QUERY, "language": "python3", "path": bench.folder.new_path("data_table")}
    arguments = {"content": content, "args": {"database": _TABLE, **args}}
    job = bench.server.post("jobs/run/preview", {**tried, "args": arguments})
    return bench.server.wait(str(job), bench.seconds).result


def _rows_differ(expected: list[dict[str, Any]], answer: Any) -> Difference | None:
    rows = answer.get("rows") if isinstance(answer, dict) else None
    if same(expected, rows):
        return None
    return Difference(repr(expected), shortened(repr(answer)))


def _said(answer: Any) -> str:
    return shortened(str(answer.get("said") if isinstance(answer, dict) else answer), 120)
