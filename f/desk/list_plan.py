"""Show the rows of an import's plan, a page at a time: the action for each, why, and what would be replaced.

The values are those of the file and of the target, not masked. Changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.importing.planned_rows import PlannedRows


def main(
    draft: str,
    action: Literal["", "create", "update", "unchanged", "skip", "refuse", "hold", "unread"] = "",
    offset: int = 0,
    limit: int = 200,
) -> PlannedRows:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.importing.planned_rows import planned_rows

    with open_drafts() as drafts:
        return planned_rows(drafts, draft, action or None, offset, limit)
