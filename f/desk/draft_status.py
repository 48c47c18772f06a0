"""Say how the last run of an import at the desk stands: its state, progress, outcomes, and what it came to.

While an import runs, the rows that its journal knows as applied are counted. What has ended is written down
with the draft, so that it is known as long as the draft is. A second call says it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.importing.status import Status


def main(draft: str) -> Status:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.importing.status import status_of

    with open_drafts() as drafts:
        return status_of(drafts, drafts.get(draft))
