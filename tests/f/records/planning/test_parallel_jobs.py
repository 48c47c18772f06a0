"""How many jobs send at once: as many as asked for, but never all workers where the answers need one."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import FixInput, FixSettings
from f.customers.targets.customer_api import open_target
from f.records.planning.parallel_jobs import calls_are_jobs, decide_parallel_jobs
from f.records.target.target import Target

ROUTE = "/api/r/shop"


def target(base_url: str, **endpoints: str) -> Target:
    return open_target({"kind": "generic", "base_url": base_url, "endpoints": endpoints})


@pytest.mark.parametrize(
    ("base_url", "wanted", "workers", "jobs"),
    [
        ("https://api.example.com", None, 1, 4),
        ("https://api.example.com", 9, 1, 9),
        ("script:f/customers/mock_customer_api", None, 1, 4),
        ("/twins/customers", None, 1, 4),
        (ROUTE, None, 2, 1),
        (ROUTE, None, 40, 1),
        (ROUTE, 4, 3, 2),
        (ROUTE, 4, 40, 4),
        (ROUTE, None, None, 1),
        (ROUTE, 4, None, 4),
    ],
)
def test_jobs_at_once_follow_from_target_wish_and_workers(
    base_url: str, wanted: int | None, workers: int | None, jobs: int
) -> None:
    decided = decide_parallel_jobs(target(base_url), wanted, lambda: workers)
    assert decided.jobs == jobs
    assert bool(decided.message) == (base_url == ROUTE)


def test_the_workers_are_not_counted_for_a_target_elsewhere() -> None:
    def count() -> int:
        raise AssertionError("nobody needs to know")

    assert decide_parallel_jobs(target("https://api.example.com"), None, count).jobs == 4


def test_a_single_worker_cannot_send_to_a_route_and_the_sentence_says_what_to_do() -> None:
    with pytest.raises(FixSettings) as caught:
        decide_parallel_jobs(target(ROUTE), 1, lambda: 1)
    assert "one worker, which the import itself holds" in str(caught.value)
    assert "script:f/<folder>/<script>" in str(caught.value)


@pytest.mark.parametrize("workers", [None, 2])
def test_who_would_make_a_job_of_each_row_is_told_of_batches(workers: int | None) -> None:
    by_row = decide_parallel_jobs(target(ROUTE), None, lambda: workers).message
    in_batches = decide_parallel_jobs(target(ROUTE, batch="/many"), None, lambda: workers).message
    assert by_row.removeprefix(in_batches).startswith(" Each row is a job there; with endpoints.batch")


@pytest.mark.parametrize("wanted", [0, -1])
def test_less_than_one_job_is_refused(wanted: int) -> None:
    with pytest.raises(FixInput, match="give 1 or more"):
        decide_parallel_jobs(target("https://api.example.com"), wanted, lambda: 4)


@pytest.mark.parametrize(
    ("base_url", "are_jobs"),
    [
        ("/api/r/shop", True),
        ("/twins/customers", False),
        ("https://windmill.example/api/r/shop", True),
        ("https://windmill.example:443/api/w/team/jobs/run_wait_result/p/f/a/b", True),
        ("http://windmill:8000/api/r/shop", True),
        ("https://windmill.example/elsewhere", False),
        ("https://other.example/api/r/shop", False),
    ],
)
def test_a_call_is_a_job_where_it_reaches_a_route_of_this_windmill(
    base_url: str, are_jobs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WM_BASE_URL", "https://windmill.example")
    monkeypatch.setenv("BASE_INTERNAL_URL", "http://windmill:8000")
    api: dict[str, Any] = {"base_url": base_url, "settings": {"allow_plain_http": True}}
    assert calls_are_jobs(open_target(api)) == are_jobs
