"""The certificate's part of the report page: what was read back from the target. Everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from f.records.verifying.certificate import KINDS, Alteration, Certificate, Counted, is_sound

if TYPE_CHECKING:
    from f.windmill.objects import FileRef

_MOST_LINES = 20
_MEANING: dict[Counted, str] = {
    "identical": "just as they were sent",
    "altered": "there, with other values in some fields",
    "missing": "not there, though the target said that it took them",
    "not_known": "the answer of the look-up proved nothing",
}


def certificate_section(certificate: Certificate) -> str:
    """Return the section."""
    sound = "" if is_sound(certificate) else ' class="alert"'
    parts = [
        f"<p{sound}>{escape(certificate['message'])}</p>",
        _counts(certificate) if certificate["read"] else "",
        _alterations(certificate["alterations"]),
        _not_shown(certificate["not_shown"]),
        _missing(certificate["missing_lines"], certificate["missing"], certificate["file"]),
    ]
    return f'<section class="plan"><h2>Read back from the target</h2>{"".join(parts)}</section>'


def _counts(certificate: Certificate) -> str:
    body = "".join(
        f'<tr{"" if certificate[name] else _NONE}><th scope="row">{name.replace("_", " ")}</th>'
        f'<td class="number">{certificate[name]:,}</td><td>{escape(meaning)}</td></tr>'
        for name, meaning in _MEANING.items()
    )
    return (
        '<table><caption>Rows as they are there</caption><thead><tr><th scope="col">Found</th>'
        '<th scope="col" class="number">Rows</th><th scope="col">Meaning</th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


_NONE = ' class="none"'


def _alterations(alterations: Iterable[Alteration]) -> str:
    body = "".join(
        f'<tr><th scope="row">{escape(one["field"])}</th><td>{escape(one["kind"])}</td>'
        f'<td class="number">{one["rows"]:,}</td><td>{escape(KINDS[one["kind"]])}. {_examples(one)}</td></tr>'
        for one in alterations
    )
    if not body:
        return ""
    return (
        '<table><caption>Fields that are not as they were sent</caption><thead><tr><th scope="col">Field</th>'
        '<th scope="col">What happened</th><th scope="col" class="number">Rows</th>'
        f'<th scope="col">Meaning, examples</th></tr></thead><tbody>{body}</tbody></table>'
    )


def _examples(alteration: Alteration) -> str:
    return "; ".join(
        f"line {one['line']:,}: {escape(one['sent'])} → {escape(one['there'] or 'nothing')}"
        for one in alteration["examples"][:3]
    )


def _not_shown(fields: list[str]) -> str:
    if not fields:
        return ""
    names = ", ".join(map(escape, fields))
    return f"<p>The target does not show these fields, so they were not compared: {names}.</p>"


def _missing(lines: list[int], missing: int, file: FileRef | None) -> str:
    if not missing:
        return ""
    shown = ", ".join(f"{line:,}" for line in lines[:_MOST_LINES])
    more = f" and {missing - _MOST_LINES:,} more" if missing > _MOST_LINES else ""
    name = escape(file["filename"]) if file else "missing.csv"
    return (
        f"<p>Missing lines: {shown}{more}. To send them again, import <code>{name}</code> with "
        "<code>resend_missing</code>: each row is looked up once more, and sent only if it is not there.</p>"
    )
