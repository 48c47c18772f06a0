"""Stops calling what is down: closed, open, half-open, decided by the failure rate over a window.

How the calls of all jobs are counted stands in `f.connect.limits.circuit_states`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import secrets
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from f.connect.errors import ConnectError, OutcomeUnknown, TryLater, WaitForQuota
from f.connect.limits.circuit_states import Status, states_of, status_of

if TYPE_CHECKING:
    from f.connect.integration import CircuitBreaker as Rule
    from f.store.store import Look, Store

P = ParamSpec("P")
T = TypeVar("T")

# What shows that a service is down, not that it refused one call. A library's lost connection is an OSError.
FAILURES: tuple[type[Exception], ...] = (TryLater, OutcomeUnknown, OSError)
# A TryLater of our own, or of a service that is up and busy.
_NOT_DOWN = frozenset({"circuit_open", "rate_limited", "store", "store_locked", "cancelled", "platform"})


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call, to be given back with `record`. `probe`: the lease of a half-open breaker."""

    probe: str = ""


class Breaker:
    """The breaker of one key; `title` is what a person calls what it guards.

    `admit` before a call, `record` after it; `record(None)` for one that was cancelled. Or around a function:
    `@breaker`, `breaker.call(function, *args)`, `await breaker.call_async(function, *args)`. That is for what
    does not go through a Client, such as a vendor's own library: a Client counts its calls itself.

    `failures`: the exceptions of such a function that count. Any other one says that the service is up if it
    names the status of a reply, and else nothing.
    """

    def __init__(
        self,
        key: str,
        rule: Rule,
        store: Store,
        title: str = "",
        *,
        failures: type[Exception] | tuple[type[Exception], ...] = FAILURES,
    ) -> None:
        self.key, self._rule, self._title = key, rule, title or key
        self._states, self._failures = states_of(store), failures

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a function: what it wraps is called as `call` or `call_async` does."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def guarded_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                return await self.call_async(function, *args, **kwargs)

            return cast("Callable[P, T]", guarded_async)

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
            return self.call(function, *args, **kwargs)

        return guarded

    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function and record how it ended; TryLater, and no call, while the breaker is open."""
        with self._counted():
            return function(*args, **kwargs)

    async def call_async(
        self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Await a function as `call` calls one. A cancellation counts as neither.

        With a SQL store the first look at it holds the loop up for a millisecond or two.
        """
        with self._counted():
            return await function(*args, **kwargs)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        if not self._rule.enabled:
            yield
            return
        permit, failed = self.admit(), None
        try:
            yield
            failed = False
        except Exception as error:
            failed = failure_shown(error, self._failures)
            raise
        finally:
            self.record(permit, failed=failed)

    def admit(self) -> Permit:
        """Let a call through, or raise TryLater (code `circuit_open`) without sending anything."""
        state, now = self._states.read(self.key)
        status = status_of(state, now)
        if status == "closed":
            return Permit()
        if status == "half_open" and state.lease_until <= now:
            permit = Permit(secrets.token_hex(8))
            if self._states.lease(self.key, permit.probe):
                return permit
            state, now = self._states.read(self.key)
            if status_of(state, now) == "closed":  # another's probe has succeeded meanwhile
                return Permit()
        left = max(1.0, max(state.open_until, state.lease_until) - now)
        raise TryLater(
            f"{self._title} has failed too often lately; nothing was sent. Try again in {left:.0f} s.",
            code="circuit_open",
            retry_after=left,
        )

    def first_look(self) -> Look | None:
        """Return what the next `admit` would look at; None if it knows already."""
        return self._states.first_look(self.key)

    def record(self, permit: Permit, *, failed: bool | None) -> None:
        """Record whether the call failed; None counts as neither and only gives a probe's lease back."""
        if permit.probe:
            open_for = None if failed is None else self._rule.reset_timeout if failed else 0.0
            self._states.probed(self.key, permit.probe, open_for)
        elif failed is not None:
            self._states.count(self.key, self._rule, failed=failed)

    def trip(self) -> None:
        """Open at once, for `reset_timeout`."""
        self._states.open(self.key, self._rule.reset_timeout)

    def reset(self) -> None:
        """Close at once."""
        self._states.close(self.key)

    def status(self) -> Status:
        """Return what a call would meet now."""
        return status_of(*self._states.read(self.key))


def failure_shown(
    error: Exception, failures: type[Exception] | tuple[type[Exception], ...] = FAILURES
) -> bool | None:
    """Return whether an exception shows that the service is down; None if it tells nothing. Pure."""
    if isinstance(error, ConnectError) and (
        isinstance(error, WaitForQuota) or error.status == 429 or error.code in _NOT_DOWN
    ):
        return None
    if isinstance(error, failures):
        return True
    return False if isinstance(error, ConnectError) and error.status is not None else None
