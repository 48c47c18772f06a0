"""Parking: a wait longer than a job is to be held for ends the job's sending; the rest goes on later.

`ParkingClient` is a client that takes its calls from the budget all jobs share, and that turns whatever asks
for such a wait into `Parked`: the day's allowance, a long Retry-After, a limit without room.
"""

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from types import TracebackType

from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import ConnectError, TryLater, WaitForQuota
from f.connect.times import DAY_SECONDS, REAL, Clock, to_iso, to_text
from f.records.report.summary import Stop
from f.records.sending.call_budget import CallBudget, Pause
from f.records.target.target import Target
from f.store.store import Store

# Where nobody says when an allowance renews; the first request of the next run then asks.
_ASK_AGAIN_SECONDS = 3600.0
_SHORTEST_SECONDS, _LONGEST_SECONDS = 60.0, DAY_SECONDS
_QUOTA = "quota_used_up"


class Parked(WaitForQuota):
    """Nothing more is sent until `resume_at` (ISO 8601, UTC)."""

    def __init__(self, pause: Pause, now: float) -> None:
        self.resume_at = to_iso(pause.until)
        message = f"{pause.why}; nothing is sent until {to_text(pause.until)}."
        super().__init__(message, code="parked", retry_after=pause.until - now)

    def stop(self) -> Stop:
        """What it means for the run."""
        return {"code": "parked", "message": str(self), "resume_at": self.resume_at}


def waiting_at_most(target: Target, seconds: float) -> Target:
    """The target, whose calls wait up to so many seconds for a limit or as the server asks, and no longer."""
    retry = target.integration.retry
    patient = dataclasses.replace(retry, longest_wait=seconds, max_elapsed=max(retry.max_elapsed, seconds))
    return dataclasses.replace(target, integration=dataclasses.replace(target.integration, retry=patient))


class ParkingClient(Client):
    """Waits `park_after` seconds at most; 0: never parks, and what the budget forbids is a WaitForQuota.

    `renews_at`: when the target's allowance renews, in seconds since the epoch; 0: nobody knows.
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
        integration = self._target.integration
        # A limit kept in this process is the faster one, and enough where the target has none of its own.
        super().__init__(integration, limits if integration.rate_limit else None, clock=clock)
        self._calls = CallBudget(limits, target, obeys_pauses=park_after > 0)
        self._park_after, self._renews_at = park_after, renews_at
        self._refusal: WaitForQuota | None = None

    def pause(self) -> Parked | None:
        """What parks everything before a call is made."""
        pause = self._calls.pause() if self._park_after else None
        return Parked(pause, self._calls.now()) if pause else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A few calls counted too many or too few are no reason to lose what is known of the rows.
        with contextlib.suppress(ConnectError):
            self._calls.settle()
        super().__exit__(kind, error, trace)

    def request(self, request: Request) -> Response:
        """One call. What was begun before the allowance ran out is brought to its end: only POSTs begin."""
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
        """Many calls, until one is refused: it is yielded with Parked, and no more are taken."""
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
        """The result, or that the rest is parked; the other jobs learn of the pause."""
        self._calls.add(result.attempts - 1)
        pause = self._pause_of(result) if self._park_after else None
        if pause is None:
            return result
        self._calls.pause_until(*pause)
        self._refusal = Parked(pause, self._calls.now())
        met = Parked(pause, self._calls.now())
        met.attempts = result.attempts  # this call was made; those refused from now on are not
        return met

    def _pause_of(self, result: Response | ConnectError) -> Pause | None:
        """How long nothing is to be sent, where that is longer than this job waits."""
        if isinstance(result, Response):
            spent = not result.success and self._target.kind.stop_code(result) == _QUOTA
            return self._spent(None) if spent else None
        if isinstance(result, WaitForQuota):
            return self._spent(result.retry_after)
        if not isinstance(result, TryLater) or result.code == "circuit_open":  # a delivery waits that out
            return None
        wait = result.retry_after or 0.0
        if wait > self._park_after or result.code == "rate_limited":
            return Pause(
                self._calls.now() + _bounded(wait), f"{self._target.title} takes nothing more for now"
            )
        return None

    def _spent(self, asked: float | None) -> Pause:
        now = self._calls.now()
        if asked is None:
            asked = self._renews_at - now if self._renews_at > now else _ASK_AGAIN_SECONDS
        return Pause(now + _bounded(asked), f"The allowance of {self._target.title} is used up")


def _bounded(seconds: float) -> float:
    return min(max(seconds, _SHORTEST_SECONDS), _LONGEST_SECONDS)
