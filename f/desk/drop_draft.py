"""Delete an import of the desk: the draft, its file, and all that was kept of its rows, reports included.

One that is running is refused. What an applied import has sent stays in the target, and so does the journal
of imports, which has hashes instead of rows. A second run finds no such import.
"""

from typing import TypedDict

from f.store.database import postgresql


class Dropped(TypedDict):
    """That the draft is gone."""

    dropped: bool


def main(draft: str) -> Dropped:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.reading.leftovers import drop

    with open_drafts() as drafts:
        objects = drop(drafts, draft)
    print(f"Import {draft} was deleted, with {objects} objects.")
    return {"dropped": True}
