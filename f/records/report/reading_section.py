"""How the file was understood: encoding and header, what each column was taken for, what was repaired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from f.records.layout.sniffer import NAMES

if TYPE_CHECKING:
    from f.records.report.evidence import Evidence

# How the entries of `table` are called, and what their values mean to a reader.
_LABELS = {
    "container": "Unpacked from",
    "part": "Sheet or file in it",
    "encoding": "Encoding",
    "bom": "Byte order mark",
    "delimiter": "Delimiter",
    "quote": "Quotes inside quotes",
    "newline": "Line ends",
    "has_header": "Column names in the file",
    "header_row": "Line of the column names",
    "skipped_lines": "Lines skipped above",
}
_VALUES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16, little endian",
    "utf-16-be": "UTF-16, big endian",
    "cp1252": "Windows-1252 (Western European)",
    "True": "yes",
    "False": "no",
    "\n": "LF (Unix)",
    "\r\n": "CRLF (Windows)",
    "\r": "CR (old Mac)",
    "None": "",
    **NAMES,
}
_UNSAID = {"skipped_lines": "0"}


def reading_section(table: Mapping[str, str], mapping: Mapping[str, str], evidence: Evidence) -> str:
    """Return the section. The reasons of columns and the notes are shown where they are known."""
    facts = {
        _LABELS.get(name, name): _VALUES.get(value, value)
        for name, value in table.items()
        if _UNSAID.get(name) != value
    }
    pairs = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts.items() if v)
    body = f"{f'<dl>{pairs}</dl>' if pairs else ''}{_notes(evidence.notes)}{_columns(mapping, evidence)}"
    return f'<section><h2>How the file was understood</h2><div class="words">{body}</div></section>'


def repairs_section(evidence: Evidence) -> str:
    """Return the section of cells that were read as something else than they say; empty if there are none."""
    if not evidence.repairs:
        return ""
    rows = "".join(map(_repair, evidence.repairs))
    more = evidence.repaired - len(evidence.repairs)
    rest = f"<p>and {more:,} more</p>" if more > 0 else ""
    return (
        "<section><h2>What was repaired</h2><p>These cells were read as what they were meant to be. "
        "Your file is as it was.</p>"
        '<table class="repairs"><caption>Repaired cells</caption><thead><tr><th scope="col" class="number">'
        'Line</th><th scope="col">Column</th><th scope="col">Before &rarr; after</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>{rest}</section>"
    )


def _repair(repair: Mapping[str, Any]) -> str:
    before, after = (escape(str(repair.get(name) or "")) or "nothing" for name in ("before", "after"))
    line = repair.get("line")
    return (
        f'<tr><td class="number">{line:,}</td>'
        f'<th scope="row">{escape(str(repair.get("column") or ""))}</th>'
        f'<td><span class="before">{before}</span> &rarr; <span class="after">{after}</span> '
        f'<code class="quiet">{escape(str(repair.get("code") or ""))}</code></td></tr>'
        if isinstance(line, int)
        else ""
    )


def _notes(notes: Iterable[Mapping[str, Any]]) -> str:
    items = "".join(
        f"<li>{_place(note)}{escape(str(note.get('text') or note.get('code')))}</li>" for note in notes
    )
    return f'<ul class="notes">{items}</ul>' if items else ""


def _place(note: Mapping[str, Any]) -> str:
    line = note.get("line")
    return f"Line {line:,}: " if isinstance(line, int) and line else ""


def _columns(mapping: Mapping[str, str], evidence: Evidence) -> str:
    reasons = {name: str(guess.get("reason") or "") for name, guess in evidence.guesses.items()}
    left_out = {name: "" for name in evidence.guesses if name not in mapping}
    has_reasons = any(reasons.values())
    rows = ""
    for column, field in {**mapping, **left_out}.items():
        reason = f"<td>{escape(reasons.get(column, ''))}</td>" if has_reasons else ""
        rows += (
            f'<tr><th scope="row">{escape(column)}</th><td>{escape(field) or "left out"}</td>{reason}</tr>'
        )
    if not rows:
        return ""
    why = '<th scope="col">Why</th>' if has_reasons else ""
    return (
        '<table><caption>Columns and fields</caption><thead><tr><th scope="col">Column of the file</th>'
        f'<th scope="col">Field of the record</th>{why}</tr></thead><tbody>{rows}</tbody></table>'
    )
