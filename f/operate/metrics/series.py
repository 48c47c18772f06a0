"""What was counted as series with stable names, for who collects them: counters, histogram, gauges. Pure.

A name says its unit. What it counts is told by labels that are few: integrations, their busiest endpoints and
how calls ended; what is beyond is one series, `(other)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from f.connect.histogram import Histogram
from f.connect.metrics import BUCKET, OUTCOME
from f.operate.metrics.counts import Endpoint

if TYPE_CHECKING:
    from f.connect.metrics import Counters

Totals = Mapping[Endpoint, "Counters"]

# Seconds, from 8 ms on twice as long each: upper edges of our own buckets, so that no count is a guess.
_EDGE_BUCKETS = tuple(8 * doubling for doubling in range(3, 17))
EDGES = tuple(Histogram.edge_ms(bucket) / 1000 for bucket in _EDGE_BUCKETS)


class Series(NamedTuple):
    """A name without Prometheus's `_total`, what it is, and its unit as OpenTelemetry writes it (UCUM)."""

    name: str
    text: str
    unit: str


class Counter(NamedTuple):
    """A series that only grows, but for a reset: its points by their labels."""

    name: str
    text: str
    unit: str
    points: list[tuple[dict[str, str], float]]


class Buckets(NamedTuple):
    """A histogram: how many calls up to each edge, beyond the one before; the last is beyond all."""

    counts: list[int]
    seconds: float


HISTOGRAM = Series(
    "millwright_call_duration_seconds", "Time from request to result, waits and retries included.", "s"
)
_CALLS = Series("millwright_calls", "Calls by how they ended: success, http_404, TryLater.", "{call}")
_PLAIN = (
    ("retries", Series("millwright_retries", "Attempts beyond the first of a call.", "{retry}")),
    ("waits", Series("millwright_limit_waits", "Calls that waited for a rate limit.", "{call}")),
    ("waited", Series("millwright_limit_wait_seconds", "Time that calls waited for a rate limit.", "s")),
)
GAUGES = {
    "millwright_circuits_open": "Circuit breakers that let no call through now.",
    "millwright_webhook_dead_letters": "Webhook events whose handling was given up.",
    "millwright_targets_paused": "Targets of imports that take nothing now; the rows sent to them wait.",
}


def counters_of(totals: Totals) -> Iterator[Counter]:
    """Yield every counter with its points."""
    calls = [
        ({**key._asdict(), "outcome": name.removeprefix(OUTCOME)}, value)
        for key, counters in totals.items()
        for name, value in sorted(counters.items())
        if name.startswith(OUTCOME)
    ]
    yield Counter(*_CALLS, calls)
    for name, series in _PLAIN:
        points = [(dict(key._asdict()), counters.get(name, 0.0)) for key, counters in totals.items()]
        yield Counter(*series, points)


def histogram_of(counters: Mapping[str, float]) -> Buckets:
    """Return the histogram of an endpoint.

    Calls that earlier versions counted are in its buckets and not in its sum, of which they kept none.
    """
    counts = [0] * (len(EDGES) + 1)
    for name, value in counters.items():
        if name.startswith(BUCKET):
            bucket = int(name.removeprefix(BUCKET))
            at = next((n for n, edge in enumerate(_EDGE_BUCKETS) if bucket <= edge), len(EDGES))
            counts[at] += int(value)
    return Buckets(counts, counters.get("seconds", 0.0))
