"""The stage on which ways to send are held against each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mill.bench.sending import Flow, Later, SideBySide, Stage
from mill.errors import MillError

ROOT = Path(__file__).parents[3]
WAYS = {
    "jobs": False,
    "without_journal": False,
    "with_journal": False,
    "by_asyncio": False,
    "by_threads": False,
    "by_loop": False,
    "by_asyncio_in_batches": True,
}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage(ROOT, delay=0) as stage:
        yield stage


@pytest.mark.parametrize("way", WAYS)
def test_every_way_brings_every_row_once(stage: Stage, way: str) -> None:
    rows = 120
    first = 1 + rows * list(WAYS).index(way)
    answer = stage.worker(way).ask(stage.errand(first, rows, stage.api(batches=WAYS[way])))
    assert answer["seconds"] > 0
    ledger = stage.ledger(way, rows)
    assert ledger["rows"] == ledger["customers"] == rows
    assert ledger["answered"] == {"by_asyncio_in_batches": 2}.get(way, rows)


def test_the_flow_reads_a_file_in_one_process_and_sends_its_chunks_in_others(stage: Stage) -> None:
    rows, jobs = 10_100, [stage.worker("jobs", home="of the flow") for _ in range(2)]
    flow = Flow(stage.worker("parse"), SideBySide(jobs))
    assert flow.ask(stage.errand(20_000, rows, stage.api(batches=True)))["seconds"] > 0
    # Two chunks. The first row of each goes alone, the rest by the hundred.
    assert stage.ledger("flow", rows)["answered"] == (1 + 100) + (1 + 1)


def test_jobs_side_by_side_send_a_chunk_each_with_settings_of_their_own(stage: Stage) -> None:
    workers = [stage.worker("jobs", home="side by side") for _ in range(2)]
    jobs = SideBySide(workers, {"rows_per_request": 5})
    assert jobs.ask(stage.errand(40_000, 21, stage.api(batches=True), chunk_rows=11))["seconds"] > 0
    # Two chunks, of eleven rows and ten. The first row of each goes alone, the rest by the five.
    assert stage.ledger("side by side", 21)["answered"] == (1 + 2) + (1 + 2)


def test_a_later_import_goes_to_an_account_of_which_the_journal_knows_rows(stage: Stage) -> None:
    worker = Later(stage.worker("jobs", home="later"))
    for rows_that_arrive in (10, 0):
        worker.ask(stage.errand(50_000, 10, stage.api()))
        assert stage.ledger("later", rows_that_arrive)["customers"] == rows_that_arrive


def test_a_job_finds_its_journal_in_the_home_it_was_given(stage: Stage) -> None:
    errand = stage.errand(5_000, 20, stage.api())
    assert stage.worker("jobs", home="shared").ask(errand)
    stage.ledger("jobs", 20)
    assert stage.worker("jobs", home="shared").ask(errand)
    stage.ledger("jobs", 0)


def test_a_measurement_that_lost_a_row_is_void(stage: Stage) -> None:
    stage.worker("by_asyncio").ask(stage.errand(6_000, 20, stage.api()))
    with pytest.raises(MillError, match="of 21 rows 20 arrived, and 0 of them once more"):
        stage.ledger("by_asyncio", 21)


def test_a_way_that_fails_says_why(stage: Stage) -> None:
    errand = stage.errand(7_000, 20, stage.api())
    with pytest.raises(MillError, match=r"'jobs' failed: .*Unknown target kind 'nothing'"):
        stage.worker("jobs").ask({**errand, "api": {**errand["api"], "kind": "nothing"}})
