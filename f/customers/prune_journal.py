"""Forget what the journal of imports knows of customers that no import has met for a long time.

An entry counts as met when a file with its customer is imported, also where nothing had to be sent. What is
under way or without an answer is never forgotten. A customer that is forgotten is new to the journal: an
older file that is fed again is sent again, and only the target can say then that the customer is there. So
give a time longer than the oldest file that anybody may still feed.

Returns the counts of each target; a second run finds nothing more. Without a database it is about the file of
the machine it runs on. That file does not shrink: what is forgotten makes room for what comes.
"""

import time
from typing import TypedDict

from f.connect.errors import FixInput
from f.connect.times import DAY_SECONDS
from f.records.journal.pruning import Pruned, prune
from f.store.stores import open_store, postgresql

# An entry that was met is noted only so often, see f.records.journal.row_journal.
_SHORTEST_DAYS = 30


class PrunedJournal(TypedDict):
    """What was forgotten, or would be."""

    dry_run: bool
    forgotten: int
    targets: list[Pruned]


def main(
    older_than_days: int = 400, dry_run: bool = False, journal: postgresql | None = None
) -> PrunedJournal:
    if older_than_days < _SHORTEST_DAYS:
        raise FixInput(
            f"older_than_days is {older_than_days}; it must be at least {_SHORTEST_DAYS}.",
            code="bad_argument",
        )
    with open_store(journal, "imports") as store:
        targets = prune(store, older_than_days * DAY_SECONDS, time.sleep, dry_run=dry_run)
    forgotten = sum(target["forgotten"] for target in targets)
    print(f"{forgotten} entries of {len(targets)} targets {'would be' if dry_run else 'were'} forgotten.")
    return {"dry_run": dry_run, "forgotten": forgotten, "targets": targets}
