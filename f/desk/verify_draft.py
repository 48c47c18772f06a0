"""Start to read the rows of an import at the desk back from the target, a sample of them or all.

Returns the draft at once; `draft_status` has the certificate once it is there. Sends nothing. While one runs
a second call starts none; later it reads again.
"""

from typing import Literal

from f.desk.drafts.draft import Draft
from f.desk.drafts.drafts_store import open_drafts
from f.desk.importing.starting import verify


def main(draft: str, rows: Literal["sample", "all"] = "sample") -> Draft:
    with open_drafts() as drafts:
        return verify(drafts, draft, rows)
