"""List the imports of the desk, those of everybody, the newest first: how far each is, and its counts.

Windmill is asked about imports that were not seen to end yet. A second call lists them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.importing.listing import DraftList


def main(before: str = "", limit: int = 50) -> DraftList:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.importing.listing import list_of

    with open_drafts() as drafts:
        return list_of(drafts, before, limit)
