"""Start to read the rows of an import at the desk back from the target, a sample of them or all.

Returns the draft at once; `draft_status` has the certificate once it is there. Sends nothing. While one runs
a second call starts none; later it reads again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft


def main(draft: str, rows: Literal["sample", "all"] = "sample") -> Draft:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.importing.starting import verify

    with open_drafts() as drafts:
        return verify(drafts, draft, rows)
