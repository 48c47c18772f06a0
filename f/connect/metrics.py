"""Counts calls per integration and endpoint: how many, how they ended, how long they took.

Counts are gathered in memory and added to the shared store every few seconds and at the end, so
that a dashboard sees all jobs and a call pays a few dictionary additions.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import math
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypedDict, TypeVar, cast

from f.connect.times import REAL, Clock
from f.store.store import Store
from f.store.stores import memory_store

P = ParamSpec("P")
T = TypeVar("T")

FLUSH_SECONDS = 5.0
_STEPS_PER_DOUBLING = 8  # latency buckets grow by 9 %, which is also the percentiles' error

log = logging.getLogger("connect.metrics")


@dataclass(frozen=True, slots=True)
class SlowCall:
    """A call that took longer than it should; `alert` above the second threshold."""

    integration: str
    endpoint: str
    seconds: float
    alert: bool


class Summary(TypedDict):
    """One endpoint. Latencies are milliseconds per call, waiting and retries included; None without calls."""

    calls: int
    successes: int
    failures: dict[str, int]
    retries: int
    waited_seconds: float
    p50: float | None
    p95: float | None
    p99: float | None


Key = tuple[str, str, str]  # integration, endpoint, counter

TABLE = """CREATE TABLE IF NOT EXISTS connect_metrics (
    integration TEXT NOT NULL, endpoint TEXT NOT NULL, name TEXT NOT NULL, value DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (integration, endpoint, name))"""
ADD = """INSERT INTO connect_metrics AS m VALUES (:integration, :endpoint, :name, :value)
    ON CONFLICT (integration, endpoint, name) DO UPDATE SET value = m.value + :value"""
READ = "SELECT integration, endpoint, name, value FROM connect_metrics"
FORGET = "DELETE FROM connect_metrics WHERE integration = :integration"


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
        self._counts: defaultdict[Key, float] = defaultdict(float)
        self._flushed = clock.ticks()
        if self._store:
            self._store.create(TABLE)

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
            counts = self._counts
            counts[integration, endpoint, f"outcome:{outcome}"] += 1
            counts[integration, endpoint, f"ms:{_bucket(seconds * 1000)}"] += 1
            if retries:
                counts[integration, endpoint, "retries"] += retries
            if waited:
                counts[integration, endpoint, "waited"] += waited
        if self._store and self.clock.ticks() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def slow(self, call: SlowCall) -> None:
        """Report a slow call to the hook."""
        self._on_slow(call)

    def flush(self) -> None:
        """Add what was gathered to the store."""
        if self._store is None:
            return
        with self._lock:
            counts, self._counts = self._counts, defaultdict(float)
            self._flushed = self.clock.ticks()
        rows = [
            {"integration": integration, "endpoint": endpoint, "name": name, "value": value}
            for (integration, endpoint, name), value in sorted(counts.items())
        ]
        if rows:
            self._store.execute_many(ADD, rows)

    def summary(self, integration: str) -> dict[str, Summary]:
        """Return what is known of an integration, by endpoint, over all jobs since the last reset."""
        self.flush()
        endpoints: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for name, endpoint, counter, value in self._read():
            if name == integration:
                endpoints[endpoint][counter] = value
        return {endpoint: _summary(counters) for endpoint, counters in sorted(endpoints.items())}

    def integrations(self) -> list[str]:
        """Names of all integrations that were called."""
        self.flush()
        return sorted({row[0] for row in self._read()})

    def reset(self, integration: str) -> None:
        """Forget an integration's counts, for all jobs."""
        with self._lock:
            for key in [key for key in self._counts if key[0] == integration]:
                del self._counts[key]
        if self._store:
            self._store.execute(FORGET, {"integration": integration})

    def _read(self) -> list[tuple[str, str, str, float]]:
        if self._store:
            return [(str(a), str(b), str(c), float(d)) for a, b, c, d in self._store.execute(READ)]
        with self._lock:
            return [(*key, value) for key, value in self._counts.items()]


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


def _bucket(milliseconds: float) -> int:
    """Index of the latency bucket: its upper edge is 2 ** (index / 8) ms."""
    return math.ceil(_STEPS_PER_DOUBLING * math.log2(max(milliseconds, 0.01)))


def _summary(counters: Mapping[str, float]) -> Summary:
    outcomes = {
        name.removeprefix("outcome:"): int(n) for name, n in counters.items() if name.startswith("outcome:")
    }
    histogram = sorted((int(name[3:]), int(n)) for name, n in counters.items() if name.startswith("ms:"))
    successes = outcomes.pop("success", 0)
    return Summary(
        calls=successes + sum(outcomes.values()),
        successes=successes,
        failures=dict(sorted(outcomes.items())),
        retries=int(counters.get("retries", 0)),
        waited_seconds=round(counters.get("waited", 0.0), 3),
        p50=_percentile(histogram, 0.50),
        p95=_percentile(histogram, 0.95),
        p99=_percentile(histogram, 0.99),
    )


def _percentile(histogram: list[tuple[int, int]], share: float) -> float | None:
    """Upper edge, in milliseconds, of the bucket that the share of all calls does not exceed."""
    rank = math.ceil(share * sum(count for _, count in histogram))
    for index, count in histogram:
        rank -= count
        if rank <= 0:
            return round(2 ** (index / _STEPS_PER_DOUBLING), 2)
    return None
