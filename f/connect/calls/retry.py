"""When to try again, and how long to wait: pure functions, and one decorator around them.

The rule for writes: one is repeated only if the server makes it safe (idempotency key,
upsert, PUT, DELETE) or it certainly was not received or not worked on.
"""

from __future__ import annotations

import functools
import inspect
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, ParamSpec, TypeVar, cast

from f.connect.errors import TryLater, WaitForQuota
from f.connect.integration import Retry
from f.connect.times import REAL, Clock

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_RETRY_AFTER = 86_400.0  # seconds; a longer wish is a fault of the server's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known after an attempt that did not succeed.

    `attempt` counts from 1; `elapsed` are seconds since the first began; `status` is None without
    a reply; `sent` is False only if the server certainly did not receive the request.
    """

    attempt: int
    elapsed: float
    status: int | None = None
    sent: bool = True
    may_repeat: bool = False
    not_applied: frozenset[int] = frozenset({429})
    retry_after: float | None = None


def may_have_been_applied(facts: Facts) -> bool:
    """Whether the server may have done what was asked, as far as this attempt tells."""
    if facts.status is None:
        return facts.sent
    if facts.status in facts.not_applied:
        return False
    return facts.status >= 500 or facts.status == 408


def next_wait(policy: Retry, facts: Facts, draw: Callable[[], float] = random.random) -> float | None:
    """Return the seconds to wait before the next attempt, or None to stop."""
    if not policy.enabled or facts.attempt > policy.max_retries:
        return None
    if facts.status is not None and facts.status not in policy.retry_on_status_codes:
        return None
    if not facts.may_repeat and may_have_been_applied(facts):
        return None
    if facts.retry_after is not None and facts.retry_after > policy.longest_wait:
        return None
    wait = backoff(policy, facts.attempt, draw)
    if (
        facts.retry_after is not None
    ):  # never earlier than asked; what is drawn on top spreads those who wait together
        wait = facts.retry_after + (
            min(wait, facts.retry_after, policy.initial_delay) if policy.jitter else 0.0
        )
    return wait if facts.elapsed + wait <= policy.max_elapsed else None


def backoff(policy: Retry, attempt: int, draw: Callable[[], float] = random.random) -> float:
    """Exponential with full jitter: uniform from 0 to the capped delay of this attempt."""
    exponent = min(attempt - 1, 64)  # beyond that any base has long met the cap, and floats overflow
    delay = min(policy.max_delay, policy.initial_delay * policy.exponential_base**exponent)
    return delay * draw() if policy.jitter else delay


def retry_after(headers: Mapping[str, str], now: Callable[[], float] = time.time) -> float | None:
    """Read Retry-After: seconds, or a date taken relative to the reply's own Date (RFC 9110, 10.2.3)."""
    text = headers.get("Retry-After")
    if text is None:
        return None
    text = text.strip()
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return min(float(text), LONGEST_RETRY_AFTER)
    at = http_date(text)
    if at is None:
        return None
    reference = http_date(headers.get("Date", ""))
    return min(max(0.0, at - (now() if reference is None else reference)), LONGEST_RETRY_AFTER)


def http_date(text: str) -> float | None:
    """Seconds since the epoch of an HTTP date; None for anything else."""
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


class Retrying:
    """Calls a function again when it raises `on` (default TryLater: nothing was applied), sync or async.

    As decorator, `@Retrying(policy)`, or as a call, `Retrying(policy).call(function, *args)` and
    `await Retrying(policy).call_async(function, *args)`. A WaitForQuota is never waited for. The last
    error is raised unchanged.
    """

    def __init__(
        self,
        policy: Retry,
        *,
        on: type[Exception] | tuple[type[Exception], ...] = TryLater,
        clock: Clock = REAL,
    ) -> None:
        self._policy, self._on, self._clock = policy, on, clock

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
        while True:
            attempt += 1
            try:
                return function(*args, **kwargs)
            except self._on as error:
                wait = self._wait_after(error, attempt, started)
                if wait is None:
                    raise
            self._clock.sleep(wait)

    async def call_async(
        self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Await `function` until it succeeds or the policy says stop. A cancellation ends it at once."""
        started, attempt = self._clock.ticks(), 0
        while True:
            attempt += 1
            try:
                return await function(*args, **kwargs)
            except self._on as error:
                wait = self._wait_after(error, attempt, started)
                if wait is None:
                    raise
            await self._clock.sleep_async(wait)

    def _wait_after(self, error: Exception, attempt: int, started: float) -> float | None:
        if isinstance(error, WaitForQuota):
            return None
        asked = error.retry_after if isinstance(error, TryLater) else None
        facts = Facts(
            attempt=attempt,
            elapsed=self._clock.ticks() - started,
            sent=False,
            may_repeat=True,
            retry_after=asked,
        )
        return next_wait(self._policy, facts, self._clock.draw)
