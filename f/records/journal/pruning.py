"""Forgetting what the journal has not needed for long, so that it does not grow for ever.

The table is walked through in the order of its key, a part at a time, each part a transaction of its own:
imports that run meanwhile wait for one part at the most, and no index is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypedDict

from f.records.journal.row_journal import create_tables

if TYPE_CHECKING:
    from f.store.store import Store

_PART_ROWS = 5_000
# Left to others after each part: SQLite gives a waiting writer no turn of its own.
_PAUSE_SECONDS = 0.01
_TARGETS = "SELECT target FROM import_targets ORDER BY target"
# Claims take this row lock too: they and a part then never wait for each other in a circle.
_TAKE_TURN = "UPDATE import_targets SET at = at WHERE target = :target"
_COUNT = """SELECT max(record_key), count(*), sum(CASE WHEN state = 'done' THEN 0 ELSE 1 END),
    sum(CASE WHEN state = 'done' AND renewed_at < :before THEN 1 ELSE 0 END)
    FROM (SELECT record_key, state, renewed_at FROM import_rows WHERE target = :target AND record_key > :after
    ORDER BY record_key LIMIT :size) AS part"""
_FORGET = """DELETE FROM import_rows WHERE target = :target AND record_key > :after AND record_key <= :last
    AND state = 'done' AND renewed_at < :before"""


class Pruned(TypedDict):
    """What became of one target's entries. `in_doubt`: under way or without an answer, which always stay."""

    target: str
    forgotten: int
    kept: int
    in_doubt: int


def prune(
    store: Store, older_than_seconds: float, sleep: Callable[[float], object], *, dry_run: bool = False
) -> list[Pruned]:
    """Forget entries that are done and were not met for so long; with `dry_run` only count them."""
    create_tables(store)
    before = store.now() - older_than_seconds
    return [_pruned(store, target, before, sleep, dry_run) for (target,) in store.execute(_TARGETS)]


def _pruned(
    store: Store, target: str, before: float, sleep: Callable[[float], object], dry_run: bool
) -> Pruned:
    total: Pruned = {"target": target, "forgotten": 0, "kept": 0, "in_doubt": 0}
    for rows, in_doubt, due in _parts(store, {"target": target, "before": before}, dry_run):
        total["forgotten"] += due
        total["in_doubt"] += in_doubt
        total["kept"] += rows - due - in_doubt
        sleep(_PAUSE_SECONDS)
    return total


def _parts(store: Store, values: dict[str, Any], dry_run: bool) -> Iterator[tuple[int, int, int]]:
    """Part after part: how many rows, how many of them in doubt, and how many forgotten."""
    after = ""
    while True:
        with store.transaction():
            store.execute(_TAKE_TURN, {"target": values["target"]})
            part = {**values, "after": after, "size": _PART_ROWS}
            last, rows, in_doubt, due = store.execute(_COUNT, part)[0]
            if due and not dry_run:
                store.execute(_FORGET, {**values, "after": after, "last": last})
        if not rows:
            return
        yield int(rows), int(in_doubt), int(due)
        after = last
