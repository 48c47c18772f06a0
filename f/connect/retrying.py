"""Calls a function again, sync or async, by the rules that hold for a request.

@Retrying(Retry(max_retries=5))
def fetch() -> Page: ...

page = Retrying(integration.retry).call(fetch)
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from f.connect.calls.verdict import Facts, next_wait
from f.connect.errors import TryLater, WaitForQuota
from f.connect.times import REAL, Clock

if TYPE_CHECKING:
    from f.connect.integration import Retry

P = ParamSpec("P")
T = TypeVar("T")


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
