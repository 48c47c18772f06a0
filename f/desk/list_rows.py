"""List rows of a file that was checked at the import desk, a page at a time; sends and changes nothing.

Shows those that need attention, all of them, those that were repaired, or those that a person changed; only
those with a reason, with a problem in a column, or with a text in a cell. Rows that were changed since the
check stand with their new cells and the verdict on them. A second run lists the same.
"""

from typing import Literal

from f.desk.drafts.drafts_store import open_drafts
from f.desk.reading.listing import Rows, list_rows
from f.desk.reading.paging import Wanted


def main(
    draft: str,
    view: Literal["attention", "all", "repaired", "changed"] = "attention",
    reason: str = "",
    column: int = 0,
    search: str = "",
    offset: int = 0,
    limit: int = 200,
) -> Rows:
    with open_drafts() as drafts:
        shown = drafts.get(draft)
    return list_rows(shown, view, Wanted(reason, column, search), offset, limit)
