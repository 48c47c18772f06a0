"""The breaker opens by failure rate, lets one probe through, and closes again."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from f.connect.errors import FixInput, GiveUpRecord, OutcomeUnknown, TryLater, WaitForQuota
from f.connect.integration import CircuitBreaker
from f.connect.limits.background import background_of
from f.connect.limits.circuit_breaker import Breaker, failure_shown
from f.connect.limits.circuit_states import COUNT, LEASE_SECONDS
from f.store.store import Row, Store, Values
from f.store.stores import SqliteStore, postgres_store, sqlite_store
from tests.f.connect.wire import FakeClock
from tests.properties import at_most

RULE = CircuitBreaker(failure_rate=0.5, window=10, minimum_calls=4, reset_timeout=30)
ROOT = Path(__file__).parents[3]


def call(breaker: Breaker, failed: bool | None) -> None:
    breaker.record(breaker.admit(), failed=failed)


def calls(breaker: Breaker, ends: str) -> None:
    """One call per letter: f failed, s succeeded, c cancelled."""
    for end in ends:
        call(breaker, {"f": True, "s": False, "c": None}[end])


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        ("fff", "closed"),  # too few to tell
        ("ffff", "open"),
        ("sssf", "closed"),
        ("ssff", "open"),
        ("fffssssf", "open"),
        ("sssssssff", "closed"),
        ("cccccccccc", "closed"),
        ("fffcccc", "closed"),
    ],
)
def test_it_opens_when_the_failure_rate_is_reached(timed_store: Store, ends: str, status: str) -> None:
    breaker = Breaker("a", RULE, timed_store)
    calls(breaker, ends)
    assert breaker.status() == status


def test_an_open_breaker_refuses_at_once_and_says_for_how_long(timed_store: Store) -> None:
    breaker = Breaker("crm:default", RULE, timed_store)
    calls(breaker, "ffff")
    with pytest.raises(
        TryLater, match=r"crm:default has failed too often lately; nothing was sent. Try again in 30 s."
    ):
        breaker.admit()


def test_failures_outside_the_window_are_forgotten(timed_store: Store, clock: FakeClock) -> None:
    breaker = Breaker("a", RULE, timed_store)
    calls(breaker, "fff")
    clock.time += 20
    calls(breaker, "f")
    assert breaker.status() == "closed"


def test_failures_of_the_half_window_before_still_count(timed_store: Store, clock: FakeClock) -> None:
    breaker = Breaker("a", RULE, timed_store)
    calls(breaker, "fff")
    clock.time += 6
    calls(breaker, "f")
    assert breaker.status() == "open"


def test_one_probe_decides_for_all(timed_store: Store, clock: FakeClock) -> None:
    breaker, other = Breaker("a", RULE, timed_store), Breaker("a", RULE, timed_store)
    calls(breaker, "ffff")
    background_of(timed_store).drain()
    clock.time += 30.1
    assert breaker.status() == "half_open"
    probe = breaker.admit()
    with pytest.raises(TryLater):
        other.admit()
    breaker.record(probe, failed=False)
    assert other.status() == "closed"
    other.admit()


def test_who_learns_that_anothers_probe_has_closed_it_goes_on(tmp_path: Path, clock: FakeClock) -> None:
    with (
        SqliteStore(tmp_path / "a.sqlite", clock=clock.now) as here,
        SqliteStore(tmp_path / "a.sqlite", clock=clock.now) as there,
    ):
        breaker, other = Breaker("a", RULE, here), Breaker("a", RULE, there)
        calls(breaker, "ffff")
        clock.time += 29.9
        assert other.status() == "open"
        clock.time += 0.2
        call(breaker, failed=False)
        assert not other.admit().probe  # it looked less than a second ago


def test_a_probe_that_fails_opens_it_again(timed_store: Store, clock: FakeClock) -> None:
    breaker = Breaker("a", RULE, timed_store)
    calls(breaker, "ffff")
    background_of(timed_store).drain()
    clock.time += 30.1
    call(breaker, failed=True)
    assert breaker.status() == "open"


def test_a_cancelled_probe_gives_its_lease_back(timed_store: Store, clock: FakeClock) -> None:
    breaker = Breaker("a", RULE, timed_store)
    calls(breaker, "ffff")
    background_of(timed_store).drain()
    clock.time += 30.1
    call(breaker, failed=None)
    breaker.admit()
    assert breaker.status() == "half_open"


def test_the_lease_of_a_dead_prober_runs_out_and_its_late_word_counts_nothing(
    timed_store: Store, clock: FakeClock
) -> None:
    breaker = Breaker("a", RULE, timed_store)
    calls(breaker, "ffff")
    background_of(timed_store).drain()
    clock.time += 30.1
    late = breaker.admit()
    clock.time += LEASE_SECONDS + 0.1
    second = breaker.admit()
    breaker.record(late, failed=False)
    assert breaker.status() == "half_open"
    breaker.record(second, failed=False)
    assert breaker.status() == "closed"


def test_it_can_be_tripped_and_reset_by_hand(timed_store: Store) -> None:
    breaker = Breaker("a", RULE, timed_store)
    breaker.trip()
    assert breaker.status() == "open"
    breaker.reset()
    assert breaker.status() == "closed"


def test_a_clock_set_back_does_not_keep_it_open_for_ever(timed_store: Store, clock: FakeClock) -> None:
    breaker = Breaker("a", RULE, timed_store)
    calls(breaker, "ffff")
    clock.time -= 86_400 * 400
    call(breaker, failed=False)
    assert breaker.status() == "closed"


# A few seconds back are as if others were ahead, and their calls are kept; after more, all is forgotten.
CLOCK_SET_BACK = -1e6


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=at_most(60)
)
@given(
    steps=st.lists(st.sampled_from(["f", "s", "c", 1.0, 6.0, 31.0, -2.0, CLOCK_SET_BACK]), max_size=40),
)
def test_the_sql_text_decides_exactly_as_the_pure_function(
    sql_and_memory: tuple[Store, Store], clock: FakeClock, steps: list[str | float]
) -> None:
    key = secrets.token_hex(8)  # the clock goes back at times, so it tells no two examples apart
    breakers = [Breaker(key, RULE, store) for store in sql_and_memory]
    for step in steps:
        if isinstance(step, float):
            clock.time += step
            continue
        for breaker in breakers:
            with contextlib.suppress(TryLater):
                calls(breaker, step)
        assert breakers[0].status() == breakers[1].status()


def test_what_is_told_late_counts_when_it_happened(timed_store: Store, clock: FakeClock) -> None:
    breaker = Breaker("a", RULE, timed_store)
    calls(breaker, "s")
    clock.time += 31
    calls(breaker, "fff")
    assert breaker.status() == "closed"  # three calls in the window are too few


def test_what_is_told_after_others_began_a_window_counts_in_the_one_before(
    tmp_path: Path, clock: FakeClock
) -> None:
    with (
        SqliteStore(tmp_path / "a.sqlite", clock=clock.now) as here,
        SqliteStore(tmp_path / "a.sqlite", clock=clock.now) as there,
    ):
        late, other = Breaker("a", RULE, here), Breaker("a", RULE, there)
        calls(late, "ssssssss")
        clock.time += 4
        calls(other, "f")
        clock.time += 2
        assert late.status() == "closed"
        clock.time += 4.5
        calls(late, "fff")
        assert late.status() == "open"  # by now the successes are out of the window


def test_what_waits_for_its_turn_at_the_row_undoes_nothing(tmp_path: Path, clock: FakeClock) -> None:
    """Of two jobs with their first failures, the one that set out later gets to the row first."""
    with (
        SqliteStore(tmp_path / "a.sqlite", clock=clock.now) as here,
        SqliteStore(tmp_path / "a.sqlite", clock=clock.now) as there,
    ):
        late, other = Breaker("a", RULE, here), Breaker("a", RULE, there)
        assert late.status() == other.status() == "closed"
        execute, waiting = here.execute, [True]

        def overtaken(sql: str, values: Values | None = None) -> list[Row]:
            if sql == COUNT and waiting:
                waiting.pop()
                clock.time += 0.05
                calls(other, "ff")
            return execute(sql, values)

        here.execute = overtaken  # type: ignore[method-assign]  # so that another comes first at the row
        calls(late, "f")
        assert not waiting
        assert late.status() == "closed"
        calls(late, "f")
        assert late.status() == "open"


def test_jobs_whose_clocks_differ_count_together(tmp_path: Path, clock: FakeClock) -> None:
    """As those of two machines do by some milliseconds: each asks the database for its time."""
    with (
        SqliteStore(tmp_path / "a.sqlite", clock=clock.now) as here,
        SqliteStore(tmp_path / "a.sqlite", clock=lambda: clock.time + 0.01) as there,
    ):
        behind, ahead = Breaker("a", RULE, here), Breaker("a", RULE, there)
        calls(ahead, "ff")
        calls(behind, "ff")
        assert behind.status() == "open"


CHILD = """
import sys
from f.connect.limits.circuit_breaker import Breaker
from f.connect.errors import TryLater
from f.connect.integration import CircuitBreaker
from f.store.stores import SqliteStore, postgres_store, sqlite_store
kind, where = sys.argv[1:]
with (sqlite_store(where) if kind == "sqlite" else postgres_store(where)) as store:
    breaker = Breaker("shared", CircuitBreaker(reset_timeout=0.01), store)
    sys.stdin.readline()
    try:
        breaker.admit()
        print(1)
    except TryLater:
        print(0)
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_of_many_processes_one_gets_the_probe(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = str(tmp_path / "state.sqlite") if kind == "sqlite" else request.getfixturevalue("postgres")
    with sqlite_store(where) if kind == "sqlite" else postgres_store(where) as store:
        Breaker("shared", CircuitBreaker(reset_timeout=0.01), store).trip()
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, kind, where],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    probes = [int(child.communicate("go\n", timeout=30)[0]) for child in children]
    assert sum(probes) == 1


def answer(*errors: Exception | None) -> Callable[[], str]:
    left = list(errors)

    def function() -> str:
        error = left.pop(0)
        if error is not None:
            raise error
        return "done"

    return function


@pytest.mark.parametrize("kind", ["call", "decorator", "async call", "async decorator"])
def test_a_function_is_called_while_the_breaker_is_closed_and_not_after_that(
    kind: str, timed_store: Store, clock: FakeClock
) -> None:
    breaker = Breaker("sdk", RULE, timed_store)
    called = 0

    def function(error: Exception | None) -> str:
        nonlocal called
        called += 1
        if error is not None:
            raise error
        return "done"

    async def later(error: Exception | None) -> str:
        return function(error)

    ways: dict[str, Callable[[Exception | None], str]] = {
        "call": lambda error: breaker.call(function, error),
        "decorator": breaker(function),
        "async call": lambda error: asyncio.run(breaker.call_async(later, error)),
        "async decorator": lambda error: asyncio.run(asyncio.wait_for(breaker(later)(error), 5)),
    }
    go = ways[kind]
    for _ in range(4):
        with pytest.raises(ConnectionError):
            go(ConnectionError("lost"))
    with pytest.raises(TryLater) as caught:
        go(None)
    assert (caught.value.code, called) == ("circuit_open", 4)
    background_of(timed_store).drain()  # which has half a minute for it, where time is not made up
    clock.time += 31
    assert go(None) == "done"
    assert breaker.status() == "closed"


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (TryLater("busy", status=503), True),
        (OutcomeUnknown("lost"), True),
        (TimeoutError(), True),
        (requests.ConnectionError(), True),
        (TryLater("slow down", status=429), None),
        (WaitForQuota("used up"), None),
        (TryLater("full", code="rate_limited"), None),
        (GiveUpRecord("no", status=422), False),  # the service answered
        (FixInput("wrong"), None),  # nothing was sent
        (ValueError("ours"), None),
    ],
    ids=repr,
)
def test_an_exception_counts_if_it_shows_that_the_service_is_down(
    error: Exception, shown: bool | None
) -> None:
    assert failure_shown(error) is shown


def test_which_exceptions_count_can_be_said(timed_store: Store) -> None:
    breaker = Breaker("sdk", RULE, timed_store, failures=LookupError)
    for error in [OSError()] * 4 + [KeyError()] * 4:
        with pytest.raises(type(error)):
            breaker.call(answer(error))
    assert breaker.status() == "open"


def test_a_function_that_is_cancelled_gives_the_lease_of_its_probe_back(
    timed_store: Store, clock: FakeClock
) -> None:
    breaker = Breaker("sdk", RULE, timed_store)
    calls(breaker, "ffff")
    background_of(timed_store).drain()
    clock.time += 31

    async def go() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await breaker.call_async(asyncio.sleep, 10)

    asyncio.run(go())
    background_of(timed_store).drain()
    assert breaker.call(answer(None)) == "done"
    assert breaker.status() == "closed"


def test_what_a_probe_has_shown_holds_before_the_row_says_it(timed_store: Store, clock: FakeClock) -> None:
    """On an event loop a look at the row and the word of the probe wait for their turn, in this order."""
    breaker, turn = Breaker("sdk", RULE, timed_store), threading.Event()
    calls(breaker, "ffff")
    clock.time += 31

    async def go() -> None:
        background_of(timed_store).run(lambda: turn.wait(30))
        await breaker.call_async(asyncio.sleep, 0)

    asyncio.run(go())
    assert breaker.status() == "closed"
    turn.set()
    background_of(timed_store).drain()
    assert breaker.status() == "closed"


def test_a_breaker_that_is_off_lets_everything_through(timed_store: Store) -> None:
    breaker = Breaker("sdk", CircuitBreaker(enabled=False, minimum_calls=1), timed_store)
    for _ in range(3):
        with pytest.raises(OSError, match="lost"):
            breaker.call(answer(OSError("lost")))
