"""The calls of a day that all jobs share, and the pauses they keep together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from f.connect.times import DAY_SECONDS
from f.customers.targets.customer_api import open_target
from f.records.sending.parking import CallBudget
from f.records.sending.pauses import Pause, paused_targets
from f.store.store import Store
from f.store.stores import SqliteStore, postgres_store

NOON = 20_000 * DAY_SECONDS + DAY_SECONDS / 2
MIDNIGHT = 20_001 * DAY_SECONDS


class Clock:
    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with SqliteStore(tmp_path / "limits.sqlite", clock=clock) as opened:
        yield opened


def budget(
    store: Store, limit: int | None = None, block: int = 10, *, obeys_pauses: bool = True
) -> CallBudget:
    settings = {"max_concurrent_requests": block, **({"daily_limit": limit} if limit else {})}
    target = open_target({"kind": "generic", "base_url": "https://api.example.com", "settings": settings})
    return CallBudget(store, target, obeys_pauses=obeys_pauses)


def taken(calls: CallBudget, most: int = 1000) -> int:
    """How many calls may be made in a row."""
    return next((number for number in range(most) if calls.take()), most)


def test_a_day_has_exactly_the_calls_of_the_limit_whoever_makes_them(store: Store) -> None:
    first, second = budget(store, 25), budget(store, 25)
    assert not first.take()
    assert taken(second) == 15
    assert taken(first) == 9
    assert second.left() == 0


def test_what_was_taken_and_not_used_is_given_back(store: Store) -> None:
    first, second = budget(store, 25), budget(store, 25)
    assert not first.take()
    first.release_unused()
    assert second.left() == 24
    assert taken(second) == 24


@pytest.mark.parametrize(("more", "left"), [(4, 20), (-1, 25)])
def test_retries_count_and_what_was_never_sent_does_not(store: Store, more: int, left: int) -> None:
    calls = budget(store, 25)
    calls.take()
    calls.add(more)
    calls.release_unused()
    assert calls.left() == left


def test_the_limit_ends_at_midnight_utc_and_begins_anew(store: Store, clock: Clock) -> None:
    calls = budget(store, 12)
    assert taken(calls) == 12
    pause = calls.take()
    assert pause is not None
    assert pause.until == MIDNIGHT
    assert pause.why == "The 12 calls a day that its settings allow generic at api.example.com are used up"
    assert budget(store, 12).pause() == pause
    clock.now = MIDNIGHT
    assert budget(store, 12).pause() is None
    assert taken(budget(store, 12)) == 12


def test_calls_taken_yesterday_are_not_given_back_today(store: Store, clock: Clock) -> None:
    yesterday, today = budget(store, 100), budget(store, 100)
    yesterday.take()
    clock.now = MIDNIGHT
    today.take()
    yesterday.release_unused()
    today.release_unused()
    assert today.left() == 99


def test_without_a_limit_only_pauses_count(store: Store) -> None:
    calls = budget(store)
    assert calls.left() is None
    assert taken(calls) == 1000
    calls.release_unused()


def test_a_pause_reaches_every_job_within_a_block_and_lapses_by_time(store: Store, clock: Clock) -> None:
    working, other = budget(store, block=3), budget(store)
    assert not working.take()
    other.pause_until(NOON + 60, "Busy")
    other.pause_until(NOON + 30, "Less busy")
    assert taken(working) == 2
    assert working.take() == other.pause() == Pause(NOON + 60, "Busy")
    assert budget(store, obeys_pauses=False).take() is None
    clock.now = NOON + 60
    assert working.take() is None


def test_one_targets_calls_are_not_anothers(store: Store) -> None:
    taken(budget(store, 5))
    other = open_target(
        {"kind": "generic", "base_url": "https://other.example.com", "settings": {"daily_limit": 5}}
    )
    assert CallBudget(store, other).left() == 5


def test_jobs_on_several_workers_share_a_day(postgres: str) -> None:
    with postgres_store(postgres) as one, postgres_store(postgres) as other:
        assert not budget(one, 25).take()
        assert taken(budget(other, 25)) == 15
        budget(one).pause_until(one.now() + 600, "Busy")
        paused = budget(other).pause()
    assert paused is not None
    assert paused.why == "Busy"


def test_a_limit_that_is_used_up_is_shown_and_binds_nobody(store: Store, clock: Clock) -> None:
    calls = budget(store, 25)
    assert taken(calls) == 25
    calls.release_unused()
    [(target, pause)] = paused_targets(store).items()
    assert target.endswith(" daily_limit")
    assert pause.until == MIDNIGHT
    assert "25 calls a day" in pause.why
    more = budget(store, 40)
    assert taken(more) == 15
    more.release_unused()
    assert len(paused_targets(store)) == 1
    assert not budget(store, 60).take()
    assert paused_targets(store) == {}
    assert taken(budget(store, 25)) == 0
    clock.now = MIDNIGHT
    assert paused_targets(store) == {}


def test_who_never_parks_leaves_no_word_of_a_used_up_limit(store: Store) -> None:
    assert taken(budget(store, 25, obeys_pauses=False)) == 25
    assert paused_targets(store) == {}


def test_what_a_job_has_just_looked_at_serves_its_first_block(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a data table each look is a request."""
    calls, other = budget(store, block=2), budget(store)
    assert calls.pause() is None
    with monkeypatch.context() as patch:
        patch.delattr(SqliteStore, "execute")  # whoever looks fails
        assert taken(calls, 2) == 2
    other.pause_until(NOON + 60, "Busy")
    assert calls.take()
    clock.now += 61
    assert calls.pause() is None
    clock.now += 2  # meanwhile another may have stored one
    other.pause_until(clock.now + 60, "Busy")
    assert calls.take()
    clock.now += 61
    assert calls.pause() is None
    calls.pause_until(clock.now + 60, "Busy")
    assert calls.take()
