"""The rest of an import, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.times import require_iso, to_text
from f.records.report.chart import in_rows

if TYPE_CHECKING:
    from f.records.report.summary import Rest


def rows_waiting(rest: Rest | None) -> int:
    """How many rows need nobody, because another job goes on with them."""
    return rest["rows"] if rest and rest["job"] else 0


def told_of(rest: Rest | None) -> str:
    """What happens to the rest, or what a person has to do about it; nothing where there is none."""
    if rest is None:
        return ""
    rows, when = in_rows(rest["rows"]), to_text(require_iso(rest["resume_at"]))
    if rest["job"]:
        return f"The rest, {rows}, goes on at {when} as job {rest['job']}."
    return (
        f"The run that sends the rest could not be scheduled. {rest.get('problem', '')} Import "
        f"{rest['file']['filename']} ({rows}) at {when} or later."
    )
