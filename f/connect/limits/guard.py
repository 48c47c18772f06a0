"""What stands around every attempt: rate limit, circuit breaker, credential, metrics, the log line.

What a server says of its limits is read from each reply's headers: `Retry-After` (RFC 9110), `RateLimit`
(draft-ietf-httpapi-ratelimit-headers, its current and its older forms), `X-RateLimit-*` as GitHub,
SendGrid and Discord send them, and HubSpot's own.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f.connect.calls.message import Lost, Reply, Response
from f.connect.calls.verdict import LONGEST_RETRY_AFTER, Call, retry_after
from f.connect.errors import ConnectError, SignInAgain, TryLater
from f.connect.integration import endpoint_name
from f.connect.limits.background import background_of
from f.connect.limits.circuit_breaker import Breaker
from f.connect.limits.rate_limit import RateLimiter
from f.connect.limits.shared_key import account_key, credential_key, title_of
from f.connect.logs import wants_line, write_line
from f.connect.metrics import SlowCall, metrics_of
from f.connect.times import REAL, Clock
from f.windmill.connection import is_on_windmill

if TYPE_CHECKING:
    from f.connect.calls.exchange import Auth
    from f.connect.integration import Integration, RateLimit
    from f.store.store import Look, Store

log = logging.getLogger("connect")

REFUSED_BEFORE = "credential_refused"
_OUR_FAULT = frozenset({"address", "tls", "too_large"})  # says nothing about whether the service is up

EPOCH_SECONDS = 1e9  # a reset above this is a date, below it a span
EPOCH_MILLISECONDS = 1e12
BUSY = frozenset({429, 503})

_ITEM = re.compile(r"(?:^|[;,\s])(r|t|remaining|reset)\s*=\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_PREFIXES = ("RateLimit-", "X-RateLimit-", "X-Rate-Limit-", "X-HubSpot-RateLimit-")


class _Limiters:
    """The rate limiters of one integration: its own, and those of the endpoints that have one."""

    def __init__(self, integration: Integration, key: str, store: Store, clock: Clock) -> None:
        self._integration, self.key, self._store, self._clock = integration, key, store, clock
        self.main = self._limiter(key, integration.rate_limit)
        self._limits = {endpoint_name(name): limit for name, limit in integration.endpoint_limits.items()}
        self._of_endpoints: dict[str, RateLimiter] = {}

    def of(self, endpoint: str) -> RateLimiter:
        """Return the limiter of an endpoint."""
        limit = self._limits.get(endpoint_name(endpoint)) if self._limits else None
        if limit is None:
            return self.main
        if endpoint not in self._of_endpoints:
            self._of_endpoints[endpoint] = self._limiter(f"{self.key} {endpoint}", limit)
        return self._of_endpoints[endpoint]

    def _limiter(self, key: str, limit: RateLimit | None) -> RateLimiter:
        title = title_of(self._integration)
        return RateLimiter(key, limit, self._store, clock=self._clock, title=title)


class SharedGuard:
    """The guard of one integration; its state lives in `store`, so all jobs obey it together."""

    def __init__(self, integration: Integration, auth: Auth, store: Store, clock: Clock = REAL) -> None:
        self._integration, self._store, self._clock = integration, store, clock
        key = account_key(integration, auth)
        self._limiters = _Limiters(integration, key, store, clock)
        self.breaker = Breaker(key, integration.circuit_breaker, store, title_of(integration))
        self.metrics = metrics_of(store)
        self.metrics.later = background_of(store).run
        self._credential = _Credential(integration, auth, store)
        self._has_looked = store.in_memory

    @property
    def auth(self) -> Auth:
        """The credential it watches over."""
        return self._credential.auth

    @property
    def limiter(self) -> RateLimiter:
        """The limiter of all calls that have no endpoint limit."""
        return self._limiters.main

    @property
    def blocks(self) -> bool:
        """Return whether a call waits for a database: only a limit counts each call over all jobs."""
        limits = (self._integration.rate_limit, *self._integration.endpoint_limits.values())
        return not self._store.in_memory and any(limit is not None and limit.enabled for limit in limits)

    @property
    def blocks_entry(self) -> bool:
        """Return whether the next call waits for a database: to look at it at first, or to get a probe."""
        if self._store.in_memory:
            return False
        return self.blocks or not self._has_looked or self._may_probe()

    def blocks_exit(self, outcome: Reply | Lost) -> bool:
        """Return whether the end of an attempt waits for a database.

        A failure is told to the other jobs before this one sends its next call: that bounds how many all of
        them together send to what is down.
        """
        if self._store.in_memory:
            return False
        return self.blocks or (self._integration.circuit_breaker.enabled and bool(_is_failure(outcome)))

    def _may_probe(self) -> bool:
        is_half_open = self._integration.circuit_breaker.enabled and self.breaker.status() == "half_open"
        return is_half_open or self._credential.may_probe()

    def enter(self, call: Call, waited: float, max_wait: float) -> float:
        """Return the seconds to wait for the limit, 0 to go on; raises if nothing may be sent."""
        try:
            if self._store.is_remote and not self._has_looked:
                self._look_first(call)
            return self._enter(call, waited, max_wait)
        finally:
            self._has_looked = True

    def _look_first(self, call: Call) -> None:
        """Look at once at all that the first call goes by: one after the other, each look is a request."""
        looks = [self._credential.first_look(), self._limiters.of(call.endpoint).first_look()]
        if self._integration.circuit_breaker.enabled:
            looks.append(self.breaker.first_look())
        left = [look for look in looks if look is not None]
        if len(left) > 1:
            for look, rows in zip(left, self._store.together([one.statement for one in left]), strict=True):
                look.take(rows)

    def _enter(self, call: Call, waited: float, max_wait: float) -> float:
        if call.attempts == 0 and waited == 0:
            self._credential.check(call)
        late = self._clock.ticks() - call.due
        wait = self._limiters.of(call.endpoint).next_step(waited, max_wait, late=late)
        call.due = self._clock.ticks() + wait
        if self._integration.circuit_breaker.enabled and (wait == 0 or self.breaker.status() == "open"):
            call.permit = self.breaker.admit()
        return wait

    def leave(self, call: Call, outcome: Reply | Lost | None) -> None:
        """Count the attempt and obey what the reply says of limits."""
        with _answer_first(call.name):
            if self._integration.circuit_breaker.enabled:
                self.breaker.record(call.permit, failed=_is_failure(outcome))
                call.permit = None
            if isinstance(outcome, Reply):
                seen = observe(outcome.status, outcome.headers, self._clock.now())
                if seen is not NOTHING:
                    self._limiters.of(call.endpoint).update(remaining=seen.remaining, retry_after=seen.pause)

    def finish(self, call: Call, result: Response | ConnectError, seconds: float) -> None:
        """Count and log the call; a refused credential is remembered for all jobs."""
        integration, outcome = self._integration, _outcome(result)
        with _answer_first(call.name):
            self._credential.learn(call, result)
            self.metrics.record(
                integration.name,
                call.endpoint,
                outcome,
                seconds=seconds,
                retries=max(0, call.attempts - 1),
                waited=call.waited,
            )
        if seconds >= integration.slow_call_seconds:
            alert = seconds >= integration.very_slow_call_seconds
            self.metrics.slow(SlowCall(integration.name, call.endpoint, seconds, alert))
        worked = seconds - call.waited
        if (
            isinstance(result, ConnectError)
            or result.status >= 500
            or worked >= integration.very_slow_call_seconds
        ):
            self._tell(result, worked)
        failed = outcome != "success"
        if wants_line(failed=failed):
            write_line(json.dumps(log_fields(call, result, seconds), ensure_ascii=False), failed=failed)

    def _tell(self, result: Response | ConnectError, seconds: float = 0.0) -> None:
        """Raise an event if it is what the operator should hear of. It changes nothing for the call."""
        if self._integration.raises_events and is_on_windmill():
            background_of(self._store).run(functools.partial(self._raise_event, result, seconds))

    def _raise_event(self, result: Response | ConnectError, seconds: float) -> None:
        try:
            from f.connect.events import raise_event  # a job without trouble does not load these
            from f.connect.limits.trouble import trouble_of

            trouble = trouble_of(self._integration, result, seconds)
            if trouble is not None:
                about = f"{trouble.kind} {self._limiters.key}"
                raise_event(trouble.event, trouble.data, self._store, about=about)
        except Exception:  # whatever it is, the call has ended as it has
            log.warning("%s: nobody could be told of a failure.", self._integration.name, exc_info=True)

    def refuse_credential(self) -> None:
        """Remember for all jobs that the service refuses the credential."""
        with _answer_first("The refusal of the credential"):
            self._credential.refuse()
        self._tell(
            SignInAgain(f"{title_of(self._integration)} refuses the credential. Sign in again or replace it.")
        )

    def close(self) -> None:
        """Write the metrics gathered so far to the store, and wait for all that is still to be written."""
        background_of(self._store).drain()
        self.metrics.flush()

    def release(self, call: Call) -> None:
        """Give back the leases of a call that was cancelled, or that failed before it was sent."""
        with _answer_first(call.name):
            if call.permit is not None and call.permit.probe:
                self.breaker.record(call.permit, failed=None)
            self._credential.release(call)


class _Credential:
    """Remembers for all jobs that a credential was refused; from time to time one call may probe it."""

    def __init__(self, integration: Integration, auth: Auth, store: Store) -> None:
        self._integration, self.auth, self._store = integration, auth, store
        self._breakers: dict[str, Breaker] = {}  # by fingerprint: a renewed credential begins anew

    def check(self, call: Call) -> None:
        """Raise SignInAgain, without sending anything, if the credential was refused before."""
        if not self.auth.fingerprint():
            return
        try:
            permit = self._breaker().admit()
        except TryLater as error:
            raise SignInAgain(
                f"The credential of {title_of(self._integration)} was refused before; nothing was sent. "
                "Sign in again or replace it.",
                code=REFUSED_BEFORE,
            ) from error
        if permit.probe:
            call.credential = permit

    def first_look(self) -> Look | None:
        """Return what the first `check` would look at."""
        return self._breaker().first_look() if self.auth.fingerprint() else None

    def may_probe(self) -> bool:
        """Return whether the next call may get the lease of a probe."""
        return bool(self.auth.fingerprint()) and self._breaker().status() == "half_open"

    def learn(self, call: Call, result: Response | ConnectError) -> None:
        """Remember a refusal, or forget it after a probe that was answered."""
        if isinstance(result, SignInAgain) and result.code != REFUSED_BEFORE and self.auth.fingerprint():
            self.refuse()
            call.credential = None
        elif call.credential is not None and isinstance(result, Response):
            self._breaker().record(call.credential, failed=False)
            call.credential = None

    def refuse(self) -> None:
        """Remember a refusal, if there is a credential."""
        if self.auth.fingerprint():
            self._breaker().trip()

    def release(self, call: Call) -> None:
        """Give back the lease of a probe that proved nothing."""
        if call.credential is not None:
            self._breaker().record(call.credential, failed=None)

    def _breaker(self) -> Breaker:
        fingerprint = self.auth.fingerprint()
        if fingerprint not in self._breakers:
            key = credential_key(self._integration, self.auth)
            self._breakers[fingerprint] = Breaker(key, self._integration.circuit_breaker, self._store)
        return self._breakers[fingerprint]


@contextlib.contextmanager
def _answer_first(what: str) -> Iterator[None]:
    """Let no store that cannot be reached now put its own error in place of what the service answered.

    Of a write that was applied, its TryLater would say that nothing was.
    """
    try:
        yield
    except ConnectError as error:
        log.warning("%s could not be counted: %s", what, error)


def log_fields(call: Call, result: Response | ConnectError, seconds: float) -> Mapping[str, object]:
    """Return what is logged of a call: nothing of its query, headers or bodies."""
    method, _, where = call.name.partition(" ")
    return {
        "call": method,
        "url": where,
        "status": result.status,
        "outcome": _outcome(result),
        "attempts": call.attempts,
        "ms": round(seconds * 1000, 1),
        "waited_ms": round(call.waited * 1000, 1),
        "request_id": call.request_id,
    }


def _outcome(result: Response | ConnectError) -> str:
    if isinstance(result, ConnectError):
        return type(result).__name__
    # A 304 says that what we have is still right.
    return "success" if result.success or result.status == 304 else f"http_{result.status}"


def _is_failure(outcome: Reply | Lost | None) -> bool | None:
    """Return whether an attempt shows that the service is down; None if it tells nothing either way."""
    if outcome is None or (isinstance(outcome, Lost) and outcome.kind in _OUR_FAULT):
        return None
    if isinstance(outcome, Lost):
        return True
    if outcome.status == 429:
        return None
    return outcome.status >= 500 or outcome.status == 408


@dataclass(frozen=True, slots=True)
class Observed:
    """`remaining` requests until `reset_after` seconds from now; `pause`: seconds to send nothing."""

    remaining: int | None = None
    reset_after: float | None = None
    pause: float = 0.0


NOTHING = Observed()


def observe(status: int, headers: Mapping[str, str], now: float) -> Observed:
    """Read a reply's limit headers; `now` in seconds since the epoch, for resets given as a date."""
    asked = retry_after(headers, lambda: now) if status in BUSY else None
    if not any("ratelimit" in name.lower() or "rate-limit" in name.lower() for name in headers):
        return Observed(pause=asked) if asked else NOTHING
    remaining, reset_after = _structured(headers.get("RateLimit", ""))
    for prefix in _PREFIXES:
        if remaining is None:
            remaining = _number(headers.get(f"{prefix}Remaining"))
            reset_after = _reset(headers, prefix, now)
    pause = asked or (reset_after or 0.0 if remaining == 0 else 0.0)
    return Observed(
        None if remaining is None else int(remaining), reset_after, min(pause, LONGEST_RETRY_AFTER)
    )


def _structured(text: str) -> tuple[float | None, float | None]:
    """Read `"default";r=50;t=30`, the tightest of several, or the older `remaining=50, reset=30`."""
    tightest: tuple[float | None, float | None] = (None, None)
    for policy in text.split(",") if ";" in text else [text]:
        found = {name.lower()[:3]: float(value) for name, value in _ITEM.findall(policy)}
        remaining = found.get("r", found.get("rem"))
        if remaining is not None and (tightest[0] is None or remaining < tightest[0]):
            tightest = remaining, found.get("t", found.get("res"))
    return tightest


def _reset(headers: Mapping[str, str], prefix: str, now: float) -> float | None:
    span = _number(headers.get(f"{prefix}Reset-After"))
    if span is not None:
        return span
    milliseconds = _number(headers.get(f"{prefix}Interval-Milliseconds"))
    if milliseconds is not None:
        return milliseconds / 1000
    reset = _number(headers.get(f"{prefix}Reset"))
    if reset is None:
        return None
    if reset >= EPOCH_MILLISECONDS:
        reset /= 1000
    return max(0.0, reset - now) if reset >= EPOCH_SECONDS else reset


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text.split(",")[0].split(";")[0]))
    except ValueError:
        return None
