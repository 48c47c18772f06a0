"""Which run has which file of the inbox: one row a version of a file, in the store all runs share.

A row is a claim with a lease until the import has ended; then it holds the result, and the file is never
imported again, whether or not the run was able to move it. Taking a claim is one statement that names the
state it was decided on, so of several runs one gets it. Every change of hands has a number of its own, the
attempt: a run that was stopped and overtaken names an old one, and changes nothing any more. The rows hold
paths and counts, never a record.

    (new) --take--> leased --conclude--> has its result
                      |  `--give_back--> free, for the next run's attempt
                      `--its job is gone, or the lease runs out--> free, for the next run's attempt
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from f.records.inbox.decisions import ClaimState, FileResult, InboxFile

if TYPE_CHECKING:
    from f.store.store import Store

_TABLE = """CREATE TABLE IF NOT EXISTS inbox_file (
    id TEXT PRIMARY KEY, storage TEXT NOT NULL, path TEXT NOT NULL, owner TEXT NOT NULL,
    leased_until DOUBLE PRECISION NOT NULL, attempt INTEGER NOT NULL, result TEXT)"""
_READ = "SELECT owner, leased_until, attempt, result FROM inbox_file WHERE id = :id"
_TAKE = """INSERT INTO inbox_file (id, storage, path, owner, leased_until, attempt, result)
    VALUES (:id, :storage, :path, :owner, :until, 1, NULL)
    ON CONFLICT (id) DO UPDATE SET owner = :owner, leased_until = :until, attempt =
    CASE WHEN inbox_file.owner = :owner THEN inbox_file.attempt ELSE inbox_file.attempt + 1 END
    WHERE inbox_file.result IS NULL AND inbox_file.owner = :seen_owner AND inbox_file.attempt = :seen_attempt
    RETURNING attempt"""
_CONCLUDE = """UPDATE inbox_file SET result = :result
    WHERE id = :id AND owner = :owner AND attempt = :attempt AND result IS NULL RETURNING id"""
_GIVE_BACK = """UPDATE inbox_file SET leased_until = 0
    WHERE id = :id AND owner = :owner AND attempt = :attempt AND result IS NULL"""


class FileClaims:
    """The claims on files in a store. Its methods raise TryLater if the store cannot be reached."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.create(_TABLE)

    def now(self) -> float:
        """Return the seconds since the epoch, by the clock all runs share."""
        return self._store.now()

    def state(self, file: InboxFile) -> ClaimState | None:
        """Return what is known of a file; None if no run has taken it yet."""
        rows = self._store.execute(_READ, {"id": file.id})
        if not rows:
            return None
        owner, leased_until, attempt, result = rows[0]
        return ClaimState(owner, leased_until, attempt, json.loads(result) if result else None)

    def take(self, file: InboxFile, owner: str, lease_seconds: float, seen: ClaimState | None) -> int | None:
        """Take a file in the state `seen`, and return this attempt's number; None if another run was faster.

        An owner that takes it again, as a step does that Windmill starts anew, is still at the same attempt.
        """
        values: dict[str, Any] = {
            "id": file.id,
            "storage": file.storage,
            "path": file.path,
            "owner": owner,
            "until": self.now() + lease_seconds,
            "seen_owner": seen.owner if seen else "",
            "seen_attempt": seen.attempt if seen else -1,
        }
        rows = self._store.execute(_TAKE, values)
        return int(rows[0][0]) if rows else None

    def holds(self, file: InboxFile, owner: str, attempt: int) -> bool:
        """Return whether the claim is still this owner's at this attempt, with or without its result."""
        seen = self.state(file)
        return seen is not None and (seen.owner, seen.attempt) == (owner, attempt)

    def conclude(self, file: InboxFile, owner: str, attempt: int, result: FileResult) -> FileResult | None:
        """Keep the result for good and return it, or the one that was kept at this attempt before.

        None if the claim has passed to another run.
        """
        values = {"id": file.id, "owner": owner, "attempt": attempt, "result": json.dumps(result)}
        if self._store.execute(_CONCLUDE, values):
            return result
        seen = self.state(file)
        return seen.result if seen is not None and (seen.owner, seen.attempt) == (owner, attempt) else None

    def give_back(self, file: InboxFile, owner: str, attempt: int) -> None:
        """End the lease at once: the next run may take the file."""
        self._store.execute(_GIVE_BACK, {"id": file.id, "owner": owner, "attempt": attempt})
