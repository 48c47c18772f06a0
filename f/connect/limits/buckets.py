"""Token buckets as GCRA keeps them, one number each: pure, in this process's memory, or in a store.

The bucket is the time at which it will be full again (`tat`, theoretical arrival time). Taking a
token moves it on by one interval; a taker who has to wait has thereby reserved its moment, so that
waiters are served one after the other and nobody polls. Over any span of t seconds at most
`t / interval + burst` tokens come due, however many processes take them.
https://www.rfc-editor.org/rfc/rfc2698 describes such meters; GCRA is ITU-T I.371.
"""

# ruff: noqa: D102 - Buckets says what its methods are for

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from f.connect.times import DAY_SECONDS
from f.store.store import Look

if TYPE_CHECKING:
    from f.connect.integration import RateLimit
    from f.connect.limits.background import Background
    from f.store.store import Row, Store

LONGEST_WAIT = 300.0  # seconds anybody may reserve ahead; what lies further off is a clock that jumped
LONGEST_PAUSE = DAY_SECONDS  # seconds a server may ask for
LOOK_SECONDS = 1.0  # how old what a process knows of a pause may be
LATEST = 0.05  # seconds after its moment until which a token may be used
"""Both bounds make the limiter survive a clock that is set back: state from the future is dropped."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A RateLimit as GCRA counts: seconds per token, and how many seconds of tokens may be taken at once."""

    interval: float
    tolerance: float

    @classmethod
    def of(cls, limit: RateLimit | None) -> Pace:
        if limit is None or not limit.enabled:
            return UNPACED
        # Over a window longer by as much as a token may be late: to a server that counts strictly, those that
        # come late and those that come in time are too many otherwise.
        interval = (limit.time_window + LATEST) / limit.max_requests
        return cls(interval, (limit.burst - 1) * interval)

    @property
    def burst(self) -> int:
        """How many tokens may be taken at once; without a pace, any number."""
        return round(self.tolerance / self.interval) + 1 if self.interval else ANY_NUMBER


ANY_NUMBER = 2**31
UNPACED = Pace(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The state of one key. Times are the store's; `paused_until` is what the server asked for."""

    tat: float = 0.0
    paused_until: float = 0.0


def reserve(bucket: Bucket, pace: Pace, now: float, count: int = 1) -> tuple[float, Bucket]:
    """Return the seconds until the next `count` tokens are due, and the bucket once they are taken. Pure."""
    paused_until = bucket.paused_until if bucket.paused_until <= now + LONGEST_PAUSE else 0.0
    # After a pause tokens come one by one, not all those saved up meanwhile.
    floor = paused_until + pace.tolerance if paused_until > now else now
    furthest = floor + pace.tolerance + pace.interval + LONGEST_WAIT
    start = max(bucket.tat, floor) if bucket.tat <= furthest else floor
    last = start + (count - 1) * pace.interval
    return max(0.0, last - pace.tolerance - now), Bucket(last + pace.interval, paused_until)


def tokens_in(bucket: Bucket, pace: Pace, now: float) -> int:
    """Return how many tokens could be taken at once. Pure."""
    if bucket.paused_until > now:
        return 0
    if not pace.interval:
        return ANY_NUMBER
    return max(0, int((pace.tolerance - max(0.0, bucket.tat - now)) / pace.interval + 1 + 1e-5))


EMPTY = Bucket()


class Buckets(Protocol):
    """Where the buckets of all keys are kept."""

    def take(self, key: str, pace: Pace, max_wait: float, count: int = 1) -> float | None:
        """Take `count` tokens if the last comes due within `max_wait` seconds, and return its wait.

        Else take none: None. They are all used when the last one is due, so `count` is at most the burst.
        """

    def read(self, key: str) -> tuple[Bucket, float]:
        """Return the bucket and the time it was read."""

    def lower(self, key: str, *, tat_in: float, pause: float) -> None:
        """Move the bucket's times to at least so many seconds from now; never back."""

    def forget(self, key: str) -> None:
        """Fill the bucket."""


class MemoryBuckets:
    """Buckets of one process."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._buckets: dict[str, Bucket] = {}
        self._lock = threading.Lock()

    def take(self, key: str, pace: Pace, max_wait: float, count: int = 1) -> float | None:
        with self._lock:
            wait, taken = reserve(self._buckets.get(key, EMPTY), pace, self._ticks(), count)
            if wait > max_wait:
                return None
            self._buckets[key] = taken
            return wait

    def read(self, key: str) -> tuple[Bucket, float]:
        return self._buckets.get(key, EMPTY), self._ticks()

    def lower(self, key: str, *, tat_in: float, pause: float) -> None:
        with self._lock:
            bucket, now = self._buckets.get(key, EMPTY), self._ticks()
            paused_until = max(bucket.paused_until, now + pause) if pause else bucket.paused_until
            self._buckets[key] = Bucket(max(bucket.tat, now + tat_in), paused_until)

    def forget(self, key: str) -> None:
        with self._lock:
            self._buckets.pop(key, None)


TABLE = """CREATE TABLE IF NOT EXISTS connect_rate_limit (
    key TEXT PRIMARY KEY, tat DOUBLE PRECISION NOT NULL, paused_until DOUBLE PRECISION NOT NULL)"""

# The pure `reserve` once more, as one upsert: the row's lock makes it exact across processes. A `:now` that
# is stale by the time the lock is got only makes the limit stricter.
_PAUSED = f"(CASE WHEN r.paused_until > :now + {LONGEST_PAUSE} THEN 0 ELSE r.paused_until END)"
_FLOOR = f"(CASE WHEN {_PAUSED} > :now THEN {_PAUSED} + :tolerance ELSE :now END)"
_START = (
    f"(CASE WHEN r.tat > {_FLOOR} AND r.tat <= {_FLOOR} + :tolerance + :interval + {LONGEST_WAIT} "
    f"THEN r.tat ELSE {_FLOOR} END)"
)
TAKE = f"""INSERT INTO connect_rate_limit AS r (key, tat, paused_until) VALUES (:key, :now + :taken, 0)
    ON CONFLICT (key) DO UPDATE SET tat = {_START} + :taken, paused_until = {_PAUSED}
    WHERE {_START} + :taken - :interval - :tolerance - :now <= :max_wait
    RETURNING tat - :interval - :tolerance - :now"""  # noqa: S608 - made of constants of this file
READ = "SELECT tat, paused_until FROM connect_rate_limit WHERE key = :key"
LOWER = """INSERT INTO connect_rate_limit AS r (key, tat, paused_until) VALUES (:key, :tat, :paused)
    ON CONFLICT (key) DO UPDATE SET
    tat = CASE WHEN r.tat > :tat THEN r.tat ELSE :tat END,
    paused_until = CASE WHEN r.paused_until > :paused THEN r.paused_until ELSE :paused END"""
FORGET = "DELETE FROM connect_rate_limit WHERE key = :key"


class SqlBuckets:
    """Buckets all processes of a store share."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.create(TABLE, durable=False)

    def take(self, key: str, pace: Pace, max_wait: float, count: int = 1) -> float | None:
        """Take tokens; the time that the statement itself took counts as waited.

        Whoever then slept the whole wait would come late, together with those whose moment is later.
        """
        while True:
            asked = self._store.now()
            values = {
                "key": key, "now": asked, "max_wait": max_wait,
                "interval": pace.interval, "tolerance": pace.tolerance, "taken": count * pace.interval,
            }  # fmt: skip
            rows = self._store.execute(TAKE, values)
            if not rows:
                return None
            wait = max(0.0, float(rows[0][0])) - (self._store.now() - asked)
            if wait >= -LATEST:
                return max(0.0, wait)

    def read(self, key: str) -> tuple[Bucket, float]:
        rows = self._store.execute(READ, {"key": key})
        return _bucket_in(rows), self._store.now()

    def lower(self, key: str, *, tat_in: float, pause: float) -> None:
        now = self._store.now()
        self._store.execute(LOWER, {"key": key, "tat": now + tat_in, "paused": now + pause if pause else 0.0})

    def forget(self, key: str) -> None:
        self._store.execute(FORGET, {"key": key})


def _bucket_in(rows: list[Row]) -> Bucket:
    return Bucket(*rows[0]) if rows else EMPTY


@dataclass(slots=True)
class _Glance:
    """A bucket as one process saw it last."""

    bucket: Bucket
    at: float
    is_told: bool = True  # see background.Known


class SqlPauses:
    """The pauses of keys that have no pace: what servers asked for, which all processes of a store obey.

    Nothing is counted, so a call costs no statement: the row is looked at before the first call and once a
    second.
    """

    def __init__(self, store: Store, rows: Buckets, background: Background) -> None:
        self._store, self._rows, self._background = store, rows, background
        self._seen: dict[str, _Glance] = {}

    def take(self, key: str, pace: Pace, max_wait: float, count: int = 1) -> float | None:
        return self._rows.take(key, pace, max_wait, count)

    def first_look(self, key: str) -> Look | None:
        """Return what the first `read` would look at, for who has more to look at; None after that."""
        if key in self._seen:
            return None
        now = self._store.now()

        def take(rows: list[Row]) -> None:
            # A pause that this process has set meanwhile stays.
            self._seen.setdefault(key, _Glance(_bucket_in(rows), now))

        return Look((READ, {"key": key}), take)

    def read(self, key: str) -> tuple[Bucket, float]:
        seen, now = self._seen.get(key), self._store.now()
        if seen is not None and 0 <= now - seen.at < LOOK_SECONDS:
            return seen.bucket, now
        if seen is None:
            self._look(key)
        else:
            seen.at = now  # whoever comes meanwhile goes by what is known
            self._background.run(lambda: self._look(key))
        return self._seen[key].bucket, now

    def lower(self, key: str, *, tat_in: float, pause: float) -> None:
        now = self._store.now()
        until = max(
            now + pause if pause else 0.0, self._seen.get(key, _Glance(EMPTY, now)).bucket.paused_until
        )
        self._set(key, Bucket(0.0, until), now, lambda: self._rows.lower(key, tat_in=tat_in, pause=pause))

    def forget(self, key: str) -> None:
        self._set(key, EMPTY, self._store.now(), lambda: self._rows.forget(key))

    def _set(self, key: str, bucket: Bucket, now: float, write: Callable[[], None]) -> None:
        glance = self._seen[key] = _Glance(bucket, now, is_told=False)
        self._background.tell(glance, write)

    def _look(self, key: str) -> None:
        before = self._seen.get(key)
        if before is not None and not before.is_told:
            return
        found = _Glance(*self._rows.read(key))
        if self._seen.get(key) is before:  # else this process has set a pause meanwhile
            self._seen[key] = found
