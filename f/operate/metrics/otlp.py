"""What was counted as an OTLP request in JSON, and what a collector's answer means. Pure.

    ExportMetricsServiceRequest -> resourceMetrics -> scopeMetrics -> metrics -> data points

The counts come out of the store, as cumulative sums: each job is a short process, so that an SDK inside of it
would begin at zero with each. They begin when the store's counts did, which nobody wrote down; so
`startTimeUnixNano` is left out, as the protocol allows where it is not known. In OTLP's JSON a 64-bit integer
is a text and an enum is a number.

https://opentelemetry.io/docs/specs/otlp/ and its opentelemetry/proto/metrics/v1/metrics.proto
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from f.operate.metrics.series import EDGES, GAUGES, HISTOGRAM, counters_of, histogram_of

if TYPE_CHECKING:
    from f.operate.metrics.series import Totals

_CUMULATIVE = 2  # AGGREGATION_TEMPORALITY_CUMULATIVE
_SCOPE = "millwright"
_LONGEST = 300  # characters of a collector's own words


def requests_of(
    totals: Totals, gauges: Mapping[str, float], now: float, resource: Mapping[str, str], points: int
) -> Iterator[bytes]:
    """Yield requests of about so many data points each, which together carry everything once.

    `now`: seconds since the epoch. `resource`: attributes such as service.name.
    """
    at = str(int(now * 1e9))
    attributes = _attributes(resource.items())
    batch: list[dict[str, Any]] = []
    size = 0
    for metric, count in _metrics(totals, gauges, at, points):
        if size and size + count > points:
            yield _request(attributes, batch)
            batch, size = [], 0
        batch.append(metric)
        size += count
    if batch:
        yield _request(attributes, batch)


def _request(attributes: list[dict[str, Any]], metrics: list[dict[str, Any]]) -> bytes:
    scope = {"scope": {"name": _SCOPE}, "metrics": metrics}
    body = {"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": [scope]}]}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _metrics(
    totals: Totals, gauges: Mapping[str, float], at: str, most: int
) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield metrics and how many points each has; one with many comes in parts."""
    for counter in counters_of(totals):
        points = [
            {"attributes": _attributes(labels.items()), "timeUnixNano": at, "asDouble": value}
            for labels, value in counter.points
        ]
        for part in _parts(points, most):
            summed = {"dataPoints": part, "aggregationTemporality": _CUMULATIVE, "isMonotonic": True}
            yield {**_head(counter.name, counter.text, counter.unit), "sum": summed}, len(part)
    histograms = [
        {
            "attributes": _attributes(key._asdict().items()),
            "timeUnixNano": at,
            "count": str(sum(found.counts)),
            "sum": found.seconds,
            "bucketCounts": [str(count) for count in found.counts],
            "explicitBounds": list(EDGES),
        }
        for key, found in ((key, histogram_of(counters)) for key, counters in totals.items())
    ]
    for part in _parts(histograms, most):
        summed = {"dataPoints": part, "aggregationTemporality": _CUMULATIVE}
        yield {**_head(*HISTOGRAM), "histogram": summed}, len(part)
    for name, value in gauges.items():
        yield (
            {
                **_head(name, GAUGES[name], "1"),
                "gauge": {"dataPoints": [{"timeUnixNano": at, "asDouble": value}]},
            },
            1,
        )


def _head(name: str, text: str, unit: str) -> dict[str, str]:
    """Return what every metric has. OpenTelemetry puts a dot after the name of what it is about."""
    return {"name": name.replace("millwright_", "millwright.", 1), "description": text, "unit": unit}


def _parts(points: list[dict[str, Any]], most: int) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(points), most):
        yield points[start : start + most]


def _attributes(pairs: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"key": name, "value": {"stringValue": value}} for name, value in pairs]


class Accepted(NamedTuple):
    """What a collector took. `rejected`: data points that it dropped; `message`: its own words, if any."""

    rejected: int
    message: str


def accepted_in(text: str) -> Accepted:
    """Return what the body of a 200 says: an empty object where everything was taken."""
    try:
        body = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        body = {}
    partial = body.get("partialSuccess") if isinstance(body, dict) else None
    if not isinstance(partial, dict):
        return Accepted(0, "")
    try:
        rejected = int(partial.get("rejectedDataPoints") or 0)
    except (ValueError, TypeError):
        rejected = 0
    return Accepted(rejected, str(partial.get("errorMessage") or "")[:_LONGEST])
