"""What one job may send: within the daily limit that all jobs share, and not while they pause together.

A day is a UTC day. Calls are taken in blocks, one statement each: the limit is exceeded by no more than the
retries of what is under way. A pause lapses by time. A job that would have to wait longer than `park_after`
stops sending, and another run sends the rest later: `ParkingClient` takes its calls from the budget, and
turns whatever asks for such a wait into `Parked`: the day's quota, a long Retry-After, a rate limit without
room.

    run --take--> granted --request--> reply
         |                             `--asks for a long wait--> the pause is stored for all jobs, Parked
         `--used up, or paused--> Parked, or WaitForQuota if this job never parks
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import ConnectError, TryLater, WaitForQuota
from f.connect.times import DAY_SECONDS, REAL, Clock, to_iso, to_text
from f.records.sending.pauses import LIMIT, TABLE, Pause

if TYPE_CHECKING:
    from f.records.rows.outcome import Stop
    from f.records.target.target import Target
    from f.store.store import Store

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
_GOES_ON = "UPDATE import_calls SET paused_until = 0 WHERE target = :target AND paused_until > 0"
_JUST_SECONDS = 1.0  # after which what `pause` has read is too old to go by


def next_midnight(now: float) -> float:
    """Return when the day's calls renew, in seconds since the epoch."""
    return (now // DAY_SECONDS + 1) * DAY_SECONDS


class _Known(NamedTuple):
    """What is stored of a target, as it was `at` that time: the day's calls, and until when it pauses."""

    used: int = 0
    until: float = 0.0
    why: str = ""
    at: float = 0.0


class CallBudget:
    """The calls one job may make to a target: within its daily limit, if it has one, and not in a pause.

    For one thread. Between two looks at what the other jobs have used, as many calls are made as may be under
    way at once. `obeys_pauses` False: only the daily limit counts.

    That the daily limit is used up is stored beside the pauses, for people to be told: it binds nobody, as
    who raises the limit means to go on at once.
    """

    def __init__(self, store: Store, target: Target, *, obeys_pauses: bool = True) -> None:
        self._store, self._target, self._obeys_pauses = store, target, obeys_pauses
        self._limit = target.daily_limit
        self._day = 0  # the day on which they were granted
        self._granted = 0  # calls that may be made without another look; counted as used already
        self._more = (
            0  # calls made beyond those granted (retries), not yet counted; below 0: counted too many
        )
        self._known = _Known()  # what `pause` has read, for the first block
        store.create(TABLE)

    def now(self) -> float:
        """Return the seconds since the epoch by the store's clock."""
        return self._store.now()

    def pause(self) -> Pause | None:
        """Return what forbids sending now; None if nothing does. Takes no call."""
        now = self.now()
        self._known = self._read(now)
        return self._forbids(self._known, now)

    def left(self) -> int | None:
        """Return the calls left of the daily limit of the settings; None if they have none."""
        if self._limit is None:
            return None
        return max(0, self._limit - self._read(self.now()).used)

    def take(self) -> Pause | None:
        """Count one call that is about to be made and return None; or return what forbids it."""
        if self._granted <= 0 and (pause := self._grant()):
            return pause
        self._granted -= 1
        return None

    def add(self, calls: int) -> None:
        """Count calls that were made beyond those taken; a negative number if taken ones were not made."""
        self._more += calls

    def pause_until(self, until: float, why: str) -> None:
        """Store a pause for all jobs, until then in seconds since the epoch; a longer one stays."""
        now = self.now()
        self._store.execute(_PAUSE, {**self._key(now), "until": until, "why": why})
        self._known = _Known()

    def release_unused(self) -> None:
        """Give back calls that were taken and not made, and count those made beyond. Harmless if repeated."""
        key = self._key(self.now())
        # Calls that were granted yesterday are no longer in today's count.
        unused = self._granted if key["day"] == self._day else 0
        calls, self._granted, self._more = self._more - unused, 0, 0
        if calls and self._limit is not None:
            self._store.execute(_ADD, {**key, "calls": calls})

    def _grant(self) -> Pause | None:
        """Take a block of calls at once, and give back by `_more` what of it lies beyond the limit."""
        now, block = self.now(), self._target.max_concurrent_requests
        known, self._known = self._known, _Known()
        if self._limit is not None or not 0 <= now - known.at < _JUST_SECONDS:
            known = self._read(now)
        if pause := self._forbids(known, now):
            return pause
        surplus, key = 0, self._key(now)
        if self._limit is not None:
            [(used, *_)] = self._store.execute(_ADD, {**key, "calls": block + self._more})
            surplus = min(max(0, used - self._limit), block)
        if self._limit is not None and surplus < block and self._day != key["day"]:
            self._store.execute(_GOES_ON, self._limit_key(now))
        self._day, self._granted, self._more = key["day"], block - surplus, -surplus
        return None if self._granted else self._used_up(now)

    def _forbids(self, known: _Known, now: float) -> Pause | None:
        if known.until > now and self._obeys_pauses:
            return Pause(known.until, known.why)
        return self._used_up(now) if self._limit is not None and known.used >= self._limit else None

    def _used_up(self, now: float) -> Pause:
        why = f"The {self._limit:,} calls a day that its settings allow {self._target.title} are used up"
        pause = Pause(next_midnight(now), why)
        if self._obeys_pauses:
            self._store.execute(_PAUSE, {**self._limit_key(now), "until": pause.until, "why": why})
        return pause

    def _read(self, now: float) -> _Known:
        rows = self._store.execute(_READ, self._key(now))
        used, until, why = rows[0] if rows else (0, 0.0, "")
        return _Known(used, until, why, now)

    def _limit_key(self, now: float) -> dict[str, Any]:
        return {**self._key(now), "target": f"{self._target.identity} {LIMIT}"}

    def _key(self, now: float) -> dict[str, Any]:
        return {"target": self._target.identity, "day": int(now // DAY_SECONDS)}


# If nobody says when a quota renews. The first request of the next run then finds out.
_ASK_AGAIN_SECONDS = 3600.0
_SHORTEST_SECONDS, _LONGEST_SECONDS = 60.0, DAY_SECONDS
_QUOTA = "quota_used_up"
_FORBIDDEN = 403


class Parked(WaitForQuota):
    """Nothing more is sent until `resume_at` (ISO 8601, UTC), and the rows not sent wait."""

    def __init__(self, pause: Pause, now: float) -> None:
        self.resume_at = to_iso(pause.until)
        message = f"{pause.why}; nothing is sent until {to_text(pause.until)}."
        super().__init__(message, code="parked", retry_after=pause.until - now)

    def stop(self) -> Stop:
        """Return the stop of the run that it means."""
        return {"code": "parked", "message": str(self), "resume_at": self.resume_at}


def waiting_at_most(target: Target, seconds: float) -> Target:
    """Return the target with calls that wait so many seconds at most, for a rate limit or as the API asks."""
    retry = target.integration.retry
    patient = dataclasses.replace(retry, longest_wait=seconds, max_elapsed=max(retry.max_elapsed, seconds))
    return dataclasses.replace(target, integration=dataclasses.replace(target.integration, retry=patient))


class ParkingClient(Client):
    """A client that waits `park_after` seconds at most, and raises or yields Parked for a longer wait.

    `park_after` 0: it never parks, and what the budget forbids is a WaitForQuota. `renews_at`: when the
    target's quota renews, in seconds since the epoch; 0: nobody knows.
    """

    def __init__(
        self,
        target: Target,
        limits: Store,
        *,
        park_after: float,
        renews_at: float = 0.0,
        clock: Clock = REAL,
    ) -> None:
        self._target = waiting_at_most(target, park_after) if park_after else target
        super().__init__(self._target.integration, limits, clock=clock)
        self._calls = CallBudget(limits, target, obeys_pauses=park_after > 0)
        self._park_after, self._renews_at = park_after, renews_at
        self._refusal: WaitForQuota | None = None

    def pause(self) -> Parked | None:
        """Return what parks this job before it makes a call; None if nothing does."""
        pause = self._calls.pause() if self._park_after else None
        return Parked(pause, self._calls.now()) if pause else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A few calls counted too many or too few are not a reason to lose what is known of the rows.
        with contextlib.suppress(ConnectError):
            self._calls.release_unused()
        with contextlib.suppress(ConnectError):
            super().__exit__(kind, error, trace)

    def request(self, request: Request) -> Response:
        """Make one call and return its reply; raise Parked, or WaitForQuota, if it may not be made.

        Only a POST can be refused: the other methods finish what was begun before the quota was used up (a
        bulk job is closed and read, its rows would be in doubt otherwise).
        """
        if request.method != "POST":
            self._calls.add(1)
        elif refusal := self._refused():
            raise refusal
        result: Response | ConnectError
        try:
            result = super().request(request)
        except ConnectError as error:
            result = error
        result = self._judged(result)
        if isinstance(result, ConnectError):
            raise result
        return result

    def send_many(
        self, requests: Iterable[Request], concurrency: int = 32
    ) -> Iterator[tuple[Request, Response | ConnectError]]:
        """Make many calls, until one may not be made: it is yielded with Parked, and no more are taken."""
        refused: list[tuple[Request, WaitForQuota]] = []

        def admitted() -> Iterator[Request]:
            for request in requests:
                if refusal := self._refused():
                    refused.append((request, refusal))
                    return
                yield request

        for request, result in super().send_many(admitted(), concurrency):
            yield request, self._judged(result)
        yield from refused

    def _refused(self) -> WaitForQuota | None:
        """Why the next call is not to be made."""
        if self._refusal is None and (pause := self._calls.take()):
            self._refusal = self._refusal_by(pause)
        return self._refusal

    def _refusal_by(self, pause: Pause) -> WaitForQuota:
        if self._park_after:
            return Parked(pause, self._calls.now())
        return WaitForQuota(f"{pause.why}. They renew at {to_text(pause.until)}.", code="quota")

    def _judged(self, result: Response | ConnectError) -> Response | ConnectError:
        """The result, or Parked in its place if it asks for a long wait; the pause is stored for all jobs."""
        self._calls.add(result.attempts - 1)
        if (
            isinstance(result, Response)
            and result.status == _FORBIDDEN
            and not self._target.kind.stop_code(result)
        ):
            self.refuse_credential()  # it stops this run, and any other of this credential
        pause = self._pause_of(result) if self._park_after else None
        if pause is None:
            return result
        self._calls.pause_until(*pause)
        self._refusal = Parked(pause, self._calls.now())
        parked = Parked(pause, self._calls.now())
        parked.attempts = result.attempts  # this call was made; those refused from now on are not
        return parked

    def _pause_of(self, result: Response | ConnectError) -> Pause | None:
        """How long nothing is to be sent, if that is longer than this job waits; else None."""
        if isinstance(result, Response):
            used_up = not result.success and self._target.kind.stop_code(result) == _QUOTA
            return self._until_renewed(None) if used_up else None
        if isinstance(result, WaitForQuota):
            return self._until_renewed(result.retry_after)
        if not isinstance(result, TryLater) or result.code == "circuit_open":  # the sender waits for that
            return None
        wait = result.retry_after or 0.0
        if wait > self._park_after or result.code == "rate_limited":
            return Pause(
                self._calls.now() + _bounded(wait), f"{self._target.title} takes nothing more for now"
            )
        return None

    def _until_renewed(self, asked: float | None) -> Pause:
        now = self._calls.now()
        if asked is None:
            asked = self._renews_at - now if self._renews_at > now else _ASK_AGAIN_SECONDS
        return Pause(now + _bounded(asked), f"The quota of {self._target.title} is used up")


def _bounded(seconds: float) -> float:
    return min(max(seconds, _SHORTEST_SECONDS), _LONGEST_SECONDS)
