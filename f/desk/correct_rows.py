"""Change rows of a file at the import desk: cells, whole rows, cells alike, rows taken out; or undo it.

Lines and columns count from 1, lines are those of the user's file. `version` is that of the draft that the
person saw: FixInput if another window was faster. Returns the draft, and how the rows that were named are
judged now; cells alike show after the next check. The file itself stays as it is. A second run with the new
version changes nothing more.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# phonenumbers==9.0.43
# pycountry==26.2.16

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft
    from f.desk.reading.desk_rows import DeskRow


class Corrected(TypedDict):
    """The draft in its new version, and the rows that were named as they stand now."""

    draft: Draft
    rows: list[DeskRow]


def main(
    draft: str,
    version: int,
    cells: list[dict] | None = None,
    rows: list[dict] | None = None,
    alike: list[dict] | None = None,
    exclude: list[int] | None = None,
    include: list[int] | None = None,
    undo: list[int] | None = None,
) -> Corrected:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.reading.mending import correct

    with open_drafts() as drafts:
        kept, touched = correct(
            drafts,
            draft,
            version,
            {
                "cells": cells or [],
                "rows": rows or [],
                "alike": alike or [],
                "exclude": exclude or [],
                "include": include or [],
                "undo": undo or [],
            },
        )
    return {"draft": kept, "rows": touched}
