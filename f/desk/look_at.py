"""Show how a file at the import desk is read, and change how it is read; sends nothing.

`changes` are some of the draft's settings, with the `version` that the person saw: FixInput if another window
was faster. Returns the first rows as they stand, each column with the field it becomes and why, and what is
still to be asked. A change with which the file cannot be read is refused and not kept. Where corrections of
rows are in the way of a change, `forget_corrections` among the changes gives them up. A second run without
changes shows the same.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# phonenumbers==9.0.43
# pycountry==26.2.16

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.reading.looking import Look


def main(draft: str, version: int = 0, changes: dict | None = None) -> Look:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.reading.looking import look

    with open_drafts() as drafts:
        return look(drafts, draft, version, changes or {})
