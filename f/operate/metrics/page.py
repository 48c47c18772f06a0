"""The report on calls as one HTML document that needs nothing else. Names of others are escaped. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from f.operate.metrics.pictures import calls_by_day, latencies
from f.records.report.page_style import document

if TYPE_CHECKING:
    from f.operate.metrics.numbers import MetricsReport

_MOST_ERRORS = 4  # classes of errors of one line
_STYLE = """
main { max-width: 1040px; }
.wide { overflow-x: auto; }
.wide table { min-width: 640px; }
.wide th, .wide td { padding-right: 12px; }
.wide tbody th { overflow-wrap: anywhere; min-width: 130px; }
.worse { color: var(--alert); font-weight: 600; }
section > svg { display: block; }
section > svg + * { margin-top: 16px; }
@media print { .wide { overflow: visible; } }
"""
_COLUMNS = ("Calls", "A day", "Success", "p50", "p95", "p99", "Retries", "Limit waits")


def page_of(report: MetricsReport) -> str:
    """Return the whole document. Equal reports give equal pages."""
    title = f"Calls {range_text(report['since'], report['until'])}"
    before = "Compared with {} to {}. Days are UTC days.".format(*report["compared"])
    head = (
        f'<header><h1>{escape(title)}</h1><p class="verdict">{_verdict(report)}</p>'
        f'<p class="quiet">{escape(before)}</p></header>'
    )
    return document(f"{title}: {report['summary']}", [head, *_sections(report)], _STYLE)


def _sections(report: MetricsReport) -> list[str]:
    problems = "".join(f"<p>{escape(text)}</p>" for text in report["problems"])
    if not report["integrations"]:
        return [_section("Nothing was called", f"<p>No job has called anything in these days.</p>{problems}")]
    left = report["endpoints_left_out"]
    more = f'<p class="quiet">And {left:,} more, called less often.</p>' if left else ""
    return [
        _aside(problems),
        _section("Calls by day", calls_by_day(report["days"], report["since"])),
        _section("Integrations", _table(report["integrations"], "integration")),
        _section("How long calls took", latencies(report["integrations"])),
        _section("Errors", _errors(report["integrations"])),
        _section("Busiest endpoints", _table(report["endpoints"], "endpoint") + more),
    ]


def _verdict(report: MetricsReport) -> str:
    worse = [line for line in report["integrations"] if line["verdict"] not in ("", "new")]
    text = escape(report["summary"])
    if not worse:
        return text
    names = escape(", ".join(f"{line['integration']} {line['verdict']}" for line in worse[:3]))
    more = f" and {len(worse) - 3} more" if len(worse) > 3 else ""
    return f'{text} <span class="alert">Worse than before: {names}{more}.</span>'


def _aside(text: str) -> str:
    return f'<aside class="banner stop">{text}</aside>' if text else ""


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>" if body else ""


def _table(lines: Sequence[Mapping[str, object]], kind: str) -> str:
    head = "".join(f'<th scope="col" class="number">{name}</th>' for name in _COLUMNS)
    rows = "".join(_row(line, kind) for line in lines)
    return (
        f'<div class="wide"><table><caption>Calls by {kind}</caption><thead><tr>'
        f'<th scope="col">{kind.capitalize()}</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(line: Mapping[str, object], kind: str) -> str:
    name = escape(str(line["integration"]))
    if kind == "endpoint":
        name = f'{escape(str(line["endpoint"]))}<br><span class="quiet">{name}</span>'
    if line["verdict"]:
        name += f'<br><span class="worse">{escape(str(line["verdict"]))}</span>'
    waits = f"{line['waits']:,} ({line['waited_seconds']:,.0f} s)" if line["waits"] else "0"
    cells = [
        f"{line['calls']:,}",
        f"{line['calls_a_day']:,.0f}",
        rate_text(line["success_rate"]),
        *(milliseconds_text(line[one]) for one in ("p50", "p95", "p99")),
        f"{line['retries']:,}",
        waits,
    ]
    before = line["before"] if kind == "integration" else None
    if isinstance(before, Mapping) and before["calls_a_day"]:
        cells[1] += _was(f"{before['calls_a_day']:,.0f}")
        cells[2] += _was(rate_text(before["success_rate"]))
        cells[4] += _was(milliseconds_text(before["p95"]))
    return (
        f'<tr><th scope="row">{name}</th>'
        + "".join(f'<td class="number">{one}</td>' for one in cells)
        + "</tr>"
    )


def _was(text: str) -> str:
    return f'<br><span class="quiet">was {text}</span>'


def _errors(lines: Sequence[Mapping[str, object]]) -> str:
    rows = []
    for line in lines:
        errors = line["errors"]
        if isinstance(errors, Mapping) and errors:
            name, text = escape(str(line["integration"])), escape(errors_text(errors))
            rows.append(f'<tr><th scope="row">{name}</th><td>{text}</td></tr>')
    if not rows:
        return "<p>None.</p>"
    return (
        '<table class="words"><caption>Errors by integration and class</caption><thead><tr>'
        '<th scope="col">Integration</th><th scope="col">Calls that ended so</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def errors_text(errors: Mapping[str, int]) -> str:
    """Return the most frequent classes of errors in words: 12 TryLater, 3 http_404."""
    ranked = sorted(errors.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{count:,} {name}" for name, count in ranked[:_MOST_ERRORS]]
    rest = sum(count for _, count in ranked[_MOST_ERRORS:])
    return ", ".join([*words, f"{rest:,} others"] if rest else words)


def rate_text(rate: object) -> str:
    """Return a share with two decimals that never rounds a failure away."""
    if not isinstance(rate, int | float):
        return ""
    text = f"{100 * rate:.1f}%"
    return ">99.9%" if rate < 1 and text == "100.0%" else text


def milliseconds_text(value: object) -> str:
    """Return a duration as people read it; "" if it is not known."""
    if not isinstance(value, int | float):
        return ""
    return (
        f"{value / 1000:,.1f} s" if value >= 1000 else f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
    )


def range_text(since: str, until: str) -> str:
    """Return days in words."""
    return f"on {since}" if since == until else f"from {since} to {until}"
