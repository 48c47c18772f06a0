"""Pruning the journal: what no import has met for long is forgotten, so that it does not grow for ever.

The table is read in the order of its key, a part at a time, each part a transaction of its own: imports that
run meanwhile wait for one part at the most, and no index is needed. Nothing is forgotten that an import has
met since it was counted.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict

from f.records.journal.blocks import unpack_all
from f.records.journal.journal_tables import FORGET_PROGRESS, create_tables

if TYPE_CHECKING:
    from f.store.store import Store

_PART_ROWS = 5_000
# A pause after each part for other writers: SQLite has no queue for those that wait.
_PAUSE_SECONDS = 0.01
_TARGETS = "SELECT target FROM import_targets ORDER BY target"
# A claim that has read what is forgotten meanwhile reads again.
_TAKE_TURN = "UPDATE import_targets SET turn = :turn WHERE target = :target"
_COUNT = """SELECT max(record_key), count(*), sum(CASE WHEN state = 'done' THEN 0 ELSE 1 END),
    sum(CASE WHEN state = 'done' AND renewed_at < :before THEN 1 ELSE 0 END)
    FROM (SELECT record_key, state, renewed_at FROM import_rows WHERE target = :target AND record_key > :after
    ORDER BY record_key LIMIT :size) AS part"""
_FORGET = """DELETE FROM import_rows WHERE target = :target AND record_key > :after AND record_key <= :last
    AND state = 'done' AND renewed_at < :before RETURNING record_key"""


class Pruned(TypedDict):
    """One target's entries by what was done with them. `in_doubt` (under way, or unanswered) always stay."""

    target: str
    forgotten: int
    kept: int
    in_doubt: int


def prune(
    store: Store, older_than_seconds: float, sleep: Callable[[float], object], *, dry_run: bool = False
) -> list[Pruned]:
    """Forget entries that are done and that no import has met for so long; with `dry_run` only count them.

    Returns the counts of each target. A second run forgets what has become old since.
    """
    create_tables(store)
    unpack_all(store)
    before = store.now() - older_than_seconds
    if not dry_run:
        day = datetime.fromtimestamp(before, UTC).strftime("%Y%m%d")
        store.execute(FORGET_PROGRESS, {"before": day})
    return [_pruned(store, target, before, sleep, dry_run) for (target,) in store.execute(_TARGETS)]


def _pruned(
    store: Store, target: str, before: float, sleep: Callable[[float], object], dry_run: bool
) -> Pruned:
    total: Pruned = {"target": target, "forgotten": 0, "kept": 0, "in_doubt": 0}
    for rows, in_doubt, old in _parts(store, {"target": target, "before": before}, dry_run):
        total["forgotten"] += old
        total["in_doubt"] += in_doubt
        total["kept"] += rows - old - in_doubt
        sleep(_PAUSE_SECONDS)
    return total


def _parts(store: Store, values: dict[str, Any], dry_run: bool) -> Iterator[tuple[int, int, int]]:
    """For each part: how many rows, how many of them in doubt, and how many old enough to be forgotten."""
    after = ""
    while True:
        part = {**values, "after": after, "size": _PART_ROWS}
        last, rows, in_doubt, old = store.execute(_COUNT, part)[0]
        if old and not dry_run:
            turn = {**values, "turn": secrets.token_hex(8)}
            _, forgotten = store.together([(_TAKE_TURN, turn), (_FORGET, {**part, "last": last})])
            old = len(forgotten)
        if not rows:
            return
        yield int(rows), int(in_doubt), int(old)
        after = last
