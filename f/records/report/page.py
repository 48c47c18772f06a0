"""The report of an import as one HTML document that needs nothing else: no script, no font, no network.

Everything that comes from the file, the target or a person is escaped, and the page forbids scripts and
loading by its own content security policy as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from html import escape
from typing import TYPE_CHECKING

from f.records.planning.plan_text import counted
from f.records.reading.sniffer import NAMES
from f.records.report.certificate_section import certificate_section
from f.records.report.chart import in_rows, outcome_bar, percent
from f.records.report.page_style import STYLE
from f.records.report.parked_rows import describe_parked, rows_waiting
from f.records.report.plan_section import plan_section
from f.records.rows.outcome import MEANING, OUTCOMES

if TYPE_CHECKING:
    from f.records.planning.forecast import Forecast
    from f.records.report.summary import ImportSummary, Timings
    from f.records.rows.tally import Example, Reason
    from f.windmill.objects import FileRef

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_NONE = ' class="none"'
_NEED_A_PERSON = ("invalid", "rejected", "failed", "unknown")

# How the entries of `table` are called, and what their values mean to a reader.
_TABLE_LABELS = {
    "container": "Unpacked from",
    "part": "Sheet or file in it",
    "encoding": "Encoding",
    "bom": "Byte order mark",
    "delimiter": "Delimiter",
    "quote": "Quotes inside quotes",
    "newline": "Line ends",
    "has_header": "Column names in the file",
}
_TABLE_VALUES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16, little endian",
    "utf-16-be": "UTF-16, big endian",
    "cp1252": "Windows-1252 (Western European)",
    "True": "yes",
    "False": "no",
    "\n": "LF (Unix)",
    "\r\n": "CRLF (Windows)",
    "\r": "CR (old Mac)",
    **NAMES,
}


def render_page(summary: ImportSummary) -> str:
    """Return the whole document. Equal summaries give equal pages."""
    verdict, attention = _verdict(summary)
    title = escape(f"{_title(summary)}: {'; '.join(filter(None, (verdict, attention)))}")
    parts = [
        f"<header><h1>{escape(_title(summary))}</h1>",
        f'<p class="verdict">{escape(verdict)}{_alert(attention)}</p>{_continues(summary)}</header>',
        _banners(summary),
        plan_section(summary["plan"], dry_run=summary["dry_run"]) if summary["plan"] else "",
        f'<section class="chart" aria-label="Outcomes as a chart">{outcome_bar(summary["counts"])}</section>',
        _counts(summary["counts"]),
        certificate_section(summary["certificate"]) if summary["certificate"] else "",
        _reasons(summary["reasons"]),
        _next_steps(summary),
        _timings(summary["timings"], summary["counts"]["rows"], summary["seconds"], summary["forecast"]),
        _reading(summary["table"], summary["mapping"]),
        _guarantee(summary["guarantee"]),
        _footer(summary),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(filter(None, parts))
        + "\n</main>\n</body>\n</html>\n"
    )


def _title(summary: ImportSummary) -> str:
    target = f" into {summary['target']}" if summary["target"] else ""
    return f"Import of {summary['source']}{target}"


def _verdict(summary: ImportSummary) -> tuple[str, str]:
    """What the import has achieved, and which rows need a person (an empty text if none do)."""
    counts = summary["counts"]
    rows = counts["rows"]
    waiting = rows_waiting(summary["rest"])
    left = sum(counts[name] for name in _NEED_A_PERSON) - waiting
    where = "ready to be sent" if summary["dry_run"] else "in the target"
    attention = f"{in_rows(left)} {_verb('need', left)} your attention" if left else ""
    if not rows:
        return "The file has no rows", ""
    if summary["dry_run"] and summary["plan"]:
        return counted(summary["plan"]), attention
    there = rows - left - waiting
    parked = f"; {in_rows(waiting)} {_verb('wait', waiting)} for a later run" if waiting else ""
    if there == rows:
        return (f"All {rows:,} rows are {where}" if rows > 1 else f"The one row is {where}"), ""
    if not there:
        return f"No row is {where}{parked}", attention
    return f"{there:,} of {in_rows(rows)} {'is' if there == 1 else 'are'} {where}{parked}", attention


def _verb(verb: str, count: int) -> str:
    return f"{verb}s" if count == 1 else verb


def _continues(summary: ImportSummary) -> str:
    first = summary["continues"]
    return f'<p class="quiet">Continues import <code>{escape(first)}</code>.</p>' if first else ""


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
    if summary["dry_run"]:
        banners.append(
            '<aside class="banner dry"><p><strong>Dry run.</strong> Every row was checked; nothing was sent '
            "to the target.</p></aside>"
        )
    return "\n".join(banners)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{title}</h2>{body}</section>"


def _counts(counts: Mapping[str, int]) -> str:
    body = "".join(
        f'<tr{"" if counts[name] else _NONE}><th scope="row" class="outcome {name}">{name}</th>'
        f'<td class="number">{counts[name]:,}</td>'
        f'<td class="number share">{escape(percent(counts[name], counts["rows"]))}</td>'
        f"<td>{escape(MEANING[name])}</td></tr>"
        for name in OUTCOMES
    )
    return _section(
        "Outcomes",
        "<table><caption>Rows by outcome</caption><thead><tr>"
        '<th scope="col">Outcome</th><th scope="col" class="number">Rows</th>'
        '<th scope="col" class="number share">Share</th><th scope="col">Meaning</th>'
        f"</tr></thead><tbody>{body}</tbody><tfoot><tr>"
        f'<th scope="row">total</th><td class="number">{counts["rows"]:,}</td>'
        '<td class="number share"></td><td>one outcome for every row of the file</td></tr></tfoot></table>',
    )


def _reasons(reasons: Iterable[Reason]) -> str:
    body = "".join(map(_reason, reasons))
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


def _reason(reason: Reason) -> str:
    # The roles repeat what the elements say: on a narrow screen a row is laid out as a grid, and some
    # browsers then no longer call it a row.
    outcome = escape(reason["outcome"])
    count, unit = in_rows(reason["rows"]).split()
    return (
        f'<tr role="row"><th role="rowheader" scope="row" class="outcome {outcome}">{outcome}</th>'
        f'<td role="cell" class="why"><div class="reason">{escape(reason["message"])}</div>'
        f"<div>{escape(reason['hint'])}</div>{_examples(reason['examples'])}</td>"
        f'<td role="cell" class="number">{count}<span class="unit"> {unit}</span></td></tr>'
    )


def _examples(examples: Iterable[Example]) -> str:
    items = []
    for example in examples:
        words = [f"Line {example['line']:,}", example["column"] or "", example["value"]]
        items.append(f"<li>{' · '.join(escape(word) for word in words if word)}</li>")
    return f'<ul class="examples">{"".join(items)}</ul>' if items else ""


def _next_steps(summary: ImportSummary) -> str:
    counts, rejects = summary["counts"], summary["rejects"]
    if rejects is None:
        return ""
    steps = [f"Open {_file(rejects)}. It has your own columns, and after them why each row was not imported."]
    wrong = counts["invalid"] + counts["rejected"]
    if wrong:
        steps.append(
            f"Correct the rows marked <em>invalid</em> or <em>rejected</em> ({wrong:,}) in your own columns: "
            "<code>reject_message</code> says what is wrong, <code>reject_hint</code> what to do."
        )
    failed = counts["failed"] - (summary["rest"]["rows"] if summary["rest"] else 0)
    if failed:
        steps.append(
            f"Leave the rows marked <em>failed</em> ({failed:,}) as they are: they were not imported, and "
            "only need to be sent again when the cause is removed."
        )
    if counts["unknown"]:
        steps.append(
            f"For the rows marked <em>unknown</em> ({counts['unknown']:,}), do what <code>reject_hint</code> "
            "says; they may be in the target already."
        )
    steps.append(
        "Import that file as you imported this one. The <code>reject_</code> columns are recognised and "
        "left out."
    )
    return (
        f"<section><h2>What to do next</h2><ol>{''.join(f'<li>{step}</li>' for step in steps)}</ol></section>"
    )


def _file(file: FileRef) -> str:
    rows = f" ({in_rows(file['rows'])})" if "rows" in file else ""
    where = (
        f" in the workspace\u2019s storage, at <code>{escape(file['s3'])}</code>"
        if "s3" in file
        else " from the result of the import"
    )
    return f"<strong>{escape(file['filename'])}</strong>{rows}{where}"


def _timings(timings: Timings, rows: int, seconds: float, forecast: Forecast | None) -> str:
    facts = {
        "Total time": _duration(seconds),
        "Rows per second": _pace(rows / seconds) if seconds else "",
        "Reading and checking": _duration(timings["parse_seconds"]),
        "Sending": _duration(timings["create_seconds"]),
        "Requests forecast": _range(forecast) if forecast else "",
        "Requests sent": f"{timings['requests']:,}",
        "Retries": f"{timings['retries']:,}",
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


def _reading(table: Mapping[str, str], mapping: Mapping[str, str]) -> str:
    facts = {_TABLE_LABELS.get(name, name): _TABLE_VALUES.get(value, value) for name, value in table.items()}
    columns = "".join(
        f'<tr><th scope="row">{escape(column)}</th><td>{escape(field)}</td></tr>'
        for column, field in mapping.items()
    )
    mapped = (
        '<table><caption>Columns and fields</caption><thead><tr><th scope="col">Column of the file</th>'
        f'<th scope="col">Field of the record</th></tr></thead><tbody>{columns}</tbody></table>'
    )
    body = f"{_facts(facts)}{mapped if columns else ''}"
    return _section("How the file was read", f'<div class="words">{body}</div>')


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
