"""Counts calls per integration and endpoint: how many, how they ended, how long they took.

Counts are gathered in memory and added to the shared store every few seconds and at the end, so
that a dashboard sees all jobs and a call pays a few dictionary additions. One statement adds them.

    a call -> memory -> connect_metrics_day, by UTC day -> connect_metrics, once the day is KEEP_DAYS old

The first job that counts on a day folds what is too old into one row a counter. So the tables hold so many
days of the endpoints there are, and no more. `connect_metrics` is also where earlier versions counted: what
they have left, and what jobs of theirs still add, belongs to no day and counts in every total.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, TypeVar, cast

from f.connect.histogram import Histogram
from f.connect.times import DAY_SECONDS, REAL, Clock
from f.store.stores import memory_store

if TYPE_CHECKING:
    from f.store.store import Store

P = ParamSpec("P")
T = TypeVar("T")

FLUSH_SECONDS = 5.0
KEEP_DAYS = 35  # five weeks: each day of the last four beside the week before it
OUTCOME = "outcome:"  # and "success" or the class of a failure: the counter of calls that ended so
BUCKET = "ms:"  # and its number: the counter of a latency bucket
# The other counters: retries; waits, and the seconds `waited` for a limit; the `seconds` of `timed` calls,
# which are all but those that earlier versions counted.

log = logging.getLogger("connect.metrics")


@dataclass(frozen=True, slots=True)
class SlowCall:
    """A call that took longer than it should; `alert` above the second threshold."""

    integration: str
    endpoint: str
    seconds: float
    alert: bool


class Summary(TypedDict):
    """One endpoint. Times are milliseconds per call, waiting and retries included; None without calls.

    `average`: of the calls whose time is known; earlier versions kept none. `success_rate`: from 0 to 1.
    `waits`: calls that waited for a limit.
    """

    calls: int
    successes: int
    success_rate: float | None
    failures: dict[str, int]
    retries: int
    waits: int
    waited_seconds: float
    average: float | None
    p50: float | None
    p95: float | None
    p99: float | None


Counters = defaultdict[str, float]

TABLE = """CREATE TABLE IF NOT EXISTS connect_metrics (
    integration TEXT NOT NULL, endpoint TEXT NOT NULL, name TEXT NOT NULL, value DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (integration, endpoint, name))"""
DAY_TABLE = """CREATE TABLE IF NOT EXISTS connect_metrics_day (
    day TEXT NOT NULL, integration TEXT NOT NULL, endpoint TEXT NOT NULL, name TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL, PRIMARY KEY (day, integration, endpoint, name))"""
# The row without a name counts how often the day was added to: who brings it to 1 is the day's first.
ADD = """INSERT INTO connect_metrics_day AS m
    SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3,
    CAST(j.value ->> 4 AS DOUBLE PRECISION) FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (day, integration, endpoint, name) DO UPDATE SET value = m.value + excluded.value
    RETURNING name, value"""
# It locks the days, so that of two jobs that fold the second finds nothing left.
UNMARK = "DELETE FROM connect_metrics_day WHERE day < :first AND name = ''"
FOLD = """INSERT INTO connect_metrics AS m (integration, endpoint, name, value)
    SELECT integration, endpoint, name, SUM(value) FROM connect_metrics_day WHERE day < :first
    GROUP BY integration, endpoint, name
    ON CONFLICT (integration, endpoint, name) DO UPDATE SET value = m.value + excluded.value"""
DROP = "DELETE FROM connect_metrics_day WHERE day < :first"
_ALL = """(SELECT integration, endpoint, name, value FROM connect_metrics UNION ALL
    SELECT integration, endpoint, name, value FROM connect_metrics_day WHERE name <> '') AS c"""
READ = f"""SELECT endpoint, name, SUM(value) FROM {_ALL} WHERE integration = :integration
    GROUP BY endpoint, name"""  # noqa: S608 - made of constants
NAMES = f"SELECT DISTINCT integration FROM {_ALL}"  # noqa: S608 - as above
FORGET = "DELETE FROM connect_metrics WHERE integration = :integration"
FORGET_DAYS = "DELETE FROM connect_metrics_day WHERE integration = :integration"


def day_of(seconds: float) -> str:
    """Return the UTC day of a time since the epoch, such as 2026-11-29."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


class Metrics:
    """The counters of all integrations of a store."""

    def __init__(
        self,
        store: Store,
        *,
        on_slow: Callable[[SlowCall], None] | None = None,
        clock: Clock = REAL,
    ) -> None:
        self._store = None if store.in_memory else store
        self._on_slow = on_slow or log_slow
        self.clock = clock
        self._lock = threading.Lock()
        self._counts: defaultdict[tuple[str, str], Counters] = _nothing()
        self._day = ""  # of the first call that is not flushed yet: the next ones are of the same seconds
        self._flushed = clock.ticks()
        self.later: Callable[[Callable[[], None]], object] = lambda work: work()  # how to flush in between
        if self._store:
            self._store.create(DAY_TABLE)

    def record(
        self,
        integration: str,
        endpoint: str,
        outcome: str,
        *,
        seconds: float,
        retries: int = 0,
        waited: float = 0.0,
    ) -> None:
        """Count one call. `outcome` is "success" or the class of its failure."""
        with self._lock:
            if not self._counts:
                self._day = day_of(self.clock.now())
            counters = self._counts[integration, endpoint]
            counters[f"{OUTCOME}{outcome}"] += 1
            counters[f"{BUCKET}{Histogram.bucket_of(seconds)}"] += 1
            counters["timed"] += 1
            counters["seconds"] += seconds
            if retries:
                counters["retries"] += retries
            if waited:
                counters["waits"] += 1
                counters["waited"] += waited
        if self._store and self.clock.ticks() - self._flushed > FLUSH_SECONDS:
            self._flushed = self.clock.ticks()
            self.later(self.flush)

    def slow(self, call: SlowCall) -> None:
        """Report a slow call to the hook."""
        self._on_slow(call)

    def flush(self) -> None:
        """Add what was gathered to the store."""
        if self._store is None:
            return
        with self._lock:
            counts, self._counts = self._counts, _nothing()
            self._flushed = self.clock.ticks()
            day = self._day
        rows = [
            [day, *key, name, value] for key, found in sorted(counts.items()) for name, value in found.items()
        ]
        if rows:
            added = self._store.execute(ADD, {"rows": json.dumps([[day, "", "", "", 1], *rows])})
            if ("", 1.0) in added:
                self._fold()

    def _fold(self) -> None:
        """Let days that are too old become one."""
        assert self._store is not None
        self._store.create(TABLE)
        first = {"first": day_of(self.clock.now() - KEEP_DAYS * DAY_SECONDS)}
        self._store.together([(sql, first) for sql in (UNMARK, FOLD, DROP)])

    def summary(self, integration: str) -> dict[str, Summary]:
        """Return what is known of an integration, by endpoint, over all jobs since the last reset."""
        endpoints: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for endpoint, counter, value in self._read(integration):
            endpoints[endpoint][counter] = value
        return {endpoint: summary_of(counters) for endpoint, counters in sorted(endpoints.items())}

    def integrations(self) -> list[str]:
        """Return the names of all integrations that were called."""
        if self._store is None:
            with self._lock:
                return sorted({integration for integration, _ in self._counts})
        self.flush()
        self._store.create(TABLE)
        return sorted(str(name) for (name,) in self._store.execute(NAMES))

    def reset(self, integration: str) -> None:
        """Forget an integration's counts, for all jobs."""
        with self._lock:
            for key in [key for key in self._counts if key[0] == integration]:
                del self._counts[key]
        if self._store:
            self._store.create(TABLE)
            self._store.together([(sql, {"integration": integration}) for sql in (FORGET, FORGET_DAYS)])

    def _read(self, integration: str) -> list[tuple[str, str, float]]:
        if self._store is None:
            with self._lock:
                return [
                    (endpoint, name, value)
                    for (owner, endpoint), counters in self._counts.items()
                    if owner == integration
                    for name, value in counters.items()
                ]
        self.flush()
        self._store.create(TABLE)
        rows = self._store.execute(READ, {"integration": integration})
        return [(str(endpoint), str(name), float(value)) for endpoint, name, value in rows]


def _nothing() -> defaultdict[tuple[str, str], Counters]:
    return defaultdict(lambda: defaultdict(float))


def metrics_of(store: Store) -> Metrics:
    """Return the counters that live in `store`."""
    return store.shared("metrics", lambda: Metrics(store))


@functools.cache
def process_metrics() -> Metrics:
    """Return the counters of this process, for functions that belong to no store."""
    return Metrics(memory_store())


def monitored(
    service: str,
    metrics: Metrics | None = None,
    *,
    slow_call_seconds: float = 5.0,
    very_slow_call_seconds: float = 10.0,
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorate a function, sync or async, to be counted as endpoint `its name` of `service`.

    Without `metrics` it is counted in `process_metrics()`.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        name = function.__name__
        counters = process_metrics() if metrics is None else metrics

        def done(seconds: float, outcome: str) -> None:
            counters.record(service, name, outcome, seconds=seconds)
            if seconds >= slow_call_seconds:
                counters.slow(SlowCall(service, name, seconds, seconds >= very_slow_call_seconds))

        return _wrapped(function, counters.clock, done)

    return decorate


def log_slow(call: SlowCall) -> None:
    """Write a slow call to the log: a warning, or an error above the second threshold."""
    level = logging.ERROR if call.alert else logging.WARNING
    log.log(level, "slow call: %s %s took %.1f s", call.integration, call.endpoint, call.seconds)


def _wrapped(function: Callable[P, T], clock: Clock, done: Callable[[float, str], None]) -> Callable[P, T]:
    """Time every call, and say how it ended: "success", "cancelled", or the class of its error."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def timed_async(*args: P.args, **kwargs: P.kwargs) -> Any:
            with _timed(clock, done):
                return await function(*args, **kwargs)

        return cast("Callable[P, T]", timed_async)

    @functools.wraps(function)
    def timed(*args: P.args, **kwargs: P.kwargs) -> T:
        with _timed(clock, done):
            return function(*args, **kwargs)

    return timed


@contextlib.contextmanager
def _timed(clock: Clock, done: Callable[[float, str], None]) -> Iterator[None]:
    started, outcome = clock.ticks(), "cancelled"
    try:
        yield
        outcome = "success"
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        done(clock.ticks() - started, outcome)


def summary_of(counters: Mapping[str, float]) -> Summary:
    """Return what counters say, of one endpoint or of several added up."""
    outcomes = _numbered(counters, OUTCOME)
    buckets = {int(bucket): count for bucket, count in _numbered(counters, BUCKET).items()}
    latency = Histogram(buckets, longest=math.inf).summary()
    calls, timed = sum(outcomes.values()), counters.get("timed", 0.0)
    successes = outcomes.pop("success", 0)
    return Summary(
        calls=calls,
        successes=successes,
        success_rate=round(successes / calls, 6) if calls else None,
        failures=dict(sorted(outcomes.items())),
        retries=int(counters.get("retries", 0)),
        waits=int(counters.get("waits", 0)),
        waited_seconds=round(counters.get("waited", 0.0), 3),
        average=round(1000 * counters.get("seconds", 0.0) / timed, 3) if timed else None,
        p50=latency and latency["p50"],
        p95=latency and latency["p95"],
        p99=latency and latency["p99"],
    )


def _numbered(counters: Mapping[str, float], prefix: str) -> dict[str, int]:
    """Return the counters of a family, by what tells them apart."""
    return {
        name.removeprefix(prefix): int(count) for name, count in counters.items() if name.startswith(prefix)
    }
