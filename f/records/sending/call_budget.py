"""The calls of a day that all jobs of all imports share, and the pauses they keep together.

A day is a UTC day. Calls are taken in blocks, one statement each: the limit is exceeded by no more than the
retries of what is under way. A pause lapses by time.
"""

from typing import Any, NamedTuple

from f.connect.times import DAY_SECONDS
from f.records.target.target import Target
from f.store.store import Store

_TABLE = """CREATE TABLE IF NOT EXISTS import_calls (
    target TEXT PRIMARY KEY, day BIGINT NOT NULL, used BIGINT NOT NULL,
    paused_until DOUBLE PRECISION NOT NULL, why TEXT NOT NULL)"""
_ADD = """INSERT INTO import_calls AS c (target, day, used, paused_until, why)
    VALUES (:target, :day, :calls, 0, '')
    ON CONFLICT (target) DO UPDATE SET day = :day,
    used = CASE WHEN c.day = :day THEN c.used + :calls ELSE :calls END
    RETURNING used, paused_until, why"""
_READ = """SELECT CASE WHEN day = :day THEN used ELSE 0 END, paused_until, why
    FROM import_calls WHERE target = :target"""
_PAUSE = """INSERT INTO import_calls AS c (target, day, used, paused_until, why)
    VALUES (:target, :day, 0, :until, :why)
    ON CONFLICT (target) DO UPDATE SET paused_until = :until, why = :why WHERE c.paused_until < :until"""


def next_midnight(now: float) -> float:
    """When the day's calls come back, in seconds since the epoch."""
    return (now // DAY_SECONDS + 1) * DAY_SECONDS


class Pause(NamedTuple):
    """Nothing is sent until then, in seconds since the epoch; why, as a sentence without its full stop."""

    until: float
    why: str


class CallBudget:
    """What one job may send to a target: within its daily limit, if it has one, and in no pause. One thread.

    As many calls as may be under way at once are sent between two looks at what the other jobs have done.
    """

    def __init__(self, store: Store, target: Target, *, obeys_pauses: bool = True) -> None:
        self._store, self._target, self._obeys_pauses = store, target, obeys_pauses
        self._limit, self._block = target.daily_limit, target.max_concurrent_requests
        self._day = 0  # on which they were granted
        self._granted = 0  # calls that may be made without another look
        self._more = 0  # calls made beyond those granted, not yet counted for the others
        store.create(_TABLE)

    def now(self) -> float:
        """Seconds since the epoch by the store's clock."""
        return self._store.now()

    def pause(self) -> Pause | None:
        """What forbids to send now."""
        now = self.now()
        return self._forbids(self._read(now), now)

    def left(self) -> int | None:
        """Calls left of today's own limit; None where there is none."""
        if self._limit is None:
            return None
        return max(0, self._limit - self._read(self.now())[0])

    def take(self) -> Pause | None:
        """Count one call that is about to be made; or what forbids it."""
        if self._granted <= 0 and (pause := self._grant()):
            return pause
        self._granted -= 1
        return None

    def add(self, calls: int) -> None:
        """Count calls that were made beyond those taken; fewer than none were not made after all."""
        self._more += calls

    def pause_until(self, until: float, why: str) -> None:
        """Have no job send before that time; a longer pause stays."""
        now = self.now()
        self._store.execute(_PAUSE, {**self._key(now), "until": until, "why": why})

    def settle(self) -> None:
        """Give back what was taken and not used, and count what was made beyond it."""
        key = self._key(self.now())
        unused = self._granted if key["day"] == self._day else 0
        calls, self._granted, self._more = self._more - unused, 0, 0
        if calls and self._limit is not None:
            self._store.execute(_ADD, {**key, "calls": calls})

    def _grant(self) -> Pause | None:
        now = self.now()
        if pause := self._forbids(self._read(now), now):
            return pause
        surplus, key = 0, self._key(now)
        if self._limit is not None:
            [(used, *_)] = self._store.execute(_ADD, {**key, "calls": self._block + self._more})
            surplus = min(max(0, used - self._limit), self._block)
        self._day, self._granted, self._more = key["day"], self._block - surplus, -surplus
        return None if self._granted else self._used_up(now)

    def _forbids(self, known: tuple[int, float, str], now: float) -> Pause | None:
        used, until, why = known
        if until > now and self._obeys_pauses:
            return Pause(until, why)
        return self._used_up(now) if self._limit is not None and used >= self._limit else None

    def _used_up(self, now: float) -> Pause:
        why = f"The {self._limit:,} calls a day that its settings allow {self._target.title} are used up"
        return Pause(next_midnight(now), why)

    def _read(self, now: float) -> tuple[int, float, str]:
        rows = self._store.execute(_READ, self._key(now))
        used, until, why = rows[0] if rows else (0, 0.0, "")
        return used, until, why

    def _key(self, now: float) -> dict[str, Any]:
        return {"target": self._target.identity, "day": int(now // DAY_SECONDS)}
