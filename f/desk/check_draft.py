"""Check the whole file of an import at the desk, as the import itself would; sends nothing.

Reads the file with what was chosen and corrected, and keeps the verdict on every row in the workspace's
storage. Returns the draft with counts and reasons. A second run checks again.
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
    from f.desk.drafts.draft import Draft


def main(draft: str) -> Draft:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.reading.checking import check
    from f.desk.reading.mappings import remember_mapping

    with open_drafts() as drafts:
        checked = check(drafts, draft)
        remember_mapping(drafts.store, checked)
    found = checked["checked"]
    print(f"Import {draft} was checked: {found and found['counts']}")
    return checked
