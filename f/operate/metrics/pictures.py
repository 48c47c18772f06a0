"""Pictures of how calls went, as standalone SVG that follows light and dark mode. Pure.

They fill the width of their place and keep their height. Every number in them stands in a table beside them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from html import escape
from typing import TYPE_CHECKING

from f.records.report.palette import GROUND, INK, PALETTE, QUIET

if TYPE_CHECKING:
    from f.operate.metrics.numbers import Day, Line

_WENT_WELL, _FAILED, _BEFORE = PALETTE["updated"], PALETTE["rejected"], PALETTE["duplicate"]
_BARS_TOP, _BARS_HEIGHT = 40, 120
_MOST_LINES = 15  # integrations in one picture; all stand in the table
_LINE_HEIGHT = 30
_LABEL_CHARACTERS = 22
_LEGEND_STEP = 31  # percent of the width, so that three words have room on a telephone
_SMALLEST = 2.0  # pixels of a bar that is not nothing


def calls_by_day(days: Sequence[Day], since: str) -> str:
    """Return a bar for each day, its failures in another colour. Days before `since` are paler."""
    most = max((day["calls"] for day in days), default=0) or 1
    step = 94 / max(len(days), 1)
    bars = [
        _bar(day, 3 + step * at, step * 0.76, most, is_before=day["day"] < since)
        for at, day in enumerate(days)
    ]
    named = {0, len(days) - 1} | {at for at, day in enumerate(days) if day["day"] == since}
    labels = [
        _day_label(day, 3 + step * (at + 0.38), at, len(days)) for at, day in enumerate(days) if at in named
    ]
    total, failed = sum(day["calls"] for day in days), sum(day["failed"] for day in days)
    return _picture(
        "days",
        _BARS_TOP + _BARS_HEIGHT + 34,
        "Calls by day",
        f"{total:,} calls in {len(days)} days, {failed:,} of them failed; at most {most:,} in a day.",
        f"{_legend([('succeeded', 'good'), ('failed', 'bad'), ('before', 'before')])}"
        f'<line class="mp-line" x1="3%" x2="97%" y1="{_BARS_TOP + _BARS_HEIGHT}" '
        f'y2="{_BARS_TOP + _BARS_HEIGHT}" stroke="{QUIET[0]}" stroke-opacity=".5"/>'
        f'<text class="mp-quiet mp-most" x="97%" y="24" text-anchor="end" '
        f'fill="{QUIET[0]}">most {most:,}</text>' + "".join([*bars, *labels]),
    )


def _bar(day: Day, left: float, width: float, most: int, *, is_before: bool) -> str:
    calls, failed = day["calls"], day["failed"]
    name, colour = ("before", _BEFORE) if is_before else ("good", _WENT_WELL)
    bottom = _BARS_TOP + _BARS_HEIGHT
    whole = max(_SMALLEST, _BARS_HEIGHT * calls / most) if calls else 0.0
    bad = min(whole, max(_SMALLEST, _BARS_HEIGHT * failed / most)) if failed else 0.0
    title = f"<title>{escape(day['day'])}: {calls:,} calls, {failed:,} failed</title>"
    place = f'x="{left:.2f}%" width="{width:.2f}%"'
    good = (
        f'<rect class="mp-{name}" {place} y="{bottom - whole:.1f}" height="{whole - bad:.1f}" '
        f'fill="{colour[0]}">{title}</rect>'
    )
    lost = (
        f'<rect class="mp-bad" {place} y="{bottom - bad:.1f}" height="{bad:.1f}" fill="{_FAILED[0]}">'
        f"{title}</rect>"
    )
    return (good if whole > bad else "") + (lost if bad else "")


def _day_label(day: Day, middle: float, at: int, days: int) -> str:
    read = date.fromisoformat(day["day"])
    anchor = "start" if at == 0 and days > 1 else "end" if at == days - 1 and days > 1 else "middle"
    return (
        f'<text class="mp-quiet" x="{middle:.2f}%" y="{_BARS_TOP + _BARS_HEIGHT + 20}" '
        f'text-anchor="{anchor}" fill="{QUIET[0]}">{read.day} {read:%b}</text>'
    )


def latencies(lines: Sequence[Line]) -> str:
    """Return, for each integration, where half, 95 and 99 of 100 calls end, on one logarithmic scale."""
    drawn = [line for line in lines if line["p50"] is not None][:_MOST_LINES]
    if not drawn:
        return ""
    low, high = _scale(drawn)
    height = 46 + _LINE_HEIGHT * len(drawn) + 26
    rows = "".join(_latency(line, 46 + _LINE_HEIGHT * at, low, high) for at, line in enumerate(drawn))
    ticks = "".join(_tick(power, low, high, height) for power in range(low, high + 1))
    words = "; ".join(
        f"{line['integration']} {_span(line['p50'])} and {_span(line['p99'])}" for line in drawn
    )
    return _picture(
        "latency",
        height,
        "How long calls took, by integration",
        f"Median and 99th percentile: {words}.",
        _legend([("p50 to p95", "good"), ("to p99", "bad"), ("p95 before", "before")]) + ticks + rows,
    )


def _scale(lines: Sequence[Line]) -> tuple[int, int]:
    """Return the powers of ten, in ms, between which all lies."""
    values = [value for line in lines for value in (line["p50"], line["p99"], line["before"]["p95"]) if value]
    low = math.floor(math.log10(max(min(values, default=1.0), 0.01)))
    high = math.ceil(math.log10(max(max(values, default=10.0), 0.1)))
    return low, max(high, low + 1)


def _at(milliseconds: float | None, low: int, high: int) -> float:
    """Return the percent of the width at which a duration stands."""
    share = (math.log10(max(milliseconds or 0.0, 10.0**low)) - low) / (high - low)
    return 32 + 64 * min(1.0, share)


def _latency(line: Line, top: int, low: int, high: int) -> str:
    half, most, all_but_one = (_at(line[name], low, high) for name in ("p50", "p95", "p99"))
    y, name = top + 8, line["integration"]
    shown = name if len(name) <= _LABEL_CHARACTERS else f"{name[: _LABEL_CHARACTERS - 1]}…"
    title = (
        f"<title>{escape(name)}: p50 {_span(line['p50'])}, p95 {_span(line['p95'])}, "
        f"p99 {_span(line['p99'])}</title>"
    )
    earlier = line["before"]["p95"]
    mark = (
        f'<rect class="mp-before" x="{_at(earlier, low, high):.2f}%" y="{y - 4}" width="3" height="20" '
        f'fill="{_BEFORE[0]}"><title>p95 before: {_span(earlier)}</title></rect>'
        if earlier
        else ""
    )
    return (
        f'<text class="mp-ink" x="3%" y="{y + 11}" fill="{INK[0]}">{escape(shown)}</text>'
        f'<rect class="mp-good" x="{half:.2f}%" y="{y}" width="{max(most - half, 0.4):.2f}%" '
        f'height="12" rx="2" fill="{_WENT_WELL[0]}">{title}</rect>'
        f'<rect class="mp-bad" x="{most:.2f}%" y="{y + 4}" width="{max(all_but_one - most, 0.2):.2f}%" '
        f'height="4" fill="{_FAILED[0]}">{title}</rect>{mark}'
    )


def _tick(power: int, low: int, high: int, height: int) -> str:
    x, anchor = _at(10.0**power, low, high), "end" if power == high else "middle"
    return (
        f'<line class="mp-line" x1="{x:.2f}%" x2="{x:.2f}%" y1="42" y2="{height - 26}" '
        f'stroke="{QUIET[0]}" stroke-opacity=".25"/>'
        f'<text class="mp-quiet" x="{x:.2f}%" y="{height - 10}" text-anchor="{anchor}" '
        f'fill="{QUIET[0]}">{_span(10.0**power)}</text>'
    )


def _span(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "?"
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:,.3g} s"
    return f"{milliseconds:.3g} ms"


def _legend(names: Sequence[tuple[str, str]]) -> str:
    fills = {"good": _WENT_WELL[0], "bad": _FAILED[0], "before": _BEFORE[0]}
    return "".join(
        f'<rect class="mp-{kind}" x="{3 + _LEGEND_STEP * at}%" y="13" width="12" height="12" rx="3" '
        f'fill="{fills[kind]}"/><text class="mp-ink" x="{3 + _LEGEND_STEP * at}%" dx="18" y="24" '
        f'fill="{INK[0]}">{escape(name)}</text>'
        for at, (name, kind) in enumerate(names)
    )


def _picture(name: str, height: int, title: str, text: str, content: str) -> str:
    dark = (
        f".mp-good{{fill:{_WENT_WELL[1]}}}.mp-bad{{fill:{_FAILED[1]}}}.mp-before{{fill:{_BEFORE[1]}}}"
        f".mp-ground{{fill:{GROUND[1]}}}.mp-ink{{fill:{INK[1]}}}.mp-quiet{{fill:{QUIET[1]}}}"
        f".mp-line{{stroke:{QUIET[1]}}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{height}" role="img" '
        f'aria-labelledby="{name}-title {name}-text" font-family="system-ui, sans-serif" font-size="13">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-text">{escape(text)}</desc>'
        f"<style>@media (max-width:560px){{.mp-most{{display:none}}}}"
        f"@media (prefers-color-scheme:dark){{{dark}}}</style>"
        f'<rect class="mp-ground" width="100%" height="{height}" rx="10" fill="{GROUND[0]}"/>{content}</svg>'
    )
