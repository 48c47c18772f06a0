"""Taking a journal over: what one machine's file knows goes into the data table, once there is one.

Without that, making the data table would be to forget what was sent, and the next run would send it again.
"""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from f.connect.errors import TryLater
from f.records.journal.blocks import unpack, unpack_all
from f.records.journal.journal_tables import FIRST_TURN, create_tables
from f.records.journal.owner import LockingOwner
from f.store.stores import sqlite_store

if TYPE_CHECKING:
    from f.store.store import Store

_BLOCK_ROWS = 1_000
_OWNERS = "SELECT DISTINCT owner FROM import_rows WHERE owner <> ''"
_COLUMNS = """target, record_key, content, state, outcome, remote_id, import_id, sent_at, renewed_at, sending,
    first_sent_at, in_flight, job, doubt, generation"""
_READ = f"""SELECT {_COLUMNS} FROM import_rows
    WHERE target > :target OR (target = :target AND record_key > :key)
    ORDER BY target, record_key LIMIT :size"""  # noqa: S608 - made of constants
# Nobody's now: a row that was sent and not answered is in doubt, and was sent no later than now.
_ADD = f"""INSERT INTO import_rows ({_COLUMNS}, owner) SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2,
    j.value ->> 3, j.value ->> 4, j.value ->> 5, j.value ->> 6,
    CASE WHEN j.value ->> 3 = 'sent' THEN :now ELSE CAST(j.value ->> 7 AS DOUBLE PRECISION) END,
    CAST(j.value ->> 8 AS DOUBLE PRECISION), j.value ->> 9, CAST(j.value ->> 10 AS DOUBLE PRECISION),
    CAST(j.value ->> 11 AS DOUBLE PRECISION), j.value ->> 12, j.value ->> 13,
    CAST(j.value ->> 14 AS BIGINT), '' FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (target, record_key) DO NOTHING"""  # noqa: S608 - made of constants
_TARGETS = "SELECT DISTINCT target FROM import_rows"
_PROOFS = "SELECT target, proof, at FROM import_proofs"
_ADD_PROOF = """INSERT INTO import_proofs (target, proof, at) VALUES (:target, :proof, :at)
    ON CONFLICT (target) DO NOTHING"""


def take_over(file: Path, owners: Path, store: Store) -> int:
    """Add what the journal in `file` knows to the one in `store`, put the file aside, and return the rows.

    What the store knows of a row already counts more. `owners`: where the locks of this machine's jobs lie.
    Raises TryLater while one of them still sends by the file. A second run finds nothing left to do.
    """
    if not file.exists():
        return 0
    rows = 0
    with sqlite_store(file) as before:
        create_tables(before)
        create_tables(store)
        here, now = LockingOwner(owners), store.now()
        # A job that has not recorded a row yet is known by its lock alone.
        known = {str(owner) for (owner,) in before.execute(_OWNERS)}
        for owner in known.union(path.name for path in owners.glob("*")):
            if not here.standing(owner, now, take_over=True).is_gone:
                raise TryLater(
                    "An import that began before the data table was made is still running on this machine. "
                    "Run this again when it has ended.",
                    code="store",
                )
        unpack_all(before)  # now that nobody writes there any more
        for (target,) in before.execute(_TARGETS):
            # What comes into the rows here must be seen by all who send from now on.
            store.execute(FIRST_TURN, {"target": target, "at": now})
            unpack(store, str(target))
        last = ("", "")
        while block := before.execute(_READ, {"target": last[0], "key": last[1], "size": _BLOCK_ROWS}):
            store.execute(_ADD, {"rows": orjson.dumps(block, default=tuple).decode(), "now": now})
            rows, last = rows + len(block), (block[-1][0], block[-1][1])
        for target, proof, at in before.execute(_PROOFS):
            store.execute(_ADD_PROOF, {"target": target, "proof": proof, "at": at})
    with contextlib.suppress(FileNotFoundError):  # another job of this machine was faster
        file.rename(file.with_suffix(".taken_over"))
    return rows
