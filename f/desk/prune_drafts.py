"""Delete what lies of imports of the desk that nobody has touched for `days`; the reports of imports stay.

One that was never applied is deleted as drop_draft does it. Of one that was applied, file and rows are
deleted: its runs and their reports are the record of what was done. Those that run, or wait with rows for the
quota of their target, are left. Returns how many of each there were. A second run finds no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.drafts.draft import Drafts

_MOST = 10_000


class PrunedDrafts(TypedDict):
    """How many imports were deleted, of how many the reports were kept, and how many were left as they are.

    `left`: they run or wait, or the storage did not let them. `objects` counts what was deleted of the
    workspace's storage.
    """

    dropped: int
    cleared: int
    left: int
    objects: int


def main(days: int = 30) -> PrunedDrafts:
    from f.connect.errors import ConnectError, FixInput
    from f.connect.times import DAY_SECONDS
    from f.desk.drafts.drafts_store import open_drafts

    if days < 1:
        raise FixInput(f"days is {days}; it must be at least 1.", code="bad_argument")
    pruned: PrunedDrafts = {"dropped": 0, "cleared": 0, "left": 0, "objects": 0}
    with open_drafts() as drafts:
        for old in drafts.untouched_since(drafts.store.now() - days * DAY_SECONDS, _MOST):
            try:
                _prune(drafts, old, pruned)
            except ConnectError as error:
                pruned["left"] += 1
                print(f"Import {old} was left: {error}")
    print(
        f"{pruned['dropped']} imports that were never applied were deleted. "
        f"Of {pruned['cleared']} others, file and rows were deleted and the reports kept. "
        f"{pruned['left']} were left as they are."
    )
    return pruned


def _prune(drafts: Drafts, id: str, pruned: PrunedDrafts) -> None:
    from f.desk.importing.runs import settle
    from f.desk.reading.leftovers import clear, drop

    draft = settle(drafts, drafts.get(id))  # how it ended is part of the record
    if "apply" in draft["runs"]:
        pruned["objects"] += clear(drafts, draft)
        pruned["cleared"] += 1
    else:
        pruned["objects"] += drop(drafts, id)
        pruned["dropped"] += 1
