"""How long events are kept: bodies for a while, what else is known for longer, what still waits for ever.

    handled, unhandled or dropped    body until keep_days after it was received
    dead letter                      body until keep_dead_days after it was received
    any of these                     row until forget_days after it was last told
    new, due or running              untouched

The row outlives the body: by it an event that a provider tells again is known. Rows are read in the order of
their time, a block at a time, each block a transaction of its own, in which what is purged is looked at once
more: an event that is replayed meanwhile stays.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f.connect.errors import FixInput
from f.connect.times import DAY_SECONDS
from f.store.stores import SqliteStore
from f.webhooks.inbox.selection import IS_DEAD, STILL_WAITS
from f.webhooks.inbox.tables import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from f.store.store import Row, Store, Values

SHORTEST_FORGET_DAYS = 30  # longer than any provider tells an event again
_BLOCK = 500
_PAUSE_SECONDS = 0.01  # for other writers: SQLite has no queue for those that wait
_LONGEST_SECONDS = 240.0

_ROWS = "FROM each_row(:rows) AS j"
_IDS = f"(SELECT j.value ->> 0 {_ROWS})"
_OLD = f"e.received_at < CASE WHEN {IS_DEAD} THEN :dead_before ELSE :before END"
_KEEP_NO_MORE = f"""SELECT e.received_at, e.id FROM webhook_event AS e WHERE e.body <> ''
    AND (e.received_at > :at OR (e.received_at = :at AND e.id > :id)) AND e.received_at < :latest
    AND NOT {STILL_WAITS} AND {_OLD} ORDER BY e.received_at, e.id LIMIT :most"""  # noqa: S608 - made of constants
# What was received long ago may have been told again since.
_KNOW_NO_MORE = f"""SELECT e.received_at, e.id FROM webhook_event AS e
    WHERE (e.received_at > :at OR (e.received_at = :at AND e.id > :id)) AND e.received_at < :before
    AND e.last_seen_at < :before AND NOT {STILL_WAITS}
    ORDER BY e.received_at, e.id LIMIT :most"""  # noqa: S608 - made of constants
# Postgres looks at the tasks anew in each statement, but not while it waits for another's change of a row.
LOCK = f"UPDATE webhook_event SET repeats = repeats WHERE id IN {_IDS}"  # noqa: S608 - made of constants
_EMPTY = f"""UPDATE webhook_event AS e SET body = '' WHERE e.id IN {_IDS}
    AND NOT {STILL_WAITS} AND {_OLD} RETURNING id"""  # noqa: S608 - made of constants
EMPTY_PATCHES = f"""UPDATE webhook_replay SET patch = '' WHERE patch <> '' AND event IN {_IDS}
    AND EXISTS (SELECT 1 FROM webhook_event AS e WHERE e.id = webhook_replay.event AND e.body = '')"""  # noqa: S608 - made of constants
_FORGET = f"""DELETE FROM webhook_event AS e WHERE e.id IN {_IDS} AND e.last_seen_at < :before
    AND NOT {STILL_WAITS} RETURNING id"""  # noqa: S608 - made of constants
_GONE = f"""WHERE event IN {_IDS}
    AND NOT EXISTS (SELECT 1 FROM webhook_event AS e WHERE e.id = event)"""  # noqa: S608 - made of constants
_FORGET_TASKS = f"DELETE FROM webhook_task {_GONE}"  # noqa: S608 - made of constants
_FORGET_REPLAYS = f"DELETE FROM webhook_replay {_GONE}"  # noqa: S608 - made of constants
_FORGET_CONTENTS = """DELETE FROM webhook_content WHERE at < :before AND content IN (
    SELECT content FROM webhook_content WHERE at < :before LIMIT :most) RETURNING content"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """How long to keep what. FixInput for what nobody can mean."""

    keep: float = 30
    keep_dead: float = 90
    forget: float = 400

    def __post_init__(self) -> None:
        if min(self.keep, self.keep_dead) < 0:
            raise FixInput("keep_days and keep_dead_days must be at least 0.", code="bad_argument")
        if self.forget < SHORTEST_FORGET_DAYS:
            raise FixInput(
                f"forget_days is {self.forget:g}, and must be at least {SHORTEST_FORGET_DAYS}: so long an "
                "event that its provider tells again must be known, or it would be handled twice.",
                code="bad_argument",
            )
        if self.forget < max(self.keep, self.keep_dead):
            raise FixInput(
                "forget_days must be at least keep_days and keep_dead_days: with the row its body goes.",
                code="bad_argument",
            )


@dataclass(slots=True)
class Purged:
    """How many bodies were emptied and events forgotten. `complete`: all there was, in the time given."""

    emptied: int = 0
    forgotten: int = 0
    complete: bool = True


class Retention:
    """Empties and forgets what is old. `ticks` and `sleep` are for tests."""

    def __init__(
        self,
        store: Store,
        *,
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        seconds: float = _LONGEST_SECONDS,
    ) -> None:
        prepare(store)
        self._store, self._ticks, self._sleep = store, ticks, sleep
        self._end = ticks() + seconds

    def purge(self, days: Days, *, dry_run: bool = False) -> Purged:
        """Empty bodies and forget events that are old enough; a second run goes on where time ran out."""
        now, done = self._store.now(), Purged()
        before, dead_before = now - days.keep * DAY_SECONDS, now - days.keep_dead * DAY_SECONDS
        old = {"before": before, "dead_before": dead_before}
        with no_trace(self._store):
            for ids in self._blocks(_KEEP_NO_MORE, {**old, "latest": max(before, dead_before)}, done):
                done.emptied += len(ids) if dry_run else self._empty(ids, old)
            forget = {"before": now - days.forget * DAY_SECONDS}
            for ids in self._blocks(_KNOW_NO_MORE, forget, done):
                done.forgotten += len(ids) if dry_run else self._forget(ids, forget)
            if not dry_run:
                self._forget_contents(forget, done)
        return done

    def is_over(self) -> bool:
        """Return whether the time is used up; otherwise let others write for a moment."""
        if self._ticks() >= self._end:
            return True
        self._sleep(_PAUSE_SECONDS)
        return False

    def _blocks(self, select: str, values: Values, done: Purged) -> Iterator[list[str]]:
        """Yield blocks of ids, oldest first."""
        last: Row = (0.0, "")
        while True:
            place = {"at": last[0], "id": last[1], "most": _BLOCK}
            rows = self._store.execute(select, {**values, **place})
            if not rows:
                return
            yield [str(one) for _, one in rows]
            last = rows[-1]
            if self.is_over():
                done.complete = False
                return

    def _empty(self, ids: list[str], old: Values) -> int:
        block = {"rows": json.dumps([[one] for one in ids])}
        _, emptied, _ = self._store.together(
            [(LOCK, block), (_EMPTY, {**block, **old}), (EMPTY_PATCHES, block)]
        )
        return len(emptied)

    def _forget(self, ids: list[str], before: Values) -> int:
        block = {"rows": json.dumps([[one] for one in ids])}
        _, forgotten, _, _ = self._store.together(
            [(LOCK, block), (_FORGET, {**block, **before}), (_FORGET_TASKS, block), (_FORGET_REPLAYS, block)]
        )
        return len(forgotten)

    def _forget_contents(self, before: Values, done: Purged) -> None:
        """Remove locks on contents that no request had for long. Who needs one makes it anew."""
        while done.complete and self._store.execute(_FORGET_CONTENTS, {**before, "most": _BLOCK}):
            done.complete = not self.is_over()


@contextmanager
def no_trace(store: Store, *, anew: bool = False) -> Iterator[None]:
    """Have SQLite overwrite what is removed meanwhile, in its file and in its log.

    `anew`: write the whole file anew at the end, for SQLite leaves copies of rows where it has moved them.

    Elsewhere it is the database's: Postgres overwrites nothing, and gives the room to others once it was
    vacuumed. What may remain there, or in a backup, is sealed.
    """
    if not isinstance(store, SqliteStore):
        yield
        return
    ((before,),) = store.execute("PRAGMA secure_delete")
    store.execute("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        store.execute(f"PRAGMA secure_delete = {int(before)}")
        if anew:
            store.execute("VACUUM")
        if not store.in_memory:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
