"""What a watch has seen and told, in a store that outlives its runs.

    first look -> known                              what was there before anybody watched
    later look -> pending -> notified                told once
                          -> pending                 the channels failed: told by a later run
                          -> given_up                they failed in five runs

An event is found, and pending, before anybody is told; a run that is killed after that leaves it pending.
An issue that is over for half a day is forgotten, so that it is told again if it comes back; one that comes
and goes within hours is told once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from f.vessels.watching.events import VesselEvent

if TYPE_CHECKING:
    from f.store.store import Store

Told = Literal["notified", "pending", "given_up"]
MOST_ATTEMPTS = 5
_OVER_SECONDS = 12 * 3600.0  # without an issue, after which it is a new one if it comes back
_KEEP_SECONDS = 400 * 86_400.0  # longer than the past that is looked at; what is seen again is kept

_VESSELS = """CREATE TABLE IF NOT EXISTS vessel_watch (
    watch TEXT NOT NULL, imo TEXT NOT NULL, name TEXT NOT NULL, since DOUBLE PRECISION NOT NULL,
    looked_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (watch, imo))"""
_EVENTS = """CREATE TABLE IF NOT EXISTS vessel_event (
    watch TEXT NOT NULL, key TEXT NOT NULL, imo TEXT NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL,
    attempts BIGINT NOT NULL, found_at DOUBLE PRECISION NOT NULL, seen_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (watch, key))"""
_LOOK = "SELECT name, since, looked_at FROM vessel_watch WHERE watch = :watch AND imo = :imo"
# Nothing of a vessel's first look is pending, unless asked for; another run may have had that look meanwhile.
_ADD = """INSERT INTO vessel_event AS e (watch, key, imo, content, state, attempts, found_at, seen_at)
    SELECT :watch, j.value ->> 0, :imo, j.value ->> 1, j.value ->> 2, 0, :now, :now
    FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (watch, key) DO UPDATE SET seen_at = excluded.seen_at"""
_LOOKED = """INSERT INTO vessel_watch AS w (watch, imo, name, since, looked_at)
    VALUES (:watch, :imo, :name, :now, :now)
    ON CONFLICT (watch, imo) DO UPDATE SET name = excluded.name, looked_at = excluded.looked_at"""
_PENDING = """SELECT key, found_at, content FROM vessel_event WHERE watch = :watch AND state = 'pending'
    ORDER BY found_at, key LIMIT :most"""
_COUNT = "SELECT COUNT(*) FROM vessel_event WHERE watch = :watch AND state = 'pending'"
_NOTIFIED = "UPDATE vessel_event SET state = 'notified' WHERE watch = :watch AND key = :key"
_FAILED = """UPDATE vessel_event SET attempts = attempts + 1,
    state = CASE WHEN attempts + 1 >= :most THEN 'given_up' ELSE 'pending' END
    WHERE watch = :watch AND key = :key AND state = 'pending' RETURNING state"""
_CLEAR = """DELETE FROM vessel_event WHERE watch = :watch AND imo = :imo AND seen_at < :over
    AND state <> 'pending' AND key NOT LIKE 'arrival:%'"""
_FORGET = "DELETE FROM vessel_event WHERE seen_at < :old AND state <> 'pending'"


class PendingEvent(VesselEvent):
    """An event to tell. `dedupe_key`: what makes it the same one to f/notify, in this watch and this time."""

    dedupe_key: str


@dataclass(frozen=True, slots=True)
class Look:
    """The last look at a vessel, in seconds since the epoch. `since`: the first one."""

    name: str
    since: float
    looked_at: float


class WatchMemory:
    """The memory of one watch; another name is another watch, which tells of the same vessels anew."""

    def __init__(self, store: Store, watch: str) -> None:
        self._store, self._watch = store, watch

        def make() -> bool:
            store.create(_VESSELS)
            store.create(_EVENTS)
            store.execute(_FORGET, {"old": store.now() - _KEEP_SECONDS})
            return True

        store.shared("vessel_watch", make)

    def last_look(self, imo: str) -> Look | None:
        """Return the last look at a vessel; None if this is the first."""
        rows = self._store.execute(_LOOK, {"watch": self._watch, "imo": imo})
        return Look(*rows[0]) if rows else None

    def record(
        self, imo: str, name: str, new: Sequence[VesselEvent], known: Sequence[VesselEvent], *, whole: bool
    ) -> None:
        """Keep a look: events that are to be told unless they are there already, and those that are not.

        `whole`: they are all there are, so that an issue which is not among them is over.
        """
        now = self._store.now()
        values: dict[str, Any] = {"watch": self._watch, "imo": imo, "now": now}
        rows = [(one["key"], json.dumps(one), "pending") for one in new]
        rows += [(one["key"], json.dumps(one), "known") for one in known]
        statements = [(_ADD, {**values, "rows": json.dumps(rows)})]
        if whole:
            statements.append((_CLEAR, {"watch": self._watch, "imo": imo, "over": now - _OVER_SECONDS}))
        self._store.together([*statements, (_LOOKED, {**values, "name": name})])

    def pending(self, most: int) -> list[PendingEvent]:
        """Return what is to be told, oldest first."""
        rows = self._store.execute(_PENDING, {"watch": self._watch, "most": most})
        found: list[PendingEvent] = []
        for key, found_at, content in rows:
            event: VesselEvent = json.loads(content)
            found.append({**event, "dedupe_key": f"{self._watch}:{key}:{found_at:.3f}"})
        return found

    def count_pending(self) -> int:
        """Return how many events are to be told."""
        return int(self._store.execute(_COUNT, {"watch": self._watch})[0][0])

    def told(self, key: str) -> None:
        """Keep that an event was told, once and for all."""
        self._store.execute(_NOTIFIED, {"watch": self._watch, "key": key})

    def failed(self, key: str) -> Told:
        """Keep that telling an event failed, and return what becomes of it."""
        rows = self._store.execute(_FAILED, {"watch": self._watch, "key": key, "most": MOST_ATTEMPTS})
        return rows[0][0] if rows else "notified"
