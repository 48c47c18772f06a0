"""Imports are killed at random points and resumed; `make chaos` does the same at length."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mill.bench.chaos.command import Scores, measure
from mill.bench.chaos.courses import COURSES
from tests.loopback import Asked, Loopback, Reply, serve

ROOT = Path(__file__).parents[3]


def test_no_row_is_lost_twice_or_misreported_however_often_an_import_is_killed_or_stopped() -> None:
    scores = measure(kills=60, rows=25, seed=1, seconds=200, stores=("sqlite", "postgres", "data_table"))
    assert sum(score.kills for score in scores.values()) == 60
    assert {course for course, _, _ in scores} == {course.name for course in COURSES}
    assert {journal for _, _, journal in scores} == {"sqlite", "postgres", "data_table"}
    assert any(score.stops for score in scores.values())
    _hold_good(scores)


def test_an_import_that_is_killed_a_few_times_loses_and_repeats_no_row() -> None:
    scores = measure(kills=5, rows=25, seed=2, seconds=100)
    assert sum(score.kills for score in scores.values()) == 5
    _hold_good(scores)


def _hold_good(scores: Scores) -> None:
    wrong = [f"{', '.join(key)}: {score}" for key, score in scores.items() if score.is_wrong()]
    assert not wrong, "\n".join(wrong)


@contextlib.contextmanager
def importing(server: Loopback, home: Path) -> Iterator[subprocess.Popen[str]]:
    """create_customers with 400 customers, in a process of its own."""
    arguments = {
        "api": {"kind": "generic", "base_url": server.url, "settings": {"batch_size": 10}},
        "customers": [{"name": f"C {n}", "email": f"c{n}@example.com"} for n in range(400)],
    }
    # A line is a signal that Python notes, and that wakes nobody: as one that comes right before a wait.
    code = (
        "import _thread, json, sys, threading\n"
        "from f.customers.create_customers import main\n"
        "def miss():\n"
        "    if sys.stdin.readline():\n"
        "        _thread.interrupt_main()\n"
        "threading.Thread(target=miss, daemon=True).start()\n"
        "print(json.dumps(main(**json.loads(sys.argv[1]))))\n"
    )
    environment = {
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "WM_WORKSPACE": "test",
        "WM_TOKEN": "test",
        "BASE_INTERNAL_URL": "http://127.0.0.1:9",
        "MILL": "1",
    }
    command = [sys.executable, "-c", code, json.dumps(arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate(timeout=90)
    assert process.returncode == 0
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_job_ends_by_itself_with_an_outcome_for_every_row(
    number: signal.Signals, tmp_path: Path
) -> None:
    under_way = threading.Event()

    def answer(_: Asked) -> Reply:
        under_way.set()
        time.sleep(0.02)
        return Reply(201, {"id": "1"})

    with serve(answer) as server, importing(server, tmp_path) as process:
        assert under_way.wait(20)
        process.send_signal(number)
        result = result_of(process)
    assert result["stopped"]["code"] == "cancelled"
    assert result["counts"] == {"created": len(server.asked), "failed": 400 - len(server.asked)}
    assert 0 < len(server.asked) < 400


@pytest.mark.parametrize("missed", [False, True], ids=["heard", "come just before the wait"])
def test_a_cancelled_job_does_not_wait_to_ask_again(tmp_path: Path, missed: bool) -> None:
    under_way = threading.Event()

    def answer(_: Asked) -> Reply:
        if len(server.asked) > 1:  # the first goes alone
            under_way.set()
            return Reply(429, {}, {"Retry-After": "100"})
        return Reply(201, {"id": "1"})

    with serve(answer) as server, importing(server, tmp_path) as process:
        assert under_way.wait(20)
        if missed:
            assert process.stdin is not None
            time.sleep(0.5)  # until it waits for the answers
            process.stdin.write("miss\n")
            process.stdin.flush()
        else:
            process.send_signal(signal.SIGINT)
        result = result_of(process)
    assert result["counts"] == {"created": 1, "failed": 399}
    assert len(server.asked) <= 10
    with contextlib.closing(sqlite3.connect(tmp_path / ".millwright/imports.sqlite")) as journal:
        assert journal.execute("SELECT state, owner FROM import_rows").fetchall() == [("done", "")]
