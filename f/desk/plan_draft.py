"""Start the dry run of an import at the desk: what it would create, update, leave and refuse, and its cost.

Needs the file checked as it is now. Nothing is sent. Returns the draft at once; `draft_status` says when the
plan is there. While it runs a second call starts none; later it makes the plan anew, for the target may have
changed. The plan before it can no longer be applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft


def main(draft: str) -> Draft:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.importing.starting import plan

    with open_drafts() as drafts:
        return plan(drafts, draft)
