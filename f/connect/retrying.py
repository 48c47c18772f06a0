"""Calls a function again, sync or async, by the rules that hold for a request.

@Retrying(Retry(max_retries=5))
def fetch() -> Page: ...

page = Retrying(integration.retry).call(fetch)
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypedDict, TypeVar, cast

from f.connect.calls.verdict import Facts, next_wait
from f.connect.errors import TryLater, WaitForQuota
from f.connect.times import REAL, Clock

if TYPE_CHECKING:
    from f.connect.integration import Retry

P = ParamSpec("P")
T = TypeVar("T")
Counted = Literal["calls", "attempts", "retries", "given_up"]


class RetryStats(TypedDict):
    """What a Retrying did since it was made or reset. `seconds_waited`: between attempts, of all threads."""

    calls: int
    attempts: int
    retries: int
    given_up: int
    seconds_waited: float


class Retrying:
    """Calls a function again when it raises `on` (default TryLater: nothing was applied), sync or async.

    As decorator, `@Retrying(policy)`, or as a call, `Retrying(policy).call(function, *args)` and
    `await Retrying(policy).call_async(function, *args)`. A WaitForQuota is never waited for. The last
    error is raised unchanged. Safe for threads; no state but the counts of `stats`.
    """

    def __init__(
        self,
        policy: Retry,
        *,
        on: type[Exception] | tuple[type[Exception], ...] = TryLater,
        clock: Clock = REAL,
    ) -> None:
        self._policy, self._on, self._clock = policy, on, clock
        self._lock = threading.Lock()
        self._stats = _nothing_yet()

    def should_retry(self, error: Exception, attempt: int) -> bool:
        """Return whether a function would be called again that raised `error` in its `attempt`-th attempt.

        Attempts count from 1. The time that has passed is for `call` to know: here none has.
        """
        return isinstance(error, self._on) and self._wait_after(error, attempt, 0.0) is not None

    def stats(self) -> RetryStats:
        """Return the counts of this object, since it was made or reset."""
        with self._lock:
            return self._stats.copy()

    def reset(self) -> None:
        """Begin to count anew. What is under way is counted from here on."""
        with self._lock:
            self._stats = _nothing_yet()

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a function: what it wraps is called again as `call` or `call_async` does."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def again_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await self.call_async(function, *args, **kwargs)

            return cast("Callable[P, T]", again_async)

        @functools.wraps(function)
        def again(*args: P.args, **kwargs: P.kwargs) -> T:
            return self.call(function, *args, **kwargs)

        return again

    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` until it succeeds or the policy says stop."""
        started, attempt = self._clock.ticks(), 0
        self._count("calls")
        while True:
            attempt += 1
            self._count("attempts")
            try:
                return function(*args, **kwargs)
            except self._on as error:
                wait = self._wait_or_give_up(error, attempt, started)
                if wait is None:
                    raise
                last = error
            if self._clock.sleep(wait):  # cut short, as the job is to stop
                self._count("given_up")
                raise last
            self._count("retries", wait)

    async def call_async(
        self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Await `function` until it succeeds or the policy says stop. A cancellation ends it at once."""
        started, attempt = self._clock.ticks(), 0
        self._count("calls")
        while True:
            attempt += 1
            self._count("attempts")
            try:
                return await function(*args, **kwargs)
            except self._on as error:
                wait = self._wait_or_give_up(error, attempt, started)
                if wait is None:
                    raise
                last = error
            if await self._clock.sleep_async(wait):
                self._count("given_up")
                raise last
            self._count("retries", wait)

    def _wait_or_give_up(self, error: Exception, attempt: int, started: float) -> float | None:
        wait = self._wait_after(error, attempt, self._clock.ticks() - started)
        if wait is None:
            self._count("given_up")
        return wait

    def _count(self, name: Counted, waited: float = 0.0) -> None:
        with self._lock:
            self._stats[name] += 1
            self._stats["seconds_waited"] += waited

    def _wait_after(self, error: Exception, attempt: int, elapsed: float) -> float | None:
        if isinstance(error, WaitForQuota):
            return None
        asked = error.retry_after if isinstance(error, TryLater) else None
        facts = Facts(
            attempt=attempt,
            elapsed=elapsed,
            sent=False,
            may_repeat=True,
            retry_after=asked,
        )
        return next_wait(self._policy, facts, self._clock.draw)


def _nothing_yet() -> RetryStats:
    return RetryStats(calls=0, attempts=0, retries=0, given_up=0, seconds_waited=0.0)
