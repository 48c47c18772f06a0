"""List rows of a file that was checked at the import desk, a page at a time; sends and changes nothing.

Shows those that need attention, all of them, those that were repaired, or those that a person changed; only
those with a reason, with a problem in a column, or with a text in a cell. Rows that were changed since the
check stand with their new cells and the verdict on them. A second run lists the same.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# phonenumbers==9.0.43
# pycountry==26.2.16

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.reading.listing import Rows


def main(
    draft: str,
    view: Literal["attention", "all", "repaired", "changed"] = "attention",
    reason: str = "",
    column: int = 0,
    search: str = "",
    offset: int = 0,
    limit: int = 200,
) -> Rows:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.reading.listing import list_rows
    from f.desk.reading.paging import Wanted

    with open_drafts() as drafts:
        shown = drafts.get(draft)
    return list_rows(shown, view, Wanted(reason, column, search), offset, limit)
