"""The figures of a report on calls: a range of days beside the seven days before it. Pure.

Rates and percentiles of ranges of any length can be compared as they are; calls are given for each day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from f.connect.errors import FixInput
from f.connect.metrics import KEEP_DAYS, summary_of
from f.operate.metrics.counts import Endpoint, Range, add_up, calls_in

if TYPE_CHECKING:
    from f.connect.metrics import Counters, Summary
    from f.operate.metrics.counts import Counts

BEFORE_DAYS = 7
_FEW_CALLS = 20  # of which neither a rate nor a percentile says that something changed


class Period(NamedTuple):
    """The days of a report, and the seven before them. `days`: how many have begun."""

    now: Range
    before: Range
    days: int

    def all_days(self) -> list[str]:
        """Return every day of both, in their order."""
        first, last = date.fromisoformat(self.before.since), date.fromisoformat(self.now.until)
        return [(first + timedelta(n)).isoformat() for n in range((last - first).days + 1)]


class Line(TypedDict):
    """One integration or endpoint. Times in ms; `before` has what the seven days before were like.

    `calls_a_day`: of days that have begun. `verdict`: what changed for the worse, in a few words, else "".
    """

    integration: str
    endpoint: str
    calls: int
    calls_a_day: float
    success_rate: float | None
    average: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    retries: int
    waits: int
    waited_seconds: float
    errors: dict[str, int]
    before: Before
    verdict: str


class Before(TypedDict):
    """The seven days before, of the same integration or endpoint."""

    calls_a_day: float
    success_rate: float | None
    p95: float | None


class Day(TypedDict):
    """One day over all integrations."""

    day: str
    calls: int
    failed: int


class MetricsReport(TypedDict):
    """How the calls of some days went, beside the seven days before (`compared`: the first and the last).

    `problems`: sentences about what could not be read. `endpoints`: the busiest.
    """

    summary: str
    since: str
    until: str
    compared: tuple[str, str]
    integrations: list[Line]
    endpoints: list[Line]
    endpoints_left_out: int
    days: list[Day]
    problems: list[str]


def period_of(since: str, until: str, now: float) -> Period:
    """Return the period of a report: today without dates. FixInput for dates that are none or not kept."""
    today = datetime.fromtimestamp(now, UTC).date()
    last = _date("until", until) if until else today
    first = _date("since", since) if since else last
    if first > last:
        raise FixInput(f"since ({first}) comes after until ({last}). Swap them.", code="bad_time")
    if last > today:
        raise FixInput(f"until ({last}) is in the future; today is {today} in UTC.", code="bad_time")
    oldest = today - timedelta(KEEP_DAYS)
    if first < oldest:
        raise FixInput(
            f"since is {first}; calls are kept by day for {KEEP_DAYS} days: from {oldest} on.",
            code="bad_time",
        )
    before = Range(str(first - timedelta(BEFORE_DAYS)), str(first - timedelta(1)))
    return Period(Range(str(first), str(last)), before, (last - first).days + 1)


def _date(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError as error:
        raise FixInput(f"{name} is {text!r}. Write a day like 2026-11-29.", code="bad_time") from error


def lines_by_integration(counts: Counts, period: Period) -> list[Line]:
    """Return a line for each integration that was called, the busiest first."""
    lines = []
    for name in sorted({integration for _, integration in counts.by_day}):
        now = _within(counts, name, period.now)
        line = _line(Endpoint(name, ""), now, period.days)
        if line["calls"]:
            earlier = [c for (day, one), c in counts.by_day.items() if one == name and day < period.now.since]
            _compare(line, summary_of(add_up(earlier)), len(earlier))
            lines.append(line)
    return sorted(lines, key=lambda one: (-one["calls"], one["integration"]))


def lines_by_endpoint(counts: Counts, period: Period) -> list[Line]:
    """Return a line for each of the busiest endpoints, without the days before."""
    return [_line(key, counters, period.days) for key, counters in counts.by_endpoint.items()]


def days_of(counts: Counts, period: Period) -> list[Day]:
    """Return the calls of each day of the report and of the week before."""
    days = []
    for day in period.all_days():
        total = add_up(counters for (one, _), counters in counts.by_day.items() if one == day)
        calls = calls_in(total)
        days.append(Day(day=day, calls=int(calls), failed=int(calls - total["outcome:success"])))
    return days


def total_of(counts: Counts, period: Period) -> Summary:
    """Return all integrations as one."""
    return summary_of(
        add_up(c for (day, _), c in counts.by_day.items() if period.now.since <= day <= period.now.until)
    )


def _within(counts: Counts, name: str, days: Range) -> Counters:
    return add_up(
        counters
        for (day, integration), counters in counts.by_day.items()
        if integration == name and days.since <= day <= days.until
    )


def _line(key: Endpoint, counters: Mapping[str, float], days: int) -> Line:
    found = summary_of(counters)
    return Line(
        integration=key.integration,
        endpoint=key.endpoint,
        calls=found["calls"],
        calls_a_day=round(found["calls"] / days, 1),
        success_rate=found["success_rate"],
        average=found["average"],
        p50=found["p50"],
        p95=found["p95"],
        p99=found["p99"],
        retries=found["retries"],
        waits=found["waits"],
        waited_seconds=found["waited_seconds"],
        errors=found["failures"],
        before=Before(calls_a_day=0.0, success_rate=None, p95=None),
        verdict="",
    )


def _compare(line: Line, before: Summary, days: int) -> None:
    """Add what the days before were like; days without a call count for nothing."""
    if not before["calls"]:
        line["verdict"] = "new"
        return
    line["before"] = Before(
        calls_a_day=round(before["calls"] / days, 1), success_rate=before["success_rate"], p95=before["p95"]
    )
    if min(line["calls"], before["calls"]) < _FEW_CALLS:
        return
    worse = []
    if (line["success_rate"] or 0) < (before["success_rate"] or 0) - 0.05:
        worse.append("fails more often")
    if line["p95"] and before["p95"] and line["p95"] > 2 * before["p95"]:
        worse.append("slower")
    line["verdict"] = ", ".join(worse)
