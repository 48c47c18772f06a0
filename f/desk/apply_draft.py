"""Apply the plan of an import at the desk, exactly the one that was seen, once; or send it for approval.

Refuses if the settings or corrections are not those of the plan, and says which. If the file, what would be
sent or the target's records have changed, the import itself sends nothing and says so. Called twice, or by
two people, it starts one import: the second is told who has started it, and when. One that has failed or was
cancelled can be started again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.importing.starting import Applied


def main(draft: str, hash: str, approval: bool = False) -> Applied:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.importing.starting import apply

    with open_drafts() as drafts:
        return apply(drafts, draft, hash, approval=approval)
