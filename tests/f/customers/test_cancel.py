"""An import that is cancelled in the middle and fed again: run by mill in a process, against a slow twin."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from f.records.journal.blocks import unpack_all
from f.store.stores import sqlite_store
from mill.engine.jobs.events import Event
from mill.ports import Target
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.mill.twins.stage import TwinClient, TwinProcess, taking_any_customer

ROOT = Path(__file__).parents[3]
FLOW = "f/customers/import_csv"
MILL = [sys.executable, "-c", "from mill.cli import main; main()", "flow", "run", FLOW]
ROWS = 200


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    """A slow one."""
    client = taking_any_customer(twins)
    client.put_faults(latency_ms=100)
    return client


def arguments(twin: TwinClient) -> dict[str, Any]:
    return {
        "text": "name,email\n" + "".join(f"C {n},c{n}@example.com\n" for n in range(ROWS)),
        "chunk_rows": 50,
        "parallel_jobs": 2,
        "concurrency": 4,
        "on_too_many_bad": "fail",
        "api": {
            "kind": "generic",
            "base_url": twin.url,
            "authentication": {"type": "bearer_token", "token": "token"},
            "settings": {"batch_size": 20},
        },
    }


def journal(state: Path) -> dict[str, int]:
    """How many rows stand in which state; one that a dead job has claimed counts as "claimed"."""
    sql = (
        "SELECT CASE WHEN owner = '' THEN state ELSE 'claimed' END AS standing, count(*) FROM import_rows "
        "GROUP BY standing"
    )
    with sqlite_store(state / "home/.millwright/imports.sqlite") as store:
        unpack_all(store)
        return dict(store.execute(sql))


def when(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it never happened")


def assert_created_once(twin: TwinClient) -> None:
    created = [key for kind, key in twin.ledger("created")]
    assert sorted(created) == sorted(f"c{n}@example.com" for n in range(ROWS))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_an_interrupted_import_has_sent_is_known_and_the_rest_follows_when_it_is_fed_again(
    number: signal.Signals, twin: TwinClient, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    (tmp_path / "arguments.json").write_text(json.dumps(arguments(twin)), "utf-8")
    command = [*MILL, "-d", f"@{tmp_path}/arguments.json", "--state", str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdout=-1, stderr=-1, text=True, start_new_session=True) as run:
        when(lambda: len(twin.ledger("created")) > 10 or run.poll() is not None)
        run.send_signal(number)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert errors.splitlines()[-1] == "mill: Interrupted: the run and everything it started have ended."
    sent = len(twin.ledger("created"))
    assert 10 < sent < ROWS
    assert journal(state) == {"done": sent}
    twin.put_faults()
    again = subprocess.run([*command, "-s"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    counts = {name: count for name, count in json.loads(again.stdout)["counts"].items() if count}
    assert counts == {"rows": ROWS, "unchanged": sent, "created": ROWS - sent}
    assert_created_once(twin)


def test_an_import_cancelled_as_a_job_runs_no_further_step(twin: TwinClient, tmp_path: Path) -> None:
    with Session(Workspace.find(ROOT), tmp_path) as session:
        job = session.engine.start(Target("flow", FLOW), arguments(twin))
        when(lambda: len(twin.ledger("created")) > 10)
        session.engine.cancel(job, "wrong file")
        cancelled = session.engine.wait(job, 60)
        assert cancelled is not None
        assert cancelled.result["error"]["name"] == "Canceled"
        sent = len(twin.ledger("created"))
        assert journal(tmp_path) == {"done": sent}
        twin.put_faults()
        again = session.run(Target("flow", FLOW), arguments(twin))
    assert again.success
    assert (again.result["counts"]["unchanged"], again.result["counts"]["created"]) == (sent, ROWS - sent)
    assert_created_once(twin)


def test_one_cancelled_chunk_is_reported_and_the_others_go_on(twin: TwinClient, tmp_path: Path) -> None:
    chunks: list[str] = []

    def listen(event: Event) -> None:
        if event.kind == "started" and event.label == "create_chunk":
            chunks.append(event.job_id)

    with Session(Workspace.find(ROOT), tmp_path, listeners=(listen,)) as session:
        job = session.engine.start(Target("flow", FLOW), arguments(twin))
        when(lambda: len(twin.ledger("created")) > 10)
        session.engine.cancel(chunks[0], "too slow")
        twin.put_faults()
        reported = session.engine.wait(job, 60)
        assert reported is not None
        counts = reported.result["counts"]
        assert (counts["created"], counts["unknown"]) == (ROWS - 50, 50)
        [reason] = [each for each in reported.result["reasons"] if each["code"] == "job_lost"]
        assert reason["rows"] == 50
        assert reported.result["rejects"]["rows"] == 50
        sent = len(twin.ledger("created"))
        assert journal(tmp_path) == {"done": sent}
        again = session.run(Target("flow", FLOW), arguments(twin))
    assert again.success
    assert again.result["counts"]["created"] == ROWS - sent
    assert_created_once(twin)
