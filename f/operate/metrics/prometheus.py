"""What was counted as Prometheus reads it: its text format, version 0.0.4. Pure.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from f.operate.metrics.series import EDGES, GAUGES, HISTOGRAM, counters_of, histogram_of

if TYPE_CHECKING:
    from f.operate.metrics.series import Totals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def prometheus_text(totals: Totals, gauges: Mapping[str, float]) -> str:
    """Return the document. Equal counts give equal texts; it ends with a line feed."""
    return "".join(f"{line}\n" for line in _lines(totals, gauges))


def _lines(totals: Totals, gauges: Mapping[str, float]) -> Iterator[str]:
    for counter in counters_of(totals):
        name = f"{counter.name}_total"
        yield from _head(name, "counter", counter.text)
        for labels, value in counter.points:
            yield f"{name}{_labels(labels.items())} {_number(value)}"
    yield from _head(HISTOGRAM.name, "histogram", HISTOGRAM.text)
    for key, counters in totals.items():
        own = list(key._asdict().items())
        found = histogram_of(counters)
        running = 0
        for edge, count in zip((*EDGES, math.inf), found.counts, strict=True):
            running += count
            yield f"{HISTOGRAM.name}_bucket{_labels([*own, ('le', _number(edge))])} {running}"
        yield f"{HISTOGRAM.name}_sum{_labels(own)} {_number(found.seconds)}"
        yield f"{HISTOGRAM.name}_count{_labels(own)} {running}"
    for name, value in gauges.items():
        yield from _head(name, "gauge", GAUGES[name])
        yield f"{name} {_number(value)}"


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {name} {escaped}"
    yield f"# TYPE {name} {kind}"


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(round(value, 6))
