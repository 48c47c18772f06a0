"""Counts calls per integration and endpoint: how many, how they ended, how long they took.

Counts are gathered in memory and added to the shared store every few seconds and at the end, so
that a dashboard sees all jobs and a call pays a few dictionary additions.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import logging
import math
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, TypeVar, cast

from f.connect.times import REAL, Clock
from f.store.stores import memory_store

if TYPE_CHECKING:
    from f.store.store import Store

P = ParamSpec("P")
T = TypeVar("T")

FLUSH_SECONDS = 5.0
_STEPS_PER_DOUBLING = 8  # buckets grow by 9 %, which is also the percentiles' error
_SHORTEST_MS = 0.01
_BUCKET = "ms:"  # and its number: the counter of a latency bucket

log = logging.getLogger("connect.metrics")


class Latency(TypedDict):
    """Milliseconds from request to reply."""

    p50: float
    p95: float
    p99: float
    max: float


class Histogram:
    """Durations counted by logarithmic bucket, seconds in and milliseconds out; several add up to one.

    The upper edge of bucket n is 2 ** (n / 8) ms. `longest`: seconds, infinite if nobody kept it.
    """

    def __init__(self, buckets: Mapping[int, int] | None = None, longest: float = 0.0) -> None:
        self._counts = Counter(buckets or {})
        self._longest = longest

    @staticmethod
    def bucket_of(seconds: float) -> int:
        """Return the bucket that counts so long a duration."""
        return math.ceil(_STEPS_PER_DOUBLING * math.log2(max(seconds * 1000, _SHORTEST_MS)))

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[self.bucket_of(seconds)] += 1
        self._longest = max(self._longest, seconds)

    def to_json(self) -> dict[str, object]:
        """Return what `merged` takes, in another process."""
        return {
            "buckets": {str(bucket): count for bucket, count in self._counts.items()},
            "longest": self._longest,
        }

    @classmethod
    def merged(cls, parts: Iterable[Mapping[str, Any]]) -> Histogram:
        """Return the sum of histograms, each as `to_json` gave it."""
        total = cls()
        for part in parts:
            total._counts.update({int(bucket): count for bucket, count in part["buckets"].items()})
            total._longest = max(total._longest, part["longest"])
        return total

    def summary(self) -> Latency | None:
        """Return percentiles and the longest; None if nothing was counted."""
        if not self._counts:
            return None
        return {
            "p50": self._percentile(0.50),
            "p95": self._percentile(0.95),
            "p99": self._percentile(0.99),
            "max": round(self._longest * 1000, 2),
        }

    def _percentile(self, share: float) -> float:
        """Return the upper edge of the bucket that this share of all durations does not exceed."""
        rank = math.ceil(share * self._counts.total())
        for bucket in sorted(self._counts):
            rank -= self._counts[bucket]
            if rank <= 0:
                break
        return round(min(2 ** (bucket / _STEPS_PER_DOUBLING), self._longest * 1000), 2)


@dataclass(frozen=True, slots=True)
class SlowCall:
    """A call that took longer than it should; `alert` above the second threshold."""

    integration: str
    endpoint: str
    seconds: float
    alert: bool


class Summary(TypedDict):
    """One endpoint. Histogram are milliseconds per call, waiting and retries included; None without calls."""

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
ADD = """INSERT INTO connect_metrics AS m
    SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, CAST(j.value ->> 3 AS DOUBLE PRECISION)
    FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (integration, endpoint, name) DO UPDATE SET value = m.value + excluded.value"""
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
        self.later: Callable[[Callable[[], None]], object] = lambda work: work()  # how to flush in between
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
            counts[integration, endpoint, f"{_BUCKET}{Histogram.bucket_of(seconds)}"] += 1
            if retries:
                counts[integration, endpoint, "retries"] += retries
            if waited:
                counts[integration, endpoint, "waited"] += waited
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
            counts, self._counts = self._counts, defaultdict(float)
            self._flushed = self.clock.ticks()
        rows = [[*key, value] for key, value in sorted(counts.items())]
        if rows:
            self._store.execute(ADD, {"rows": json.dumps(rows)})

    def summary(self, integration: str) -> dict[str, Summary]:
        """Return what is known of an integration, by endpoint, over all jobs since the last reset."""
        self.flush()
        endpoints: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for name, endpoint, counter, value in self._read():
            if name == integration:
                endpoints[endpoint][counter] = value
        return {endpoint: _summary(counters) for endpoint, counters in sorted(endpoints.items())}

    def integrations(self) -> list[str]:
        """Return the names of all integrations that were called."""
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


def _summary(counters: Mapping[str, float]) -> Summary:
    outcomes = {
        name.removeprefix("outcome:"): int(n) for name, n in counters.items() if name.startswith("outcome:")
    }
    buckets = {
        int(name.removeprefix(_BUCKET)): int(n) for name, n in counters.items() if name.startswith(_BUCKET)
    }
    latency = Histogram(buckets, longest=math.inf).summary()
    successes = outcomes.pop("success", 0)
    return Summary(
        calls=successes + sum(outcomes.values()),
        successes=successes,
        failures=dict(sorted(outcomes.items())),
        retries=int(counters.get("retries", 0)),
        waited_seconds=round(counters.get("waited", 0.0), 3),
        p50=latency and latency["p50"],
        p95=latency and latency["p95"],
        p99=latency and latency["p99"],
    )
