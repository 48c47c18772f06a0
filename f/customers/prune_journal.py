"""Remove old entries of the import journal: customers that no import has met for a long time.

An entry counts as met when a file with its customer is imported, even if nothing had to be sent. Rows that
are being sent or have no answer are never removed. A customer that is removed is new to the journal: an older
file that is imported again is sent again, and only the target can tell then that the customer is there. So
give a time longer than the age of the oldest file that anybody may still import.

Returns the counts of each target; a second run finds nothing more. Without a database it is about the file of
the machine it runs on. That file does not shrink: new entries take the place of removed ones.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.records.journal.pruning import Pruned

# That an entry was met is written only once a week, see f.records.journal.row_journal.
_SHORTEST_DAYS = 30


class PrunedJournal(TypedDict):
    """How many entries were removed, or would be."""

    dry_run: bool
    forgotten: int
    targets: list[Pruned]


def main(
    older_than_days: int = 400, dry_run: bool = False, journal: postgresql | None = None
) -> PrunedJournal:
    from f.connect.errors import FixInput
    from f.connect.times import DAY_SECONDS
    from f.records.journal.pruning import prune
    from f.store.stores import open_store

    if older_than_days < _SHORTEST_DAYS:
        raise FixInput(
            f"older_than_days is {older_than_days}; it must be at least {_SHORTEST_DAYS}.",
            code="bad_argument",
        )
    with open_store(journal, "imports") as store:
        targets = prune(store, older_than_days * DAY_SECONDS, time.sleep, dry_run=dry_run)
    forgotten = sum(target["forgotten"] for target in targets)
    print(f"{forgotten} entries of {len(targets)} targets {'would be' if dry_run else 'were'} removed.")
    return {"dry_run": dry_run, "forgotten": forgotten, "targets": targets}
