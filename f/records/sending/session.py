"""What an import opens to send: its target's journal, and a client whose limits hold over all jobs."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f.connect.errors import ConnectError
from f.connect.times import REAL, Clock, require_iso
from f.records.journal.blocks import part_of
from f.records.journal.chunk_journal import ChunkJournal
from f.records.journal.owner import LeasedOwner, LockingOwner, Owner
from f.records.journal.row_journal import RowJournal
from f.records.sending.parking import ParkingClient
from f.store.stores import data_table_store, folder, open_store
from f.windmill.job import JobStatus

if TYPE_CHECKING:
    from f.records.target.target import JournalKind, Target
    from f.store.store import Store

# Objects made between two collections. Python's own 700 are made by a hundred rows already.
_OBJECTS_A_COLLECTION = 10_000
_TURN_SECONDS = 0.0003  # of a thread that others wait for; Python's own are 0.005
_OWNERS = "imports.owners"  # the locks of this machine's jobs


@dataclass(frozen=True, slots=True)
class Session:
    """What one job sends with: the journal of its target, and the client that obeys limits over all jobs."""

    journal: RowJournal
    client: ParkingClient


@contextlib.contextmanager
def tuned_for_rows() -> Iterator[None]:
    """Collect garbage rarely, as rows form no cycles; and let threads take turns sooner.

    That of the journal has little to do, and requests wait for it. For the whole process, so one at a time.
    """
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(_OBJECTS_A_COLLECTION, *threshold[1:])
    gc.freeze()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.unfreeze()
        gc.set_threshold(*threshold)


def journal_kind(database: Mapping[str, object] | None) -> JournalKind:
    """Return which journal an import with this resource has."""
    if database:
        return "postgres"
    store = data_table_store()
    if store is None:
        return "file"
    store.close()
    return "data_table"


@contextlib.contextmanager
def open_import(
    database: Mapping[str, object] | None,
    target: Target,
    import_id: str,
    *,
    chunk: Mapping[str, object] | None = None,
    resend_unknown: bool = False,
    park_after: float = 0.0,
    renews_at: str = "",
    clock: Clock = REAL,
) -> Iterator[Session]:
    """Open the journal of a target and a client for it; see ParkingClient for the last three arguments.

    `chunk`: see `open_journal`. `renews_at`: ISO 8601, or nothing.

    Raises FixSettings if the journal cannot be kept, TryLater if its database cannot be reached.
    """
    with (
        open_journal(database, target, import_id, chunk=chunk, resend_unknown=resend_unknown) as journal,
        limits_beside(journal, database) as limits,
        ParkingClient(
            target, limits, park_after=park_after, renews_at=require_iso(renews_at), clock=clock
        ) as client,
    ):
        yield Session(journal, client)


@contextlib.contextmanager
def open_journal(
    database: Mapping[str, object] | None,
    target: Target,
    import_id: str,
    *,
    chunk: Mapping[str, object] | None = None,
    resend_unknown: bool = False,
) -> Iterator[RowJournal]:
    """Open the journal of a target: in this database, the workspace's data table, or this machine's file.

    `chunk`: all that is sent is of this chunk of a file, each row once. Rows to be sent again are not for it.

    On leaving, claims without an outcome are given back, or left in doubt if their rows were sent.
    """
    # A commit here means that a request may go out: it has to outlive a power cut, not only a crash.
    with open_store(database, "imports", durable=True) as store, _owner(store) as owner:
        if store.is_remote:
            from f.records.journal.taking_over import take_over  # a module less for all others

            take_over(folder() / "imports.sqlite", folder() / _OWNERS, store)
        part = None if resend_unknown else part_of(chunk)
        if part is not None:
            journal: RowJournal = ChunkJournal(store, target.identity, import_id, owner, part)
        else:
            journal = RowJournal(store, target.identity, import_id, owner, resend_unknown=resend_unknown)
        try:
            yield journal
        finally:
            # So that after an error nobody waits for the lease of a job that is gone.
            with contextlib.suppress(ConnectError):
                journal.release()


def open_limits(database: Mapping[str, object] | None) -> Store:
    """Open the store of what all jobs may send: the day's calls, the pauses, the rate limit."""
    return open_store(database, "limits")


@contextlib.contextmanager
def limits_beside(journal: RowJournal, database: Mapping[str, object] | None) -> Iterator[Store]:
    """Open the store of the limits for a job that has its journal open: often both are in one database."""
    if journal.store.spans_machines:
        yield journal.store
        return
    with open_limits(database) as limits:
        yield limits


def _owner(store: Store) -> Owner:
    if store.spans_machines:
        return LeasedOwner(store, os.environ.get("WM_JOB_ID", ""), JobStatus().has_ended)
    return LockingOwner(folder() / _OWNERS)
