"""The plan's part of the report page: what an import would do, or was to do. Everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from f.records.planning.plan_text import MOST_FIELDS, UNREAD, in_a_sentence
from f.records.report.next_steps import file_link

if TYPE_CHECKING:
    from f.records.planning.plan import Change, Plan


def plan_section(plan: Plan, changes: Iterable[Change], *, dry_run: bool) -> str:
    """Return the section: what would change, and what the plan cannot know. The counts are told elsewhere.

    `changes` are the plan's examples, unmasked if the reader may see them.
    """
    unread = "" if plan["reads_target"] or not plan["hash"] else f'<p class="alert">{escape(UNREAD)}</p>'
    parts = [
        "" if dry_run else f"<p>{escape(in_a_sentence(plan))}</p>",
        unread,
        _fields(plan["fields"]),
        _changes(changes),
        "" if dry_run else f"<p>What was planned for every row: {file_link(plan['file'])}.</p>",
    ]
    if not any(parts):
        return ""
    title = "What would change" if dry_run else "What was planned"
    return f'<section class="plan"><h2>{title}</h2>{"".join(parts)}</section>'


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
