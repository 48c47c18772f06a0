"""Check the whole file of an import at the desk, as the import itself would; sends nothing.

Reads the file with what was chosen and corrected, and keeps the verdict on every row in the workspace's
storage. Returns the draft with counts and reasons. A second run checks again.
"""

from f.desk.drafts.draft import Draft
from f.desk.drafts.drafts_store import open_drafts
from f.desk.reading.checking import check
from f.desk.reading.mappings import remember_mapping


def main(draft: str) -> Draft:
    with open_drafts() as drafts:
        checked = check(drafts, draft)
        remember_mapping(drafts.store, checked)
    found = checked["checked"]
    print(f"Import {draft} was checked: {found and found['counts']}")
    return checked
