"""One call from first attempt to last, as decisions only: a generator that asks for sends and sleeps.

It never touches a socket and never sleeps: it yields what is to be done (`Send`, `Sleep`, `Do`)
and is sent the result. What obeys it is one function, `pipeline.carry_out`, for sync and asyncio calls
alike, so both retry, wait and fail alike.
"""

# ruff: noqa: D102 - Guard says what its methods are for

from __future__ import annotations

import dataclasses
import functools
import itertools
import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from f.connect.calls.message import Lost, Outgoing, Reply, Request, Response, describe
from f.connect.calls.prepare import base_headers, prepare, redirected, same_origin
from f.connect.calls.retry import Facts, may_have_been_applied, next_wait, retry_after
from f.connect.calls.verdict import (
    is_stored_failure,
    lost_error,
    refused_credential,
    renews_late,
    same_failure,
    status_error,
    still_in_doubt,
)
from f.connect.errors import ConnectError, FixSettings, TryLater
from f.connect.integration import Integration
from f.connect.limits.circuit_breaker import Permit
from f.connect.redact import fold_path
from f.connect.sign_in.auth import Auth
from f.connect.times import REAL, Clock

NO_PERMIT = Permit()
MOST_REDIRECTS = 5
UNAUTHORIZED = 401
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class Send:
    """Send these bytes once and report the Reply or the Lost.

    `timeout`: seconds for the reply to be whole.
    """

    outgoing: Outgoing
    timeout: float


@dataclass(slots=True)
class Sleep:
    """Let this many seconds pass, and report whether that was cut short, so that there is no next attempt."""

    seconds: float


@dataclass(slots=True)
class Do:
    """Run this, which may block on a database or on the network, and report what it returns."""

    work: Callable[[], Any]


Effect = Send | Sleep | Do
Steps = Generator[Effect, Any, Response]


class Guard(Protocol):
    """What stands around every attempt: limits, breaker, metrics. `blocks`: its calls may take a while."""

    blocks: bool

    def enter(self, call: Call, waited: float, budget: float) -> float:
        """Return seconds to wait before asking again, 0 to go on; raises where waiting is no use.

        `waited`: seconds this attempt has waited so far.
        """

    def leave(self, call: Call, outcome: Reply | Lost | None) -> None:
        """Say how the attempt ended; None: it was given up before it had an end."""

    def finish(self, call: Call, result: Response | ConnectError, seconds: float) -> None:
        """Say how the call ended."""

    def release(self, call: Call) -> None:
        """Give back the leases of a call that was cancelled, or that failed before it was sent."""


@dataclass(slots=True)
class Call:
    """What is remembered between the attempts of one call."""

    request: Request
    outgoing: Outgoing
    endpoint: str
    name: str  # method, host, path: for logs and errors
    trusted: bool  # the credential may go there
    started: float
    attempts: int = 0
    waited: float = 0.0  # seconds spent waiting for a limit
    elapsed: float = 0.0  # seconds of the last attempt
    request_id: str = ""
    in_doubt: bool = False  # some attempt may have been applied
    renewed: bool = False
    redirects: int = 0
    last: Reply | None = None
    same_failures: int = 0
    permit: Permit = NO_PERMIT
    credential: Permit | None = None  # held while this call probes a credential that was refused before


class Exchange:
    """Holds what all calls of one integration share."""

    def __init__(
        self,
        integration: Integration,
        base_url: str,
        auth: Auth,
        guard: Guard,
        *,
        source: Literal["live", "twin"] = "live",
        clock: Clock = REAL,
    ) -> None:
        self._integration, self._base_url, self._auth, self._guard = integration, base_url, auth, guard
        self._source, self._clock = source, clock
        self._headers = base_headers(integration.default_headers)
        self._ids = itertools.count(1)
        self._id_prefix = secrets.token_hex(8)

    def run(self, request: Request) -> Steps:
        """Carry one request through. Returns the reply the service gave, raises a ConnectError otherwise."""
        call = self._begin(request)
        try:
            while True:
                yield from self._admit(call)
                outcome = yield from self._attempt(call)
                result = yield from self._judge(call, outcome)
                if result is not None:
                    yield from self._finish(call, result)
                    return result
        except ConnectError as raised:
            error = still_in_doubt(call.request, raised) if call.in_doubt else raised
            error.attempts, error.call = call.attempts, call.name
            error.request_id = error.request_id or call.request_id or None
            yield from self._finish(call, error)
            if error is raised:
                raise
            raise error from raised
        finally:
            self._guard.release(call)

    def _begin(self, request: Request) -> Call:
        outgoing = prepare(request, self._base_url, self._headers)
        return Call(
            request=request,
            outgoing=outgoing,
            endpoint=request.endpoint or fold_path(request.path),
            name=describe(outgoing.method, outgoing.url, request.endpoint),
            trusted=same_origin(outgoing.url, self._base_url),
            started=self._clock.ticks(),
        )

    def _admit(self, call: Call) -> Generator[Effect, Any, None]:
        """Wait for the limit, the breaker and a credential."""
        waited = 0.0
        while True:
            retry = self._integration.retry
            budget = min(retry.max_elapsed - (self._clock.ticks() - call.started), retry.longest_wait)
            if self._guard.blocks:
                wait = yield Do(functools.partial(self._guard.enter, call, waited, budget))
            else:
                wait = self._guard.enter(call, waited, budget)
            if wait <= 0:
                break
            if (yield Sleep(wait)):
                raise TryLater(f"{call.name} waited for its turn, and the job is to end.", code="cancelled")
            waited += wait
        call.waited += waited
        if call.trusted and not self._auth.is_ready():
            yield Do(lambda: self._auth.renew(refused=False))

    def _attempt(self, call: Call) -> Generator[Effect, Any, Reply | Lost]:
        call.attempts += 1
        call.request_id = f"{self._id_prefix}-{next(self._ids):06x}"
        outgoing = self._signed(call)
        outcome: Reply | Lost | None = None
        started = self._clock.ticks()
        try:
            outcome = yield Send(outgoing, call.request.timeout or self._integration.timeout)
        finally:
            call.elapsed = self._clock.ticks() - started
            if outcome is None or not self._guard.blocks:  # a generator that is being closed may not yield
                self._guard.leave(call, outcome)
        if self._guard.blocks:
            yield Do(functools.partial(self._guard.leave, call, outcome))
        return outcome

    def _finish(self, call: Call, result: Response | ConnectError) -> Generator[Effect, Any, None]:
        work = functools.partial(self._guard.finish, call, result, self._clock.ticks() - call.started)
        if self._guard.blocks:
            yield Do(work)
        else:
            work()

    def _signed(self, call: Call) -> Outgoing:
        plain = call.outgoing
        outgoing = Outgoing(plain.method, plain.url, dict(plain.headers), plain.body, plain.sink)
        outgoing.headers["X-Request-Id"] = call.request_id
        if call.attempts > 1:
            outgoing.headers["X-Attempt"] = str(call.attempts)
        return self._auth(outgoing) if call.trusted else outgoing

    def _judge(self, call: Call, outcome: Reply | Lost) -> Generator[Effect, Any, Response | None]:
        """Return the response, or None to go on with another attempt."""
        if isinstance(outcome, Lost):
            yield from self._after_lost(call, outcome)
            return None
        if outcome.status == UNAUTHORIZED and call.trusted:
            yield from self._renew(call)
            return None
        if outcome.status in REDIRECTS:
            self._redirect(call, outcome)
            return None
        if outcome.status in self._integration.retry.retry_on_status_codes:
            yield from self._after_status(call, outcome)
            return None
        if outcome.status >= 500 and not call.request.is_read:
            raise status_error(
                call.request, call.name, outcome, in_doubt=True, retry_after=None, stored=False
            )
        return self._response(call, outcome)

    def _response(self, call: Call, reply: Reply) -> Response:
        return Response(
            request=call.request,
            status=reply.status,
            headers=reply.headers,
            body=reply.body,
            elapsed=call.elapsed,
            attempts=call.attempts,
            request_id=call.request_id,
            call=call.name,
            url=call.outgoing.url,
            source=self._source,
            in_doubt=call.in_doubt,
        )

    def _after_lost(self, call: Call, lost: Lost) -> Generator[Effect, Any, None]:
        facts = self._facts(call, sent=lost.sent)
        call.in_doubt |= may_have_been_applied(facts)
        wait = (
            None
            if lost.kind in {"tls", "too_large"}
            else next_wait(self._integration.retry, facts, self._clock.draw)
        )
        if wait is None or (yield Sleep(wait)):
            raise lost_error(call.request, call.name, lost, in_doubt=call.in_doubt) from lost.cause

    def _after_status(self, call: Call, reply: Reply) -> Generator[Effect, Any, None]:
        asked = retry_after(reply.headers, self._clock.now)
        facts = self._facts(call, status=reply.status, retry_after=asked)
        call.in_doubt |= may_have_been_applied(facts)
        stored = is_stored_failure(call.request, call.last, reply)
        call.same_failures = call.same_failures + 1 if same_failure(call.last, reply) else 0
        call.last = reply
        hopeless = stored or (asked is None and renews_late(reply))
        wait = None if hopeless else next_wait(self._integration.retry, facts, self._clock.draw)
        if wait is None or (yield Sleep(wait)):
            keyed = call.request.idempotency_key is not None
            stored = stored or (keyed and call.same_failures > 0 and call.same_failures == call.attempts - 1)
            error = status_error(
                call.request, call.name, reply, in_doubt=call.in_doubt, retry_after=asked, stored=stored
            )
            error.status = reply.status
            raise error

    def _renew(self, call: Call) -> Generator[Effect, Any, None]:
        """Renew a refused credential, once per call. A 401 was not applied, so a write may go again too."""
        renewed = False
        if not call.renewed:
            call.renewed = True
            renewed = yield Do(lambda: self._auth.renew(refused=True))
        if not renewed:
            error = refused_credential(call.name)
            error.status = UNAUTHORIZED
            raise error

    def _redirect(self, call: Call, reply: Reply) -> None:
        """Point the next attempt at a read's new address; no credential goes to another origin."""
        target = redirected(
            call.request, call.name, reply.status, call.outgoing.url, reply.headers.get("Location")
        )
        call.redirects += 1
        if call.redirects > MOST_REDIRECTS:
            raise FixSettings(
                f"{call.name} redirects more than {MOST_REDIRECTS} times in a row.", code="redirected"
            )
        call.trusted = call.trusted and same_origin(target, self._base_url)
        headers = call.outgoing.headers if call.trusted else base_headers({})
        call.outgoing = dataclasses.replace(call.outgoing, url=target, headers=headers)

    def _facts(
        self, call: Call, *, status: int | None = None, sent: bool = True, retry_after: float | None = None
    ) -> Facts:
        return Facts(
            attempt=call.attempts - call.redirects - call.renewed,
            elapsed=self._clock.ticks() - call.started,
            status=status,
            sent=sent,
            may_repeat=call.request.may_repeat,
            not_applied=call.request.not_applied,
            retry_after=retry_after,
        )


class NoGuard:
    """Lets everything through."""

    blocks = False

    def enter(self, call: Call, waited: float, budget: float) -> float:
        del call, waited, budget
        return 0.0

    def leave(self, call: Call, outcome: Reply | Lost | None) -> None:
        del call, outcome

    def finish(self, call: Call, result: Response | ConnectError, seconds: float) -> None:
        del call, result, seconds

    def release(self, call: Call) -> None:
        del call


def is_down(error: ConnectError) -> bool:
    """Whether the service as a whole did not answer, so that a twin may stand in for reads."""
    if not isinstance(error, TryLater) or error.status == 429:
        return False
    return error.code not in {"rate_limited", "store", "store_locked"}
