"""A rate limit holds: over time, over threads, over processes, and against clocks that are set."""

from __future__ import annotations

import asyncio
import bisect
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from f.connect.errors import FixInput, TryLater
from f.connect.integration import RateLimit
from f.connect.limits.background import background_of
from f.connect.limits.buckets import LATEST, Pace
from f.connect.limits.rate_limit import RateLimiter, buckets_of, pauses_of
from f.store.store import Row, Store, Values
from f.store.stores import SqliteStore, memory_store, postgres_store, sqlite_store
from tests.f.connect.wire import FakeClock
from tests.properties import at_most

TEN_PER_SECOND = RateLimit(max_requests=10, time_window=1.0 - LATEST, burst_size=3)  # a token each 0.1 s
ROOT = Path(__file__).parents[3]


def take_all(limiter: RateLimiter, most: int = 10_000) -> int:
    taken = 0
    while taken < most and limiter.try_acquire():
        taken += 1
    return taken


def test_a_burst_goes_at_once_and_then_one_per_interval(timed_store: Store, clock: FakeClock) -> None:
    limiter = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)
    assert limiter.available() == 3
    assert take_all(limiter) == 3
    assert limiter.available() == 0
    clock.time += 0.1001
    assert take_all(limiter) == 1
    clock.time += 100
    assert limiter.available() == 3
    assert take_all(limiter) == 3


def test_whoever_waits_has_reserved_a_moment_and_nobody_overtakes(
    timed_store: Store, clock: FakeClock
) -> None:
    limiter = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)
    take_all(limiter)
    assert [limiter.reserve(10) for _ in range(3)] == pytest.approx([0.1, 0.2, 0.3], abs=1e-6)
    assert limiter.try_acquire() is False


def test_acquire_sleeps_until_its_token_is_due(timed_store: Store, clock: FakeClock) -> None:
    limiter = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)
    with limiter, limiter, limiter, limiter:
        pass
    assert clock.slept == pytest.approx([0.1], abs=1e-6)
    assert limiter.stats() == pytest.approx(
        {"taken": 4, "refused": 0, "waited_seconds": 0.1, "available": 0}, abs=1e-6
    )


def test_acquire_async_is_the_same_on_an_event_loop(timed_store: Store, clock: FakeClock) -> None:
    limiter = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)

    async def four() -> None:
        for _ in range(4):
            async with limiter:
                pass

    asyncio.run(four())
    assert clock.slept == pytest.approx([0.1], abs=1e-6)


def test_a_wait_longer_than_allowed_takes_nothing_and_says_so(timed_store: Store, clock: FakeClock) -> None:
    limiter = RateLimiter(
        "crm:default", RateLimit(max_requests=1, time_window=60, burst_size=1), timed_store, clock=clock
    )
    limiter.acquire()
    with pytest.raises(TryLater, match="crm:default leaves no room within 5 s") as caught:
        limiter.acquire(timeout=5)
    assert caught.value.code == "rate_limited"
    clock.time += 60.001 + LATEST
    assert limiter.try_acquire() is True


def test_a_pause_the_server_asks_for_holds_for_everybody(timed_store: Store, clock: FakeClock) -> None:
    mine = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)
    theirs = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)
    mine.update(retry_after=5.0)
    assert theirs.available() == 0
    assert theirs.acquire() == pytest.approx(5.0, abs=1e-6)
    assert theirs.try_acquire() is False  # tokens come one by one after a pause


def test_a_pause_holds_although_no_limit_is_set(timed_store: Store, clock: FakeClock) -> None:
    limiter = RateLimiter("a", None, timed_store, clock=clock)
    assert take_all(limiter, most=100) == 100
    limiter.update(retry_after=5.0)
    assert limiter.acquire() == pytest.approx(5.0, abs=1e-6)


def test_a_pause_that_comes_while_waiting_is_waited_for_too(timed_store: Store, clock: FakeClock) -> None:
    limiter = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)
    take_all(limiter)
    wait = limiter.next_step(0.0, 60)
    limiter.update(retry_after=5.0)
    clock.time += wait
    assert limiter.next_step(wait, 60) == pytest.approx(4.9 + 0.1 * 2, abs=0.2)


def test_what_the_server_has_left_lowers_the_burst(timed_store: Store, clock: FakeClock) -> None:
    limiter = RateLimiter("a", RateLimit(max_requests=10, burst_size=8), timed_store, clock=clock)
    limiter.update(remaining=2)
    assert limiter.available() == 2
    limiter.update(remaining=100)
    assert limiter.available() == 2
    limiter.reset()
    assert limiter.available() == 8


def test_a_new_limit_takes_effect_at_once(timed_store: Store, clock: FakeClock) -> None:
    limiter = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)
    limiter.update(limit=RateLimit(max_requests=10, burst_size=1))
    assert take_all(limiter) == 1


@pytest.mark.parametrize("jump", [-10_000.0, -86_400.0 * 400, 86_400.0 * 400])
def test_a_clock_that_is_set_stops_nobody_for_long(timed_store: Store, clock: FakeClock, jump: float) -> None:
    limiter = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)
    take_all(limiter)
    clock.time += jump
    assert limiter.acquire() < 301
    clock.time += 1
    assert limiter.try_acquire() is True


def test_who_wakes_too_late_takes_a_later_moment_instead_of_joining_those_in_time(
    timed_store: Store, clock: FakeClock
) -> None:
    limiter = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)
    take_all(limiter)
    waits = [limiter.next_step(0.0, 60) for _ in range(10)]  # until 1.0
    clock.time += waits[0] + LATEST / 2
    assert limiter.next_step(waits[0], 60, late=LATEST / 2) == 0.0
    clock.time += 0.2
    late = clock.time - (waits[1] - waits[0])
    assert late > LATEST
    assert limiter.next_step(waits[1], 60, late=0.15) == pytest.approx(
        1.1 - waits[0] - LATEST / 2 - 0.2, abs=1e-4
    )


class SleepyClock(FakeClock):
    """Wakes everybody late."""

    def __init__(self, late: list[float]) -> None:
        super().__init__()
        self.late = late

    def sleep(self, seconds: float) -> bool:
        return super().sleep(seconds + (self.late.pop(0) if self.late else 0.0))


def test_a_token_is_used_at_its_moment_or_not_at_all() -> None:
    clock = SleepyClock([0.3])
    with SqliteStore(None, clock=clock.now) as store:
        limiter = RateLimiter("a", TEN_PER_SECOND, store, clock=clock)
        take_all(limiter)
        late = threading.Event()
        sleep = clock.sleep

        def others(seconds: float) -> bool:
            if not late.is_set():
                late.set()
                assert [limiter.reserve(60) for _ in range(9)][-1] == pytest.approx(1.0, abs=1e-4)
            return sleep(seconds)

        clock.sleep = others  # type: ignore[method-assign]  # the other job acts while this one sleeps
        limiter.acquire()
    assert clock.slept == pytest.approx([0.1 + 0.3, 1.1 - 0.4], abs=1e-4)


def test_the_time_a_statement_takes_is_not_waited_once_more(tmp_path: Path, clock: FakeClock) -> None:
    """Two who come together: the database keeps the second one waiting for the first."""
    with SqliteStore(tmp_path / "state.sqlite", clock=clock.now) as store:
        limiter = RateLimiter("a", TEN_PER_SECOND, store, clock=clock)
        take_all(limiter)
        started, execute = clock.time, store.execute

        def slow(sql: str, values: Values | None = None) -> list[Row]:
            clock.time += 0.04
            return execute(sql, values)

        store.execute = slow  # type: ignore[method-assign]  # a database that is slow
        wait = limiter.reserve(60)
    assert wait is not None
    assert clock.time + wait - started == pytest.approx(0.1, abs=1e-6)


def test_a_token_that_came_due_while_its_statement_waited_is_void(tmp_path: Path, clock: FakeClock) -> None:
    with SqliteStore(tmp_path / "state.sqlite", clock=clock.now) as store:
        limiter = RateLimiter("a", TEN_PER_SECOND, store, clock=clock)
        execute, delays = store.execute, [0.3]

        def slow(sql: str, values: Values | None = None) -> list[Row]:
            clock.time += delays.pop() if delays else 0.0
            return execute(sql, values)

        store.execute = slow  # type: ignore[method-assign]  # a database that is slow
        assert limiter.reserve(60) == 0.0
        assert limiter.available() == 2  # of three: the void one has come back by now


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.floats(0, 20)),
        st.tuples(st.just("pass"), st.floats(-400, 400)),
        st.tuples(st.just("pause"), st.floats(0.1, 30)),
        st.tuples(st.just("left"), st.integers(0, 8).map(float)),
    ),
    max_size=30,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=at_most(60)
)
@given(steps=STEPS, burst=st.integers(1, 8), number=st.integers(0, 10**9))
def test_the_sql_text_decides_exactly_as_the_pure_function(
    sql_and_memory: tuple[Store, Store],
    clock: FakeClock,
    steps: list[tuple[str, float]],
    burst: int,
    number: int,
) -> None:
    pace = Pace.of(RateLimit(max_requests=10, time_window=7.0, burst_size=burst))
    sql, memory = (buckets_of(store) for store in sql_and_memory)
    key = f"{number}:{clock.time}"
    for step, value in steps:
        if step == "take":
            assert sql.take(key, pace, value) == pytest.approx(memory.take(key, pace, value), abs=1e-6)
        elif step == "pass":
            clock.time += value
        else:
            pause, tat_in = (value, 0.0) if step == "pause" else (0.0, value)
            for buckets in (sql, memory):
                buckets.lower(key, tat_in=tat_in, pause=pause)
        assert sql.read(key)[0].tat == pytest.approx(memory.read(key)[0].tat, abs=1e-6)


def test_threads_never_take_more_than_the_burst_together() -> None:
    limiter = RateLimiter("a", RateLimit(max_requests=50, time_window=1000, burst_size=50), memory_store())
    taken: list[int] = []
    threads = [threading.Thread(target=lambda: taken.append(take_all(limiter))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 50


CHILD = """
import json, sys
from f.connect.integration import RateLimit
from f.store.stores import memory_store, postgres_store, sqlite_store
from f.connect.limits.rate_limit import RateLimiter
kind, where = sys.argv[1:]
with (sqlite_store(where) if kind == "sqlite" else postgres_store(where)) as store:
    limiter = RateLimiter("shared", RateLimit(max_requests=40, time_window=10_000, burst_size=40), store)
    sys.stdin.readline()
    print(sum(limiter.try_acquire() for _ in range(40)))
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_processes_together_get_exactly_the_burst(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = str(tmp_path / "state.sqlite") if kind == "sqlite" else request.getfixturevalue("postgres")
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
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    taken = sum(int(child.communicate(timeout=30)[0]) for child in children)
    # A process guesses the database's clock from an answer. Where a busy machine made that late, the guess is
    # behind: to all of them the last token may not have been there yet. It is here.
    with sqlite_store(where) if kind == "sqlite" else postgres_store(where) as store:
        limit = RateLimit(max_requests=40, time_window=10_000, burst_size=40)
        left = take_all(RateLimiter("shared", limit, store))
    assert (taken + left, left <= 1) == (40, True)


def test_a_limiter_of_postgres_uses_the_databases_clock(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 5000)
    with postgres_store(postgres) as store:
        assert abs(store.now() - real()) < 60


# How long, at most, a process stood still: what it was to do meanwhile, it does all at one moment.
WATCH = """
import threading, time
stood = [0.0]
def watch():
    while True:
        before = time.monotonic()
        time.sleep(0.005)
        stood[0] = max(stood[0], time.monotonic() - before - 0.005)
watching = threading.Thread(target=watch, daemon=True)
"""
# A server that counts strictly: when each request came, by the clock that all processes share.
STRICT = f"""{WATCH}
import contextlib, json, os, selectors, socket, sys
with contextlib.suppress(OSError):
    os.nice(-15)  # what it counts is when they came, not when it had time to look
listener, at = socket.create_server(("127.0.0.1", 0), backlog=128), []
selector = selectors.DefaultSelector()
selector.register(listener, selectors.EVENT_READ)
selector.register(sys.stdin, selectors.EVENT_READ)
print(listener.getsockname()[1], flush=True)
watching.start()
while True:
    for key, _ in selector.select():
        if key.fileobj is sys.stdin:
            print(json.dumps([at, stood[0]]))
            sys.exit()
        elif key.fileobj is listener:
            selector.register(listener.accept()[0], selectors.EVENT_READ)
        elif key.fileobj.recv(65536):
            at.append(time.monotonic())
            key.fileobj.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{{}}")
        else:
            selector.unregister(key.fileobj)
"""
CALLER = f"""{WATCH}
import sys
from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.integration import Integration, RateLimit
from f.store.stores import memory_store, postgres_store, sqlite_store
where, url, how, threads = *sys.argv[1:4], int(sys.argv[4])
if where == "memory":
    store = memory_store()
else:
    store = postgres_store(where) if "://" in where else sqlite_store(where)
limit = RateLimit(max_requests=40, burst_size=8)
client = Client(Integration(name="a", base_url=url, rate_limit=limit), store)
if how == "at once":
    list(client.send_many([]))  # loads aiohttp and starts its loop, which takes seconds where much else runs
print("ready", flush=True)
sys.stdin.readline()
watching.start()
end = time.monotonic() + 3
def call():
    while time.monotonic() < end:
        client.get("/x")
def requests():
    while time.monotonic() < end:
        yield Request(method="GET", path="/x")
if how == "at once":
    assert all(result.success for _, result in client.send_many(requests(), threads))
else:
    callers = [threading.Thread(target=call) for _ in range(threads)]
    for caller in callers: caller.start()
    for caller in callers: caller.join()
print(stood[0])
"""


def strictest(at: list[float], window: float = 1.0) -> int:
    """The most arrivals in any window."""
    at = sorted(at)
    return max(bisect.bisect_left(at, start + window) - number for number, start in enumerate(at))


PIPES: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("how", ["threads", "at once"])
@pytest.mark.parametrize(
    ("kind", "processes", "callers"), [("memory", 1, 16), ("sqlite", 4, 4), ("postgres", 4, 4)]
)
def test_a_server_that_counts_strictly_never_sees_more_than_limit_and_burst(
    kind: str, processes: int, callers: int, how: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = {"memory": "memory", "sqlite": str(tmp_path / "state.sqlite")}.get(kind)
    where = where or request.getfixturevalue("postgres")
    server = subprocess.Popen([sys.executable, "-c", STRICT], cwd=ROOT, **PIPES)
    command = [sys.executable, "-c", CALLER, where, f"http://127.0.0.1:{_line(server)}", how, str(callers)]
    children = [subprocess.Popen(command, cwd=ROOT, **PIPES) for _ in range(processes)]
    assert {_line(child) for child in children} == {"ready"}
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    held_up = 0.0
    for child in children:
        held_up = max(held_up, float(child.communicate(timeout=60)[0]))
        assert child.returncode == 0
    at, unheard = json.loads(server.communicate("done\n", timeout=60)[0])
    assert len(at) > 8  # more than the burst
    # What came in a second may have been let through in a little more, on a machine with much else to do.
    assert strictest(at) <= 40 * (1 + held_up + unheard) + 8


def test_several_tokens_are_taken_together_or_not_at_all(timed_store: Store, clock: FakeClock) -> None:
    limiter = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock)
    assert limiter.try_acquire(tokens=2)
    assert not limiter.try_acquire(tokens=2)
    assert limiter.available() == 1  # what was refused took nothing
    assert limiter.acquire(tokens=3) == pytest.approx(0.2, abs=1e-6)
    assert asyncio.run(limiter.acquire_async(tokens=2)) == pytest.approx(0.2, abs=1e-6)
    assert limiter.stats()["taken"] == 7
    assert limiter.stats()["refused"] == 1
    with pytest.raises(TryLater):
        limiter.acquire(0.05, tokens=3)


@pytest.mark.parametrize("tokens", [0, -1, 4])
def test_more_tokens_than_are_ever_there_at_once_are_refused_in_a_sentence(
    tokens: int, timed_store: Store, clock: FakeClock
) -> None:
    limiter = RateLimiter("a", TEN_PER_SECOND, timed_store, clock=clock, title="api.example.com")
    with pytest.raises(FixInput, match=r"tokens is|api.example.com lets 3 calls go at once, never 4"):
        limiter.acquire(tokens=tokens)
    assert limiter.available() == 3


def test_without_a_limit_any_number_goes_at_once(timed_store: Store, clock: FakeClock) -> None:
    assert RateLimiter("a", None, timed_store, clock=clock).acquire(tokens=1000) == 0.0


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=at_most(60)
)
@given(takes=st.lists(st.tuples(st.integers(1, 3), st.floats(0, 0.5)), min_size=1, max_size=30))
def test_over_any_span_no_more_tokens_come_due_than_the_limit_lets_however_many_at_once(
    takes: list[tuple[int, float]], tmp_path: Path
) -> None:
    """Each store in its own right, and both alike."""
    due: dict[str, list[tuple[float, int]]] = {"memory": [], "sqlite": []}
    for name, path in (("memory", None), ("sqlite", tmp_path / "state.sqlite")):
        clock = FakeClock()
        with SqliteStore(path, clock=clock.now) as store:
            limiter = RateLimiter("a", TEN_PER_SECOND, store, clock=clock)
            limiter.reset()
            for count, pause in takes:
                wait = limiter.reserve(tokens=count)
                assert wait is not None
                due[name].append((clock.time + wait, count))
                clock.time += pause
    assert [count for _, count in due["memory"]] == [count for _, count in due["sqlite"]]
    assert [at for at, _ in due["memory"]] == pytest.approx([at for at, _ in due["sqlite"]], abs=1e-5)
    for start, _ in due["memory"]:
        for end, _ in due["memory"]:
            inside = sum(count for at, count in due["memory"] if start <= at <= end)
            assert end < start or inside <= 3 + (end - start) / 0.1 + 1e-3


def test_a_pause_holds_before_the_row_says_it(timed_store: Store, clock: FakeClock) -> None:
    """On an event loop a look at the row and the word of a pause wait for their turn, in this order."""
    pauses, turn = pauses_of(timed_store), threading.Event()
    pauses.read("a")
    clock.time += 2

    async def go() -> None:
        background_of(timed_store).run(lambda: turn.wait(30))
        pauses.read("a")
        pauses.lower("a", tat_in=0.0, pause=10.0)

    asyncio.run(go())
    assert pauses.read("a")[0].paused_until == clock.time + 10
    turn.set()
    background_of(timed_store).drain()
    assert pauses.read("a")[0].paused_until == clock.time + 10
    clock.time += 2
    assert pauses.read("a")[0].paused_until == clock.time + 8
