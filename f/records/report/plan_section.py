"""The plan's part of the report page: what an import would do, or was to do. Everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from f.records.planning.plan import ACTIONS, Change, Plan
from f.records.planning.plan_text import MOST_FIELDS, UNREAD, place

_NONE = ' class="none"'


def plan_section(plan: Plan, *, dry_run: bool) -> str:
    """Return the section; it says how to apply the plan only after a dry run."""
    parts = [
        _actions(plan),
        _fields(plan["fields"]),
        _changes(plan["examples"]),
        "" if plan["reads_target"] else f'<p class="alert">{escape(UNREAD)}</p>',
        f"<p>Every row is in {escape(place(plan['file']))}.</p>",
        _how_to_apply(plan["hash"]) if dry_run else "",
    ]
    title = "What an import would do" if dry_run else "What was planned"
    return f'<section class="plan"><h2>{title}</h2>{"".join(parts)}</section>'


def _actions(plan: Plan) -> str:
    body = "".join(
        f'<tr{"" if plan["counts"][name] else _NONE}><th scope="row">{name}</th>'
        f'<td class="number">{plan["counts"][name]:,}</td><td>{escape(meaning)}</td></tr>'
        for name, meaning in ACTIONS.items()
    )
    return (
        '<table><caption>Rows by action</caption><thead><tr><th scope="col">Action</th>'
        '<th scope="col" class="number">Rows</th><th scope="col">Meaning</th></tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _fields(fields: dict[str, int]) -> str:
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="number">{rows:,}</td></tr>'
        for name, rows in list(fields.items())[:MOST_FIELDS]
    )
    if not body:
        return ""
    more = len(fields) - MOST_FIELDS
    return (
        '<table><caption>Fields that would change</caption><thead><tr><th scope="col">Field that would change'
        f'</th><th scope="col" class="number">Rows</th></tr></thead><tbody>{body}</tbody></table>'
        + (f"<p>and {more:,} more fields</p>" if more > 0 else "")
    )


def _changes(changes: Iterable[Change]) -> str:
    items = [
        f"<li>Line {change['line']:,} · {escape(change['field'])} · {escape(change['before'] or 'nothing')} "
        f"→ {escape(change['after'])}</li>"
        for change in changes
    ]
    return f'<ul class="examples">{"".join(items)}</ul>' if items else ""


def _how_to_apply(plan_hash: str) -> str:
    return (
        "<p>To apply exactly this, run the import again without dry run and with "
        f"<code>apply_plan</code> = <code>{escape(plan_hash)}</code>. It sends nothing if the file, what "
        "would be sent or the target's rows have changed by then.</p>"
    )
