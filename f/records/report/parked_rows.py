"""The rows of an import that were parked, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.times import require_iso, to_text
from f.records.report.chart import in_rows

if TYPE_CHECKING:
    from f.records.report.summary import Rest


def rows_waiting(rest: Rest | None) -> int:
    """Return how many rows need nobody, because another job goes on with them."""
    return rest["rows"] if rest and rest["job"] else 0


def describe_parked(rest: Rest | None) -> str:
    """Return what happens to the parked rows, or what a person has to do; an empty text if there are none."""
    if rest is None:
        return ""
    rows, when = in_rows(rest["rows"]), to_text(require_iso(rest["resume_at"]))
    if rest["job"]:
        return f"The rest of the file ({rows}) is sent at {when} by job {rest['job']}."
    return (
        f"The run that sends the rest of the file could not be scheduled. {rest.get('problem', '')} Import "
        f"{rest['file']['filename']} ({rows}) at {when} or later."
    )
