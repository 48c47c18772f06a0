"""`mill bench chaos`: imports are killed at random points and resumed; then the target's ledger is read.

Each file goes through `f/customers/create_customers` in a process of its own against a twin in another.
The process gets SIGKILL at a random moment, again and again, until a life is long enough to finish. Then
the ledger is compared with the file: a customer never created is lost, one created more than once is twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.console import Console
from rich.table import Table

import mill
from mill.bench.rig.processes import process
from mill.errors import MillError

ROOT = Path(mill.__file__).parents[2]
WORKER = Path(__file__).parent / "workers" / "chaos_worker.py"
# Lives one file may take before the run is given up: far more than any needs that gets on at all.
MOST_LIVES = 60
# How often one file is killed, so that a run goes over every course.
MOST_KILLS_A_FILE = 6
# The share of an undisturbed import after which a life is killed at the latest.
LONGEST_LIFE = 0.6
FAULTS: Mapping[str, Any] = {
    "rates": {
        "error_503": 0.10,
        "throttle_429": 0.05,
        "reset_after_commit": 0.02,
        "timeout_after_commit": 0.01,
    },
    "retry_after": 0,
    "hang_seconds": 2,
}
_SETTINGS: Mapping[str, Any] = {
    "retry_attempts": 5,
    "initial_delay": 0.01,
    "max_delay": 0.1,
    "timeout": 0.5,
    "batch_size": 50,
    "max_concurrent_requests": 8,
    # The twin is on this machine: what was sent arrives at once.
    "in_flight_seconds": 0.3,
}


@dataclass(frozen=True)
class Course:
    """One target to import into, and how its twin is set up."""

    name: str
    twin: str
    twin_settings: Mapping[str, Any]
    kind: str
    endpoints: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    on_duplicate: str = "skip"


# Each twin takes a second customer with the same e-mail wherever the real service does.
COURSES = (
    Course("generic, keys", "customers", {"unique_email": False}, "generic"),
    Course(
        "generic, look-up",
        "customers",
        {"unique_email": False, "idempotency_keys": False},
        "generic",
        {"lookup": "/customers?email={email}"},
        {"idempotency_keys": False},
    ),
    Course(
        "generic, batches",
        "customers",
        {"unique_email": False},
        "generic",
        {"batch": "/customers/batch", "lookup": "/customers?email={email}"},
        {"rows_per_request": 10},
    ),
    Course("hubspot", "hubspot", {"ten_secondly_limit": 10**6}, "hubspot", {}, {"rows_per_request": 10}),
    Course(
        "salesforce, look-up",
        "salesforce",
        {"duplicate_rule": False, "daily_limit": 10**9},
        "salesforce",
        {},
        {"rows_per_request": 10},
    ),
    Course(
        "salesforce, upsert",
        "salesforce",
        {"duplicate_rule": False, "daily_limit": 10**9},
        "salesforce",
        {},
        {"rows_per_request": 10, "external_id_field": "External_Id__c"},
        "update",
    ),
    Course(
        "salesforce, bulk",
        "salesforce",
        {"duplicate_rule": False, "daily_limit": 10**9, "bulk_seconds": 0.2},
        "salesforce",
        {},
        {"bulk_from": 2},
    ),
)


@dataclass
class Score:
    """What happened on one course."""

    files: int = 0
    kills: int = 0
    caught: int = 0  # rows that a kill caught between intent and outcome
    rows: int = 0
    lost: int = 0
    twice: int = 0
    miscounted: int = 0  # rows whose outcomes do not add up to what the ledger says

    def add(self, other: Score) -> None:
        """Count another's in."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def chaos(
    kills: Annotated[int, typer.Option(min=1, help="How often an import is killed, over all targets.")] = 200,
    rows: Annotated[int, typer.Option(min=1, help="Rows in a file.")] = 400,
    seed: Annotated[int, typer.Option(help="Repeats the same choice of moments.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, help="Give up after this time.")] = 900.0,
) -> None:
    """Kill imports at random points, resume them, and compare what the target holds with the files."""
    scores = measure(kills, rows, seed, seconds)
    total = Score()
    table = Table("target", "faults", "files", "rows", "kills", "caught", "lost", "twice")
    for (course, faults), score in scores.items():
        total.add(score)
        shown = (score.files, score.rows, score.kills, score.caught, score.lost, score.twice)
        table.add_row(course, faults, *(str(number) for number in shown))
    Console(file=sys.stdout).print(table)
    if total.miscounted:
        typer.echo(f"{total.miscounted} rows were reported otherwise than the ledger says.")
    typer.echo(f"kills {total.kills} rows {total.rows} lost {total.lost} twice {total.twice}")
    if total.lost or total.twice or total.miscounted:
        raise typer.Exit(1)


def measure(kills: int, rows: int, seed: int, seconds: float) -> dict[tuple[str, str], Score]:
    """Go through all courses, calm and faulty, until there were enough kills. MillError after `seconds`."""
    dice = random.Random(seed)  # noqa: S311 - moments to repeat a run with, no secret
    end = time.monotonic() + seconds
    scores: dict[tuple[str, str], Score] = {}
    a_file = min(MOST_KILLS_A_FILE, -(-kills // (2 * len(COURSES))))
    with tempfile.TemporaryDirectory(prefix="mill-chaos-") as folder, Lab(Path(folder), seconds) as lab:
        number = 0
        while True:
            for course in COURSES:
                for faults in ("none", "all"):
                    number += 1
                    wanted = kills - sum(score.kills for score in scores.values())
                    if wanted <= 0:
                        return scores
                    trip = Trip(lab, course, number, rows, dice, end)
                    score = trip.run(FAULTS if faults == "all" else {}, min(wanted, a_file))
                    scores.setdefault((course.name, faults), Score()).add(score)


class Lab:
    """The twins' process and the one that forks imports, each ended with the run."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        self._seconds = seconds
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"}
        twins = [sys.executable, "-m", "mill.twins.serve", "--port", "0"]
        twins += ["--state", str(self.folder / "twins"), "--seconds", str(self._seconds + 60)]
        self._twins = self._stack.enter_context(process(twins, environment, ROOT))
        home = self.folder / "home"
        home.mkdir()
        jobs = {
            "HOME": str(home),
            "WM_WORKSPACE": "chaos",
            "WM_TOKEN": "chaos",
            "BASE_INTERNAL_URL": _NOWHERE,
        }
        self._worker = self._stack.enter_context(
            process([sys.executable, str(WORKER)], {**environment, **jobs}, ROOT)
        )
        assert self._twins.stdout is not None
        self.url = self._twins.stdout.readline().strip()
        if not self.url:
            raise MillError("The twins did not start.")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Steer or question a twin."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own twin on loopback
            f"{self.url}/{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - as above
            return json.load(reply)

    def live(self, args: Mapping[str, Any], kill_after: float | None) -> dict[str, Any] | None:
        """Live one life of an import, and return what it returned, or None if it was killed before."""
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        assert self._worker.stdin is not None
        self._worker.stdin.write(json.dumps({"args": args, "result": str(result)}) + "\n")
        self._worker.stdin.flush()
        pid = self._answer()["pid"]
        killer = (
            threading.Timer(kill_after, os.kill, (pid, signal.SIGKILL)) if kill_after is not None else None
        )
        if killer is not None:
            killer.start()
        killed = self._answer()["killed"]
        if killer is not None:  # over before the worker gives the process's id free
            killer.cancel()
            killer.join()
        if result.exists():
            returned: dict[str, Any] = json.loads(result.read_text("utf-8"))
            return returned
        if not killed:
            raise MillError("An import ended with an error; see above.")
        return None

    def rows_in_doubt(self) -> int:
        """Return how many rows the journal knows as sent and not as answered."""
        file = self.folder / "home" / ".millwright" / "imports.sqlite"
        with contextlib.closing(sqlite3.connect(file, timeout=10)) as journal:
            try:
                row = journal.execute("SELECT count(*) FROM import_rows WHERE state = 'sent'").fetchone()
            except sqlite3.OperationalError:  # killed before it made the table
                return 0
        return int(row[0])

    def _answer(self) -> dict[str, int]:
        assert self._worker.stdout is not None
        line = self._worker.stdout.readline()
        if not line:
            raise MillError("The process that runs the imports is gone.")
        answer: dict[str, int] = json.loads(line)
        return answer


_NOWHERE = "http://127.0.0.1:9"


class Trip:
    """One file on one course."""

    def __init__(
        self, lab: Lab, course: Course, number: int, rows: int, dice: random.Random, end: float
    ) -> None:
        self._lab, self._course, self._number, self._dice, self._end = lab, course, number, dice, end
        self._rows = rows

    def run(self, faults: Mapping[str, Any], most_kills: int) -> Score:
        """Import a file undisturbed to learn how long it takes, then another one life by life."""
        lab, twin = self._lab, self._course.twin
        lab.ask("PUT", f"{twin}/_settings", self._course.twin_settings)
        lab.ask("DELETE", f"{twin}/_ledger")
        lab.ask("PUT", f"{twin}/_faults", {**faults, "seed": self._dice.randrange(2**31), "latency_ms": 8})
        began = time.monotonic()
        self._finish("calm", None, Score())
        longest = (time.monotonic() - began) * LONGEST_LIFE
        score = Score(files=1, rows=self._rows)
        result = self._finish("killed", longest, score, most_kills)
        check = lab.ask("POST", f"{twin}/_ledger/check", {"keys": self._emails("killed")})
        score.lost, score.twice = len(check["never"]), len(check["twice"])
        applied = result["counts"].get("created", 0) + result["counts"].get("updated", 0)
        score.miscounted = abs(self._rows - sum(result["counts"].values())) + abs(
            self._rows - score.lost - applied
        )
        return score

    def _finish(
        self, name: str, longest_life: float | None, score: Score, most_kills: int = 0
    ) -> dict[str, Any]:
        """Life after life until every row is applied."""
        for _ in range(MOST_LIVES):
            if time.monotonic() > self._end:
                raise MillError("The time for the run is over; give it more with --seconds.")
            armed = longest_life is not None and score.kills < most_kills
            kill_after = self._dice.uniform(0, longest_life or 0) if armed else None
            result = self._lab.live(self._args(name), kill_after)
            if result is None:
                score.kills += 1
                score.caught += self._lab.rows_in_doubt()
            elif not result["counts"].get("failed") and not result["counts"].get("unknown"):
                return result
        raise MillError(f"{self._course.name}: {MOST_LIVES} lives did not finish a file.")

    def _args(self, name: str) -> dict[str, Any]:
        course = self._course
        emails = enumerate(self._emails(name), start=2)
        records = [
            {
                "line": line,
                "cells": [],
                "key": email,
                "record": {"name": f"Customer {line}", "email": email, "external_id": email},
            }
            for line, email in emails
        ]
        return {
            "api": {
                "kind": course.kind,
                "base_url": f"{self._lab.url}/{course.twin}",
                "authentication": {"type": "bearer_token", "token": "chaos"},
                "endpoints": dict(course.endpoints),
                "settings": {**_SETTINGS, **course.settings},
                "mapping": {} if "external_id_field" in course.settings else {"external_id": ""},
            },
            "chunk": {"index": 0, "rows": {"count": len(records), "records": records}},
            "import_id": f"{name}-{self._number}",
            "on_duplicate": course.on_duplicate,
        }

    def _emails(self, name: str) -> list[str]:
        return [f"{name}.{self._number}.{row}@example.com" for row in range(self._rows)]
