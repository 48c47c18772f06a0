"""Leave all rows with a reason out of an import at the desk, or take them in again; a dry run counts them.

The reason is that of the last check. Rows that were mended since are judged as they are now. `version` is
that of the draft that the person saw: FixInput if another window was faster. Returns the draft, how many rows
are concerned, and the `step` with which exactly these are taken in again: give it as `undo`. The file itself
stays as it is. A second run finds no more rows with the reason.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# phonenumbers==9.0.43
# pycountry==26.2.16

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft


class ExcludedRows(TypedDict):
    """The draft in its new version, how many rows are concerned, and the step that left them out."""

    draft: Draft
    rows: int
    step: str


def main(
    draft: str, reason: str = "", version: int = 0, dry_run: bool = True, undo: str = ""
) -> ExcludedRows:
    from f.connect.errors import FixInput
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.reading.exclusions import exclude_reason, include_again

    if bool(reason) == bool(undo):
        raise FixInput("Give a reason, or a step to undo: one of the two.", code="bad_argument")
    with open_drafts() as drafts:
        seen = drafts.get(draft) if dry_run else drafts.expect(draft, version)
        if undo:
            done = include_again(drafts, seen, undo, dry_run=dry_run)
        else:
            done = exclude_reason(drafts, seen, reason, dry_run=dry_run)
    return {"draft": done.draft, "rows": done.rows, "step": done.step}
