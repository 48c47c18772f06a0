"""Cancel what runs of an import at the desk: its plan, its import or its verification.

Rows that were sent stay in the target, and the journal knows them: a new plan goes on with the others.
Returns how it stands some seconds later. A second call says that nothing runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.importing.status import Status


def main(draft: str) -> Status:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.importing.canceling import cancel_run

    with open_drafts() as drafts:
        return cancel_run(drafts, draft)
