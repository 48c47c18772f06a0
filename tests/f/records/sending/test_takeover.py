"""A worker that is stopped for longer than its lease sends none of the rows that another took over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import Asked, Loopback, Reply, serve

ROOT = Path(__file__).parents[4]
ROWS = 60
LEASE_SECONDS = 1.5
CODE = f"""
import json, sys
from f.records.journal import owner
owner.LEASE_SECONDS = {LEASE_SECONDS}
from f.customers.create_customers import main
print(json.dumps(main(**json.loads(sys.argv[1]))["counts"]))
"""


def importing(server: Loopback, home: Path, dsn: dict[str, Any], job: str) -> subprocess.Popen[str]:
    api = {
        "kind": "generic",
        "base_url": server.url,
        "settings": {"timeout": 1, "in_flight_seconds": 0.2, "max_concurrent_requests": 2, "batch_size": 60},
    }
    customers = [{"name": f"C {n}", "email": f"c{n}@example.com"} for n in range(ROWS)]
    arguments = {"api": api, "customers": customers, "journal": dsn, "import_id": "one"}
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "WM_JOB_ID": job,
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", CODE, json.dumps(arguments)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home,
    )  # fmt: skip


@pytest.mark.parametrize("jobs", [("first", "second"), ("same", "same")], ids=["another job", "restarted"])
def test_a_stopped_worker_sends_nothing_that_was_taken_over(
    tmp_path: Path, postgres: str, jobs: tuple[str, str]
) -> None:
    made: Counter[str] = Counter()

    def answer(asked: Asked) -> Reply:
        time.sleep(0.02)
        made[asked.json["email"]] += 1
        return Reply(201, {"id": asked.json["email"]})

    dsn = resource_of(postgres)
    with serve(answer) as server:
        first = importing(server, tmp_path, dsn, jobs[0])
        wait_until(lambda: len(made) >= 10)
        first.send_signal(signal.SIGSTOP)
        seen = len(made)
        if jobs[0] != jobs[1]:  # of a job that was started anew the second process waits for the lease itself
            time.sleep(LEASE_SECONDS)
        second = importing(server, tmp_path, dsn, jobs[1])
        told_second, errors = second.communicate(timeout=60)
        assert second.returncode == 0, errors
        first.send_signal(signal.SIGCONT)
        told_first, errors = first.communicate(timeout=60)
        assert first.returncode == 0, errors
    assert seen < ROWS, "it was stopped in the middle"
    assert set(made.values()) == {1}
    taken, left = (json.loads(told.splitlines()[-1]) for told in (told_second, told_first))
    assert sum(taken.values()) == sum(left.values()) == ROWS
    # What was on its way when the first was stopped cannot be known here; everything else was sent by one.
    assert len(made) + taken.get("unknown", 0) >= ROWS
    assert left.get("failed", 0) > 0


def wait_until(holds: Any) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def resource_of(dsn: str) -> dict[str, Any]:
    """The connection string of the test's Postgres as Windmill's resource has it."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - of this test alone

    parts = conninfo_to_dict(dsn)
    names = {"host": "host", "port": "port", "user": "user", "password": "password", "dbname": "dbname"}
    return {name: parts[key] for name, key in names.items() if parts.get(key)}
