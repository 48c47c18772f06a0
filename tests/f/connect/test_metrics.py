"""Calls are counted, also by other functions and from several jobs; slow ones are reported."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.client import Client
from f.connect.histogram import Histogram
from f.connect.integration import Integration
from f.connect.metrics import Metrics, SlowCall, metrics_of, monitored, process_metrics
from f.store.store import Row, Statement, Store, Values
from f.store.stores import SqliteStore, memory_store
from tests.f.connect.wire import FakeClock, Wire, reply


@given(milliseconds=st.lists(st.floats(0.1, 60_000), min_size=1, max_size=200))
def test_percentiles_are_right_within_a_tenth(milliseconds: list[float]) -> None:
    metrics = Metrics(memory_store())
    for value in milliseconds:
        metrics.record("a", "/x", "success", seconds=value / 1000)
    summary = metrics.summary("a")["/x"]
    exact = sorted(milliseconds)
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        true = exact[-(-int(share * 100) * len(exact) // 100) - 1]
        found = summary[name]  # type: ignore[literal-required]  # one of three names
        assert true * 0.999 - 0.01 <= found <= true * 1.1 + 0.01


def test_two_jobs_add_up(any_store: Store) -> None:
    first = metrics_of(any_store)
    second = first if any_store.in_memory else Metrics(any_store)
    for metrics in (first, second):
        metrics.record("a", "/x", "success", seconds=0.1, retries=1, waited=0.5)
        metrics.record("a", "/x", "TryLater", seconds=0.1)
        metrics.flush()
    summary = first.summary("a")["/x"]
    assert (summary["calls"], summary["successes"], summary["failures"]) == (4, 2, {"TryLater": 2})
    assert (summary["retries"], summary["waited_seconds"]) == (2, 1.0)
    assert first.integrations() == ["a"]
    first.reset("a")
    assert second.summary("a") == {}


def test_counts_reach_the_store_every_few_seconds(tmp_path: Path, clock: FakeClock) -> None:
    with SqliteStore(tmp_path / "state.sqlite") as store:
        metrics = Metrics(store, clock=clock)
        metrics.record("a", "/x", "success", seconds=0.1)
        assert store.execute("SELECT count(*) FROM connect_metrics_day") == [(0,)]
        clock.time += 6
        metrics.record("a", "/x", "success", seconds=0.1)
        counted = store.execute("SELECT value FROM connect_metrics_day WHERE name = 'outcome:success'")
        assert counted == [(2.0,)]


def test_any_function_can_be_monitored(clock: FakeClock) -> None:
    slow: list[SlowCall] = []
    metrics = Metrics(memory_store(), on_slow=slow.append, clock=clock)

    @monitored("ledger", metrics)
    def post(seconds: float) -> float:
        clock.sleep(seconds)
        return 1 / seconds

    @monitored("ledger", metrics)
    async def fetch() -> str:
        await clock.sleep_async(11)
        return "done"

    assert post(1.0) == 1.0
    assert post(6.0) == pytest.approx(1 / 6)
    with pytest.raises(ZeroDivisionError):
        post(0.0)
    assert asyncio.run(fetch()) == "done"
    assert metrics.summary("ledger")["post"]["failures"] == {"ZeroDivisionError": 1}
    assert metrics.summary("ledger")["fetch"]["successes"] == 1
    assert [(call.endpoint, call.seconds, call.alert) for call in slow] == [
        ("post", 6.0, False),
        ("fetch", 11.0, True),
    ]


def test_a_slow_call_of_a_client_is_logged(caplog: pytest.LogCaptureFixture, clock: FakeClock) -> None:
    with (
        Wire([reply(503, None, {"Retry-After": "6"}), reply(200)]) as wire,
        Client(
            Integration(name="svc", base_url=wire.url), SqliteStore(None, clock=clock.now), clock=clock
        ) as client,
    ):
        client.get("/x")
    [record] = [record for record in caplog.records if record.name == "connect.metrics"]
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "slow call: svc /x took 6.5 s"


def test_a_function_that_belongs_to_no_store_is_counted_in_its_process() -> None:
    @monitored("process")
    def work() -> None: ...

    work()
    assert process_metrics().summary("process")["work"]["calls"] == 1


def test_one_store_has_one_set_of_counters() -> None:
    store = memory_store()
    assert metrics_of(store) is metrics_of(store)


@given(parts=st.lists(st.lists(st.floats(0, 1000), max_size=20), max_size=5))
def test_parts_of_a_histogram_add_up_to_the_whole(parts: list[list[float]]) -> None:
    whole, counted = Histogram(), []
    for part in parts:
        counted.append(Histogram())
        for seconds in part:
            whole.add(seconds)
            counted[-1].add(seconds)
    handed_over = [json.loads(json.dumps(part.to_json())) for part in counted]
    assert Histogram.merged(handed_over).summary() == whole.summary()


EARLIER = """CREATE TABLE connect_metrics (
    integration TEXT NOT NULL, endpoint TEXT NOT NULL, name TEXT NOT NULL, value DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (integration, endpoint, name))"""


def test_counts_of_an_earlier_version_are_still_read_and_added_to(any_store: Store) -> None:
    """Its table is as that version made it. It knew no seconds, so its calls have no part in the average."""
    if any_store.in_memory:
        pytest.skip("what is in memory is of this version")
    any_store.create(EARLIER.replace("TABLE", "TABLE IF NOT EXISTS"))
    for name, value in (("outcome:success", 4.0), ("ms:54", 3.0), ("ms:80", 1.0)):
        any_store.execute(
            "INSERT INTO connect_metrics VALUES ('a', '/x', :name, :value)", {"name": name, "value": value}
        )
    metrics = Metrics(any_store)
    summary = metrics.summary("a")["/x"]
    assert (summary["p50"], summary["p95"], summary["average"]) == (107.63, 1024.0, None)
    metrics.record("a", "/x", "TryLater", seconds=0.3)
    summary = metrics.summary("a")["/x"]
    assert (summary["calls"], summary["success_rate"], summary["average"]) == (5, 0.8, 300.0)
    assert metrics.integrations() == ["a"]


@given(milliseconds=st.lists(st.floats(0.1, 60_000), min_size=1, max_size=50))
def test_the_average_is_the_true_mean(milliseconds: list[float]) -> None:
    metrics = Metrics(memory_store())
    for value in milliseconds:
        metrics.record("a", "/x", "success", seconds=value / 1000)
    assert metrics.summary("a")["/x"]["average"] == pytest.approx(
        sum(milliseconds) / len(milliseconds), abs=0.001
    )


def test_calls_count_for_their_utc_day_and_days_that_are_old_become_one(
    any_store: Store, clock: FakeClock
) -> None:
    if any_store.in_memory:
        pytest.skip("what is in memory ends with its job")

    def count_one(*, at: str) -> None:
        clock.time = datetime.fromisoformat(at).timestamp()
        metrics = Metrics(any_store, clock=clock)  # as a job of its own
        metrics.record("a", "/x", "success", seconds=0.5)
        metrics.flush()

    for at in ("2026-01-01T23:59:59+00:00", "2026-01-02T00:00:00+00:00", "2026-01-02T12:00:00+00:00"):
        count_one(at=at)
    days = "SELECT day, value FROM connect_metrics_day WHERE name = 'timed' ORDER BY day"
    assert any_store.execute(days) == [("2026-01-01", 1.0), ("2026-01-02", 2.0)]
    count_one(at="2026-02-05T00:00:00+00:00")  # 35 days after the first, which is the oldest that is kept
    assert any_store.execute(days) == [("2026-01-01", 1.0), ("2026-01-02", 2.0), ("2026-02-05", 1.0)]
    count_one(at="2026-03-20T00:00:00+00:00")
    assert any_store.execute(days) == [("2026-03-20", 1.0)]
    assert any_store.execute("SELECT count(*) FROM connect_metrics_day WHERE name = ''") == [(1,)]
    assert Metrics(any_store, clock=clock).summary("a")["/x"]["calls"] == 5


def test_flushing_is_one_statement_and_folding_is_done_once_a_day(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SqliteStore(tmp_path / "state.sqlite") as store:
        metrics = Metrics(store, clock=clock)
        asked: list[str] = []
        execute, together = store.execute, store.together

        def watched(sql: str, values: Values | None = None) -> list[Row]:
            asked.append(sql.split(maxsplit=1)[0])
            return execute(sql, values)

        def watched_together(statements: Sequence[Statement]) -> list[list[Row]]:
            asked.append("together")
            return together(statements)

        monkeypatch.setattr(store, "execute", watched)
        monkeypatch.setattr(store, "together", watched_together)
        monkeypatch.setattr(store, "create", execute)
        for _ in range(3):
            metrics.record("a", "/x", "success", seconds=0.1)
            metrics.flush()
        metrics.flush()  # nothing new
        assert asked == ["INSERT", "together", "INSERT", "INSERT"]
