"""A lease: one holder at a time, in every kind of store, and whoever lost it finds out."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from f.store.store import (
    BUSY_SECONDS,
    HELD,
    DatabaseClock,
    Lease,
    Store,
    lease_on,
    release,
    renew,
    take,
    write_held,
)
from f.store.stores import SqliteStore, postgres_store
from tests.f.connect.wire import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Store:
    return SqliteStore(tmp_path / "state.sqlite", clock=clock.now)


def holds(store: Store, lease: Lease) -> bool:
    return write_held(store, lease) is not None


def test_of_holders_at_the_same_moment_one_gets_it(any_store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        leases = [
            lease for lease in pool.map(lambda n: take(any_store, "k", f"h{n}", 60), range(24)) if lease
        ]
    (lease,) = leases
    assert holds(any_store, lease)
    assert take(any_store, "other", "h99", 60)


def test_the_number_grows_with_every_change_of_holder(any_store: Store) -> None:
    numbers = []
    for holder in ("a", "a", "b", "a"):
        lease = take(any_store, "k", holder, 60)
        assert lease is not None
        numbers.append(lease.number)
        if holder == "b" or numbers == [1, 1]:
            release(any_store, lease)
    assert numbers == [1, 1, 2, 3]


def test_a_lease_runs_out_and_its_holder_is_told(store: Store, clock: FakeClock) -> None:
    first = take(store, "k", "a", 60)
    assert first is not None
    clock.time += 59
    assert take(store, "k", "b", 60) is None
    clock.time += 1
    assert holds(store, first)  # nobody has acted since
    second = take(store, "k", "b", 60)
    assert second is not None
    assert second.number == first.number + 1
    assert (holds(store, first), holds(store, second)) == (False, True)
    assert renew(store, first, 60) is None
    release(store, first)
    assert take(store, "k", "a", 60) is None


def test_a_renewed_lease_is_held_on(store: Store, clock: FakeClock) -> None:
    lease = take(store, "k", "a", 60)
    assert lease is not None
    clock.time += 50
    renewed = renew(store, lease, 60)
    assert renewed is not None
    assert (renewed.number, renewed.until) == (lease.number, clock.time + 60)
    clock.time += 50
    assert take(store, "k", "b", 60) is None
    release(store, renewed)
    assert not holds(store, renewed)
    assert take(store, "k", "b", 60)


def test_a_clock_that_jumped_back_blocks_nobody(store: Store, clock: FakeClock) -> None:
    assert take(store, "k", "a", 60)
    clock.time -= 3600
    assert take(store, "k", "b", 60)


def test_who_waited_for_the_row_does_not_take_what_another_has_got_meanwhile(
    store: Store, clock: FakeClock
) -> None:
    """It goes by the time at which it began to wait. By that the other's lease seems to last too long."""
    clock.time += BUSY_SECONDS
    assert take(store, "k", "a", 60)
    clock.time -= BUSY_SECONDS
    assert take(store, "k", "b", 60) is None


def test_what_nobody_has_held_for_a_day_is_forgotten(tmp_path: Path, clock: FakeClock) -> None:
    for _ in range(2):
        with SqliteStore(tmp_path / "state.sqlite", clock=clock.now) as store:
            assert take(store, f"k{clock.time}", "a", 60)
            assert len(store.execute("SELECT * FROM store_lease")) == 1
        clock.time += 86_461


def test_while_a_holder_writes_nobody_takes_its_lease(postgres: str) -> None:
    """The other waits until the holder's transaction has ended, however long that takes."""
    with postgres_store(postgres) as store, ThreadPoolExecutor(2) as pool:
        lease = take(store, "k", "a", 0)
        assert lease is not None
        slow = f"SELECT clock_timestamp() FROM pg_sleep(0.5) WHERE {HELD}"
        writes = pool.submit(write_held, store, lease, (slow, {}), (f"SELECT 2 WHERE {HELD}", {}))
        is_writing = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        while not (store.execute(is_writing) or writes.done()):
            time.sleep(0.01)
        taken = take(store, "k", "b", 60)
        ((taken_at,),) = store.execute("SELECT clock_timestamp()")
        assert taken is not None
        assert taken.number == 2
        written = writes.result(60)
        assert written is not None
        assert written[1] == [(2,)]
        assert written[0][0][0] < taken_at
        assert write_held(store, lease, (f"SELECT 2 WHERE {HELD}", {})) is None


def test_a_clock_that_is_set_meanwhile_ends_no_lease_in_a_database(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_store(postgres) as store:
        assert take(store, "clock", "a", 60) is not None
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + 3600)
        assert take(store, "clock", "b", 60) is None


def test_a_renewal_that_arrives_late_takes_nothing_back(store: Store, clock: FakeClock) -> None:
    lease = take(store, "k", "a", 60)
    assert lease is not None
    clock.time += 50
    renewed = renew(store, lease, 60)
    assert renewed is not None
    clock.time -= 40
    assert renew(store, lease, 10) is not None  # as one would that was sent before
    found = lease_on(store, "k")
    assert found is not None
    assert found.until == renewed.until


def test_a_clock_is_not_set_by_an_answer_that_took_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a process that was stopped while it asked."""
    ticks = [1000.0]
    monkeypatch.setattr("f.store.store.boot_ticks", lambda: ticks[0])
    stops = [90.0, 0.01]

    def ask() -> float:
        at = 5000.0 + ticks[0]
        ticks[0] += stops.pop(0)
        return at

    assert abs(DatabaseClock(ask).now() - (5000.0 + ticks[0])) < 0.1
