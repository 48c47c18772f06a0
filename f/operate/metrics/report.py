"""A report on calls: figures, pictures and a page out of what was counted. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.operate.metrics.numbers import (
    MetricsReport,
    days_of,
    lines_by_endpoint,
    lines_by_integration,
    total_of,
)
from f.operate.metrics.page import errors_text, milliseconds_text, range_text, rate_text
from f.operate.metrics.pictures import calls_by_day, latencies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from f.operate.metrics.counts import Counts
    from f.operate.metrics.numbers import Line, Period

_MOST_ROWS = 50  # of a table on the run's page


def report_of(counts: Counts, period: Period) -> MetricsReport:
    """Return the report of a period."""
    lines = lines_by_integration(counts, period)
    endpoints = lines_by_endpoint(counts, period)
    return MetricsReport(
        summary=_summary(counts, period, lines),
        since=period.now.since,
        until=period.now.until,
        compared=(period.before.since, period.before.until),
        integrations=lines,
        endpoints=endpoints,
        endpoints_left_out=max(0, counts.endpoints - len(endpoints)),
        days=days_of(counts, period),
        problems=counts.problems,
    )


def _summary(counts: Counts, period: Period, lines: Sequence[Line]) -> str:
    total = total_of(counts, period)
    if not total["calls"]:
        return f"No calls {range_text(*period.now)}."
    calls = f"{total['calls']:,} {'call' if total['calls'] == 1 else 'calls'}"
    where = f"{len(lines)} {'integration' if len(lines) == 1 else 'integrations'}"
    return (
        f"{calls} to {where}: {rate_text(total['success_rate'])} succeeded, half of them within "
        f"{milliseconds_text(total['p50'])}, 95 of 100 within {milliseconds_text(total['p95'])}."
    )


def display_of(report: MetricsReport, download: dict[str, Any]) -> dict[str, Any]:
    """Return what Windmill draws on the run's page: a sentence, pictures, tables, the page."""
    items: list[dict[str, Any]] = [{"md": f"**{report['summary']}**"}]
    items += [{"md": text} for text in report["problems"]]
    if report["integrations"]:
        items.append({"svg": calls_by_day(report["days"], report["since"])})
        items.append({"table-row-object": [_cells(line) for line in report["integrations"][:_MOST_ROWS]]})
        items.append({"svg": latencies(report["integrations"])})
        items.append({"table-row-object": [_cells(line) for line in report["endpoints"][:_MOST_ROWS]]})
    return {"render_all": [*items, download]}


def _cells(line: Line) -> dict[str, Any]:
    before = line["before"]
    cells: dict[str, Any] = {"integration": line["integration"]}
    if line["endpoint"]:
        cells["endpoint"] = line["endpoint"]
    cells |= {
        "calls": line["calls"],
        "a day": line["calls_a_day"],
        "success": rate_text(line["success_rate"]),
        "average": milliseconds_text(line["average"]),
        "p50": milliseconds_text(line["p50"]),
        "p95": milliseconds_text(line["p95"]),
        "p99": milliseconds_text(line["p99"]),
        "retries": line["retries"],
        "limit waits": line["waits"],
        "errors": errors_text(line["errors"]),
    }
    if not line["endpoint"]:
        cells["a day before"] = before["calls_a_day"]
        cells["success before"] = rate_text(before["success_rate"])
        cells["p95 before"] = milliseconds_text(before["p95"])
        cells["worse"] = line["verdict"]
    return cells
