"""What stands around every attempt: rate limit, circuit breaker, credential, metrics, the log line."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping

from f.connect.calls.exchange import Call
from f.connect.calls.message import Lost, Reply, Response
from f.connect.errors import ConnectError, SignInAgain, TryLater
from f.connect.integration import Integration, RateLimit
from f.connect.limits.circuit_breaker import Breaker, Permit
from f.connect.limits.limit_headers import NOTHING, observe
from f.connect.limits.rate_limit import RateLimiter
from f.connect.metrics import SlowCall, metrics_of
from f.connect.sign_in.auth import Auth
from f.connect.times import REAL, Clock
from f.store.store import Store

log = logging.getLogger("connect")

REFUSED_BEFORE = "credential_refused"
# A request arrives a little after its token is due, now more, now less. To a server that counts strictly,
# one that comes late and those that come in time would be too many in one window.
_MARGIN = 1.015
_CLOSED = Permit()
_OUR_FAULT = frozenset({"tls", "too_large"})  # says nothing about whether the service is up


class SharedGuard:
    """The guard of one integration; its state lives in `store`, so all jobs obey it together."""

    def __init__(self, integration: Integration, auth: Auth, store: Store, clock: Clock = REAL) -> None:
        self.blocks = not store.in_memory
        self._integration, self._auth, self._store, self._clock = integration, auth, store, clock
        self._key = f"{integration.name}:{integration.account}"
        self._limiters: dict[str, RateLimiter] = {}
        self._credentials: dict[str, Breaker] = {}  # by fingerprint: a renewed credential begins anew
        self._limiter = RateLimiter(self._key, _slower(integration.rate_limit), store, clock=clock)
        self._rule = integration.circuit_breaker
        self._breaker = Breaker(self._key, self._rule, store)
        self._metrics = metrics_of(store)

    @property
    def limiter(self) -> RateLimiter:
        """The limiter of the integration as a whole."""
        return self._limiter

    @property
    def breaker(self) -> Breaker:
        """The breaker of the integration as a whole."""
        return self._breaker

    def enter(self, call: Call, waited: float, budget: float) -> float:
        """Return the seconds to wait for the limit, 0 to go on; raises where nothing may be sent."""
        if call.attempts == 0 and waited == 0:
            self._check_credential(call)
        wait = self._limiter_of(call.endpoint).next_step(waited, budget)
        if self._rule.enabled and (wait == 0 or self._breaker.status() == "open"):
            call.permit = self._breaker.admit()
        return wait

    def leave(self, call: Call, outcome: Reply | Lost | None) -> None:
        """Count the attempt and obey what the reply says of limits."""
        if self._rule.enabled:
            self._breaker.record(call.permit, failed=_is_failure(outcome))
            call.permit = _CLOSED
        if isinstance(outcome, Reply):
            seen = observe(outcome.status, outcome.headers, self._clock.now())
            if seen is not NOTHING:
                self._limiter_of(call.endpoint).update(remaining=seen.remaining, retry_after=seen.pause)

    def finish(self, call: Call, result: Response | ConnectError, seconds: float) -> None:
        """Count and log the call; a refused credential is remembered for all jobs."""
        integration = self._integration
        if isinstance(result, SignInAgain) and result.code != REFUSED_BEFORE and self._auth.fingerprint():
            self._credential().trip()
            call.credential = None
        elif call.credential is not None and isinstance(result, Response):
            self._credential().record(call.credential, failed=False)
            call.credential = None
        self._metrics.record(
            integration.name,
            call.endpoint,
            _outcome(result),
            seconds=seconds,
            retries=max(0, call.attempts - 1),
            waited=call.waited,
        )
        if seconds >= integration.slow_call_seconds:
            alert = seconds >= integration.very_slow_call_seconds
            self._metrics.slow(SlowCall(integration.name, call.endpoint, seconds, alert))
        if log.isEnabledFor(logging.INFO):
            log.info("%s", json.dumps(log_fields(call, result, seconds), ensure_ascii=False))

    def release(self, call: Call) -> None:
        """Give back the leases of a call that was cancelled, or that failed before it was sent."""
        if call.permit.probe:
            self._breaker.record(call.permit, failed=None)
        if call.credential is not None:
            self._credential().record(call.credential, failed=None)

    def flush(self) -> None:
        """Write the metrics gathered so far to the store."""
        self._metrics.flush()

    def _limiter_of(self, endpoint: str) -> RateLimiter:
        limit: RateLimit | None = self._integration.endpoint_limits.get(endpoint)
        if limit is None:
            return self._limiter
        if endpoint not in self._limiters:
            self._limiters[endpoint] = RateLimiter(
                f"{self._key}:{endpoint}", _slower(limit), self._store, clock=self._clock
            )
        return self._limiters[endpoint]

    def _credential(self) -> Breaker:
        fingerprint = self._auth.fingerprint()
        if fingerprint not in self._credentials:
            key = f"{self._key}:credential:{fingerprint}"
            self._credentials[fingerprint] = Breaker(key, self._rule, self._store)
        return self._credentials[fingerprint]

    def _check_credential(self, call: Call) -> None:
        if not self._auth.fingerprint():
            return
        try:
            permit = self._credential().admit()
        except TryLater as error:
            raise SignInAgain(
                f"The credential of {self._key} was refused before; nothing was sent. "
                "Sign in again or replace it.",
                code=REFUSED_BEFORE,
            ) from error
        if permit.probe:
            call.credential = permit


def _slower(limit: RateLimit | None) -> RateLimit | None:
    return limit and dataclasses.replace(limit, time_window=limit.time_window * _MARGIN)


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
    return "success" if result.success else f"http_{result.status}"


def _is_failure(outcome: Reply | Lost | None) -> bool | None:
    """Whether an attempt shows that the service is down; None where it tells nothing either way."""
    if outcome is None or (isinstance(outcome, Lost) and outcome.kind in _OUR_FAULT):
        return None
    if isinstance(outcome, Lost):
        return True
    if outcome.status == 429:
        return None
    return outcome.status >= 500 or outcome.status == 408
