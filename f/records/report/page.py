"""The report of an import as one HTML document that needs nothing else: no script, no font, no network.

Everything that comes from the file, the target or a person is escaped, and the page forbids scripts and
loading by its own content security policy as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

from f.records.report.certificate_section import certificate_section
from f.records.report.chart import in_rows, percent, plain_bar
from f.records.report.count_table import colour_of, count_table, label
from f.records.report.evidence import Evidence
from f.records.report.next_steps import next_steps
from f.records.report.page_style import document
from f.records.report.parked_rows import describe_parked, rows_waiting
from f.records.report.plan_section import plan_section
from f.records.report.reading_section import reading_section, repairs_section

if TYPE_CHECKING:
    from f.records.planning.forecast import Forecast
    from f.records.report.summary import ImportSummary
    from f.records.rows.tally import Example, Reason

_NONE = ' class="none"'
_NEED_A_PERSON = ("invalid", "rejected", "failed", "unknown", "would_refuse", "would_hold")


def render_page(summary: ImportSummary, evidence: Evidence | None = None) -> str:
    """Return the whole document. Equal summaries give equal pages.

    `evidence` is what the page shows of the file's own rows; without it the examples are masked.
    """
    seen, plan = evidence or Evidence(), summary["plan"]
    verdict, attention = _verdict(summary)
    title = f"{_title(summary)}: {'; '.join(filter(None, (verdict, attention)))}"
    parts = [
        f"<header><h1>{escape(_title(summary))}</h1>",
        f'<p class="verdict">{escape(verdict)}{_alert(attention)}</p>{_subtitle(summary)}</header>',
        _banners(summary),
        next_steps(summary),
        _counts(summary["counts"], dry_run=summary["dry_run"]),
        plan_section(plan, seen.changes or plan["examples"], dry_run=summary["dry_run"]) if plan else "",
        _reasons(summary["reasons"], seen),
        certificate_section(summary["certificate"]) if summary["certificate"] else "",
        repairs_section(seen),
        reading_section(summary["table"], summary["mapping"], seen),
        _timings(summary),
        _guarantee(summary["guarantee"]),
        _footer(summary),
    ]
    return document(title, parts)


def _title(summary: ImportSummary) -> str:
    target = f" into {summary['target']}" if summary["target"] else ""
    return f"Import of {summary['source']}{target}"


def _verdict(summary: ImportSummary) -> tuple[str, str]:
    """What the import has achieved, and which rows need a person (an empty text if none do)."""
    counts = summary["counts"]
    rows = counts["rows"]
    waiting = rows_waiting(summary["rest"])
    left = sum(counts.get(name, 0) for name in _NEED_A_PERSON) - waiting
    where = "in the target"
    attention = f"{in_rows(left)} {_verb('need', left)} your attention" if left else ""
    if not rows:
        return "The file has no rows", ""
    if summary["dry_run"]:
        return _would_be(counts), attention
    there = rows - left - waiting
    parked = f"; {in_rows(waiting)} {_verb('wait', waiting)} for a later run" if waiting else ""
    if there == rows:
        return (f"All {rows:,} rows are {where}" if rows > 1 else f"The one row is {where}"), ""
    if not there:
        return f"No row is {where}{parked}", attention
    return f"{there:,} of {in_rows(rows)} {'is' if there == 1 else 'are'} {where}{parked}", attention


def _would_be(counts: Mapping[str, int]) -> str:
    """What an import would do, of a file that has rows."""
    words = {"would_create": "created", "would_update": "updated", "would_leave": "left as they are"}
    parts = [f"{counts[name]:,} {word}" for name, word in words.items() if counts[name]]
    if parts:
        first, _, word = parts[0].partition(" ")
        planned = ", ".join([f"{first} would be {word}", *parts[1:]])
    else:
        planned = ""
    if unknown := counts["not_known"]:
        return f"{planned}, {unknown:,} not known" if planned else f"Nothing is known of {in_rows(unknown)}"
    return planned or "No row would be sent"


def _verb(verb: str, count: int) -> str:
    return f"{verb}s" if count == 1 else verb


def _subtitle(summary: ImportSummary) -> str:
    lines = []
    if summary["dry_run"]:
        lines.append("Dry run: every row was checked; nothing was sent to the target.")
    if first := summary["continues"]:
        lines.append(f"Continues import <code>{escape(first)}</code>.")
    return "".join(f'<p class="quiet">{line}</p>' for line in lines)


def _alert(text: str) -> str:
    return f'; <span class="alert">{escape(text)}</span>' if text else ""


def _banners(summary: ImportSummary) -> str:
    banners = []
    stopped, rest = summary["stopped"], summary["rest"]
    if stopped is not None and "resume_at" in stopped and rows_waiting(rest):
        banners.append(
            f'<aside class="banner dry"><p><strong>Parked.</strong> {escape(stopped["message"])} '
            f"{escape(describe_parked(rest))}</p></aside>"
        )
    elif stopped is not None:
        message = f"{stopped['message']} {describe_parked(rest)}".strip()
        banners.append(
            '<aside class="banner stop"><p><strong>Stopped before all rows were sent.</strong> '
            f'{escape(message)} <code class="quiet">{escape(stopped["code"])}</code></p></aside>'
        )
    return "\n".join(banners)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _counts(counts: Mapping[str, int], *, dry_run: bool) -> str:
    rows = counts["rows"]
    table = count_table(counts)
    whole = "every row of the file, once" if dry_run else "one outcome for every row of the file"
    body = "".join(
        f'<tr{"" if one.rows else _NONE}><th scope="row" class="outcome {one.colour}">{one.name}</th>'
        f'<td class="number">{one.rows:,}</td>'
        f'<td class="number share">{escape(percent(one.rows, rows))}</td>'
        f"<td>{escape(one.meaning)}</td></tr>"
        for one in table
    )
    return _section(
        "What an import would do" if dry_run else "Outcomes",
        f'<div class="bar">{plain_bar(counts)}</div>'
        "<table><caption>Rows by outcome</caption><thead><tr>"
        '<th scope="col">Outcome</th><th scope="col" class="number">Rows</th>'
        '<th scope="col" class="number share">Share</th><th scope="col">Meaning</th>'
        f"</tr></thead><tbody>{body}</tbody><tfoot><tr>"
        f'<th scope="row">total</th><td class="number">{counts["rows"]:,}</td>'
        f'<td class="number share"></td><td>{whole}</td></tr></tfoot></table>',
    )


def _reasons(reasons: Iterable[Reason], seen: Evidence) -> str:
    body = "".join(_reason(reason, seen) for reason in reasons)
    if not body:
        return ""
    return _section(
        "Reasons",
        '<table role="table" class="reasons"><caption>Rows by reason</caption>'
        '<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Outcome</th>'
        '<th role="columnheader" scope="col">Reason, what to do, first examples</th>'
        '<th role="columnheader" scope="col" class="number">Rows</th></tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>',
    )


def _reason(reason: Reason, seen: Evidence) -> str:
    # The roles repeat what the elements say: on a narrow screen a row is laid out as a grid, and some
    # browsers then no longer call it a row.
    outcome, colour = escape(label(reason["outcome"])), escape(colour_of(reason["outcome"]))
    count, unit = in_rows(reason["rows"]).split()
    return (
        f'<tr role="row"><th role="rowheader" scope="row" class="outcome {colour}">{outcome}</th>'
        f'<td role="cell" class="why"><div class="reason">{escape(reason["message"])}</div>'
        f"<div>{escape(reason['hint'])}</div>{_examples(reason['examples'], seen)}</td>"
        f'<td role="cell" class="number">{count}<span class="unit"> {unit}</span></td></tr>'
    )


def _examples(examples: Iterable[Example], seen: Evidence) -> str:
    items = []
    for example in examples:
        value = seen.example(example)
        shown = f'<span class="value">{escape(value)}</span>' if value else ""
        words = [f"Line {example['line']:,}", escape(example["column"] or ""), shown]
        detail = seen.detail(example["line"])
        said = f'<div class="said">{escape(detail)}</div>' if detail else ""
        items.append(f"<li>{' · '.join(filter(None, words))}{said}</li>")
    return f'<ul class="examples">{"".join(items)}</ul>' if items else ""


def _timings(summary: ImportSummary) -> str:
    timings, seconds, forecast = summary["timings"], summary["seconds"], summary["forecast"]
    rows = summary["counts"]["rows"]
    facts = {
        "Total time": _duration(seconds),
        "Rows per second": _pace(rows / seconds) if seconds else "",
        "Reading and checking": _duration(timings["parse_seconds"]),
        "Sending": "" if summary["dry_run"] else _duration(timings["create_seconds"]),
        "Requests forecast": _range(forecast) if forecast else "",
        "Requests sent": "" if summary["dry_run"] else f"{timings['requests']:,}",
        "Retries": "" if summary["dry_run"] else f"{timings['retries']:,}",
    }
    latency = timings["latency_ms"]
    if latency is not None:
        facts |= {
            "Latency, median": f"{latency['p50']:,.0f} ms",
            "Latency, 95th percentile": f"{latency['p95']:,.0f} ms",
            "Latency, 99th percentile": f"{latency['p99']:,.0f} ms",
            "Latency, slowest": f"{latency['max']:,.0f} ms",
        }
    return _section("Timing", _facts(facts))


def _range(forecast: Forecast) -> str:
    least, most = forecast["calls_at_least"], forecast["calls"]
    return f"{most:,}" if least == most else f"{least:,} to {most:,}"


def _guarantee(guarantee: str) -> str:
    return _section("Guarantee", f"<p>{escape(guarantee)}</p>") if guarantee else ""


def _footer(summary: ImportSummary) -> str:
    start = datetime.fromisoformat(summary["started_at"])
    finish = start + timedelta(seconds=summary["seconds"])
    name = f"<code>{escape(summary['import_id'])}</code>"
    return f"<footer>Import {name}, started {_time(start)}, finished {_time(finish)}</footer>"


def _time(time: datetime) -> str:
    text = f"{time:%Y-%m-%d %H:%M:%S} {time.tzname() or ''}".strip()
    return f'<time datetime="{time.isoformat(timespec="seconds")}">{escape(text)}</time>'


def _facts(facts: Mapping[str, str]) -> str:
    pairs = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts.items() if v)
    return f"<dl>{pairs}</dl>" if pairs else ""


def _pace(rows_per_second: float) -> str:
    return f"{rows_per_second:,.0f}" if rows_per_second >= 10 else f"{rows_per_second:.2f}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
