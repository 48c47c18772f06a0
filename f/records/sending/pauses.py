"""Which targets take nothing now: pauses that one job has met and all jobs obey. Loads nothing that sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from f.store.store import Store

TABLE = """CREATE TABLE IF NOT EXISTS import_calls (
    target TEXT PRIMARY KEY, day BIGINT NOT NULL, used BIGINT NOT NULL,
    paused_until DOUBLE PRECISION NOT NULL, why TEXT NOT NULL)"""
_PAUSED = "SELECT target, paused_until, why FROM import_calls WHERE paused_until > :now ORDER BY target"

# Behind a target's identity: the row that says its daily limit is used up. It forbids nothing.
LIMIT = "daily_limit"


class Pause(NamedTuple):
    """A time during which nothing is sent. `until` in seconds since the epoch; `why` has no full stop."""

    until: float
    why: str


def paused_targets(store: Store) -> dict[str, Pause]:
    """Return the targets to which no job sends now, by identity, for people. Changes nothing.

    One whose daily limit is used up has LIMIT behind its identity.
    """
    if not store.columns("import_calls"):
        return {}
    rows = store.execute(_PAUSED, {"now": store.now()})
    return {str(target): Pause(float(until), str(why)) for target, until, why in rows}
