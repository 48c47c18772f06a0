"""Permits taken in blocks: few statements, and the same limit over all processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from f.connect.limits.buckets import LATEST, Pace, SqlBuckets
from f.connect.limits.permit_blocks import BLOCK_SECONDS, BlockBuckets
from f.connect.limits.rate_limit import buckets_of
from f.store.store import Row, Store, Values
from f.store.stores import SqliteStore
from tests.f.connect.wire import FakeClock

HUNDRED = Pace(interval=0.01, tolerance=0.0)


class Counting(SqliteStore):
    statements = 0

    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        self.statements += 1
        return super().execute(sql, values)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Counting]:
    with Counting(tmp_path / "state.sqlite", clock=clock.now) as store:
        yield store


def blocks(store: Store) -> BlockBuckets:
    return BlockBuckets(store, SqlBuckets(store))


def take(buckets: BlockBuckets, clock: FakeClock, count: int, pace: Pace = HUNDRED) -> list[float]:
    """The moments at which so many calls went out, one after the other."""
    moments = []
    for _ in range(count):
        wait = buckets.take("k", pace, 300.0)
        assert wait is not None
        clock.sleep(wait)
        moments.append(clock.time)
    return moments


def test_a_block_is_one_statement(store: Counting, clock: FakeClock) -> None:
    buckets = blocks(store)
    before = store.statements
    moments = take(buckets, clock, 100)
    assert store.statements - before <= 1 + 100 * HUNDRED.interval / BLOCK_SECONDS
    assert moments[-1] - moments[0] == pytest.approx(99 * HUNDRED.interval, abs=0.002)


def test_processes_together_never_pass_the_limit(store: Counting, clock: FakeClock) -> None:
    """Each gets a block of its own span of time."""
    due = []
    for process in [blocks(store) for _ in range(4)]:
        for _ in range(50):
            wait = process.take("k", HUNDRED, 300.0)
            assert wait is not None
            due.append(clock.time + wait)
    due.sort()
    assert all(due[at + 100] - due[at] >= 1.0 - 1e-6 for at in range(len(due) - 100))


def test_permits_that_were_not_used_in_time_are_lost(store: Counting, clock: FakeClock) -> None:
    buckets = blocks(store)
    take(buckets, clock, 1)
    clock.time += 10
    moments = take(buckets, clock, 30)
    assert moments[-1] - moments[0] >= 29 * HUNDRED.interval - LATEST


def test_after_a_pause_no_permit_of_before_is_used(store: Counting, clock: FakeClock) -> None:
    buckets = blocks(store)
    take(buckets, clock, 3)
    began = clock.time
    buckets.lower("k", tat_in=0.0, pause=60.0)
    assert buckets.take("k", HUNDRED, 1.0) is None
    assert take(buckets, clock, 1)[0] - began >= 60.0


def test_a_permit_that_comes_too_late_for_the_caller_stays_for_the_next(
    store: Counting, clock: FakeClock
) -> None:
    buckets = blocks(store)
    take(buckets, clock, 1)
    assert buckets.take("k", HUNDRED, 0.0) is None
    assert buckets.take("k", HUNDRED, 1.0) == pytest.approx(HUNDRED.interval, abs=0.001)


def test_a_slow_limit_is_taken_permit_by_permit(store: Counting, clock: FakeClock) -> None:
    one_a_second = Pace(interval=1.0, tolerance=0.0)
    first, second = blocks(store), blocks(store)
    assert first.take("k", one_a_second, 10) == pytest.approx(0.0)
    assert second.take("k", one_a_second, 10) == pytest.approx(1.0)


def test_only_a_store_that_costs_a_request_takes_blocks(any_store: Store) -> None:
    assert isinstance(buckets_of(any_store), BlockBuckets) is any_store.is_remote


def test_several_at_once_are_counted_beside_the_blocks_and_never_exceed_the_limit(
    store: Counting, clock: FakeClock
) -> None:
    pace = Pace(interval=0.01, tolerance=0.09)  # ten at once
    buckets, other = blocks(store), blocks(store)
    due: list[float] = []
    start = clock.time
    for number in range(200):
        count = 5 if number % 4 == 0 else 1
        wait = (buckets if number % 2 else other).take("k", pace, 300.0, count)
        assert wait is not None
        due += [clock.time + wait] * count
        clock.time += 0.02
    due.sort()
    for first, moment in enumerate(due):
        inside = sum(1 for other_moment in due[first:] if other_moment - moment <= 0.5)
        assert inside <= 10 + 0.5 / pace.interval + 1
    assert due[0] >= start
