"""Imports where few workers run all jobs: those that send, and those that answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mill.api.endpoints.triggers import load_triggers
from mill.api.server import LocalApi
from mill.ports import Completed, Jobs, Target
from mill.repository.workspace import Workspace
from mill.session import Session

ROOT = Path(__file__).parents[3]
FLOW = Target("flow", "f/customers/import_csv")
ADVANCED = "mode=advanced&failure_rate=0.02&seed=7&known=known.customer@example.com"
CUSTOMERS, BATCH = f"/customers?{ADVANCED}", f"/customers/batch?{ADVANCED}"
MOCK_ROUTES = {
    trigger.http_method: f"/api/r/{trigger.url_path}"
    for trigger in load_triggers(Workspace.find(ROOT), "local")
    if trigger.script_path == "f/customers/mock_customer_api"
}
BASE_URL = MOCK_ROUTES["get"].removesuffix("/health")
ROUTE: dict[str, Any] = {
    "kind": "generic",
    "base_url": BASE_URL,
    "endpoints": {"customers": CUSTOMERS},
    "authentication": {"type": "api_key", "name": "X-API-Key", "key": "$var:f/customers/mock_api_key"},
    "settings": {"initial_delay": 0.1},
    "proven": {"target": f"generic {BASE_URL}{CUSTOMERS}", "repeats": "record"},
}
IN_BATCHES = {**ROUTE, "endpoints": {"customers": CUSTOMERS, "batch": BATCH}}


@contextlib.contextmanager
def server_with(workers: int, state: Path) -> Iterator[Session]:
    """A stand-in of a server with so many workers, which says so to whoever asks."""

    def api(jobs: Jobs, workspace: Workspace, state_dir: Path) -> LocalApi:
        return LocalApi(workspace.root, state_dir, jobs, workers=workers)

    with Session(Workspace.find(ROOT), state, platform=api, worker_count=workers) as session:
        yield session


def import_sample(session: Session, **args: Any) -> Completed:
    text = (ROOT / "flows/data/customers.csv").read_text("utf-8")
    job = session.engine.start(FLOW, {"text": text, "default_country": "US", "chunk_rows": 100, **args})
    completed = session.engine.wait(job, 120)
    assert completed is not None, "the import starves"
    return completed


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_sample_goes_into_the_instances_own_mock_however_few_workers_there_are(
    tmp_path: Path, workers: int
) -> None:
    with server_with(workers, tmp_path) as session:
        completed = import_sample(session)
    assert completed.success, completed.result
    counts = completed.result["counts"]
    assert (counts["created"], counts["duplicate"], counts["invalid"]) == (989, 7, 44)


@pytest.mark.parametrize(
    ("workers", "asked_for", "api"),
    [(2, None, IN_BATCHES), (3, None, ROUTE), (3, 4, IN_BATCHES)],
    ids=["two", "three, row by row", "three, four wanted"],
)
def test_the_sample_goes_through_the_mocks_routes_where_there_is_a_second_worker(
    tmp_path: Path, workers: int, asked_for: int | None, api: dict[str, Any]
) -> None:
    with server_with(workers, tmp_path) as session:
        completed = import_sample(session, api=api, parallel_jobs=asked_for)
    assert completed.success, completed.result
    counts = completed.result["counts"]
    assert (counts["created"], counts["duplicate"], counts["invalid"]) == (989, 7, 44)


def test_the_first_run_asks_the_mock_a_few_times_and_not_once_a_row(tmp_path: Path) -> None:
    with server_with(1, tmp_path) as session:
        timings = import_sample(session).result["timings"]
    assert timings["requests"] <= 40  # for 990 rows in ten jobs, each of which sends its first row alone


def test_a_dry_run_does_not_wait_for_a_route_that_has_no_worker_to_answer(tmp_path: Path) -> None:
    api = {**ROUTE, "endpoints": {**ROUTE["endpoints"], "lookup": "/customers?email={email}"}}
    with server_with(1, tmp_path) as session:
        completed = import_sample(session, api=api, dry_run=True)
    assert completed.success, completed.result
    assert [code for code in completed.result["stop_codes"] if code] == ["too_few_workers"]
    assert completed.result["plan"]["reads_target"] is False


def test_a_route_of_an_instance_with_one_worker_is_refused_before_anything_waits(tmp_path: Path) -> None:
    with server_with(1, tmp_path) as session:
        completed = import_sample(session, api=ROUTE)
    assert not completed.success
    assert (
        "this instance has one worker, which the import itself holds" in completed.result["error"]["message"]
    )
    assert completed.result["counts"]["failed"] == 990
