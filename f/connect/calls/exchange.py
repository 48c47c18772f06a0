"""One call from first attempt to last, as decisions only: a generator that asks for sends and sleeps.

    begin -> admit -> attempt -> judge --- Respond ------------------> finish -> the Response is returned
               ^                   |------ Fail ---------------------> finish -> the error is raised
               |                   |------ Renew:  a fresh credential --.
               |                   |------ Follow: another address -----|
               |                   '------ Repeat: a sleep -------------|
               '--------------------------------------------------------'

`admit` waits for the rate limit, the breaker and a credential; each of them may raise, which is a Fail. A
Renew without a credential to be had and a Repeat that is cut short become a Fail as well.

The generator never touches a socket and never sleeps: it yields what is to be done, as one of the effects in
`f.connect.calls.effects`, and is sent the result, so sync and asyncio calls retry, wait and fail alike.
"""

# ruff: noqa: D102 - Guard and Auth say what their methods are for

from __future__ import annotations

import dataclasses
import functools
import itertools
import secrets
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from f.connect.calls.effects import Do, Send, Sleep, Stage, Steps
from f.connect.calls.interceptors import Interceptors
from f.connect.calls.message import (
    Lost,
    Outgoing,
    Reply,
    Request,
    Response,
    base_headers,
    describe,
    prepare,
    target_url,
)
from f.connect.calls.urls import same_origin
from f.connect.calls.verdict import Call, Fail, Follow, Renew, Repeat, Respond, judge, still_in_doubt
from f.connect.errors import ConnectError, TryLater
from f.connect.redact import fold_path
from f.connect.times import REAL, Clock

if TYPE_CHECKING:
    from f.connect.integration import Integration


class Signable(Protocol):
    """What a credential may be added to: our Outgoing, or a PreparedRequest of `requests`."""

    url: Any
    headers: Any
    body: Any


S = TypeVar("S", bound=Signable)


class Auth(Protocol):
    """One credential. `requests` takes it as auth object, too."""

    def __call__(self, outgoing: S, /) -> S:
        """Add the credential to one attempt and return it."""

    def is_ready(self) -> bool:
        """Return whether a credential is at hand that need not be renewed first."""

    def renew(self, *, refused: bool) -> bool:
        """Get a fresh credential, or return False if there is none to get.

        `refused`: the server answered 401 to the last one. It may block on the network and is never called
        on an event loop's thread.
        """

    def fingerprint(self) -> str:
        """Return a digest that changes when the credential does, "" for none. For keys, not for logs."""


class Guard(Protocol):
    """What stands around every attempt: limits, breaker, metrics."""

    @property
    def blocks(self) -> bool:
        """Return whether its methods may wait for a database."""

    @property
    def blocks_entry(self) -> bool:
        """Return whether the next `enter` may wait for a database."""

    def blocks_exit(self, outcome: Reply | Lost) -> bool:
        """Return whether `leave` may wait for a database after this outcome."""

    def enter(self, call: Call, waited: float, max_wait: float) -> float:
        """Return seconds to wait before asking again, 0 to go on; raises if waiting is no use.

        `waited`: seconds this attempt has waited so far; `max_wait`: seconds it may wait in all.
        """

    def leave(self, call: Call, outcome: Reply | Lost | None) -> None:
        """Take the outcome of the attempt; None: it was given up before it had one."""

    def finish(self, call: Call, result: Response | ConnectError, seconds: float) -> None:
        """Take the result of the call, and the seconds it took with all attempts and waits."""

    def release(self, call: Call) -> None:
        """Give back the leases of a call that was cancelled, or that failed before it was sent."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Base:
    """What every request of an integration starts from."""

    url: str
    headers: dict[str, str]


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
        interceptors: Interceptors | None = None,
        clock: Clock = REAL,
    ) -> None:
        self._integration, self._auth, self._guard = integration, auth, guard
        self._base = _Base(base_url, base_headers(integration.default_headers))
        self._source, self._clock = source, clock
        self._interceptors = interceptors or Interceptors()
        # Iterators of C: threads may take from them at once.
        self._request_ids = map((secrets.token_hex(8) + "-{:06x}").format, itertools.count(1))

    def run(self, request: Request) -> Steps:
        """Carry one request through. Return the reply the service gave; raise a ConnectError otherwise."""
        call = self._begin(request)
        try:
            response = yield from self._until_answered(call)
            yield from self._finish(call, response)
        except ConnectError as raised:
            # What failed now may have reached nobody; that says nothing of the attempts before it.
            failure = still_in_doubt(call.request, raised) if call.in_doubt else raised
            failure.attempts, failure.call = call.attempts, call.name
            failure.request_id = failure.request_id or call.request_id or None
            yield from self._finish(call, failure)
            if failure is raised:
                raise
            raise failure from raised
        else:
            return response
        finally:
            self._guard.release(call)

    def _until_answered(self, call: Call) -> Steps:
        while True:
            yield from self._admit(call)
            outcome = yield from self._attempt(call)
            match judge(self._integration.retry, call, outcome, self._base.url, self._clock):
                case Respond(reply):
                    return self._response(call, reply)
                case Repeat(seconds, error):
                    call.remember(outcome)
                    if (yield Sleep(seconds)):  # cut short, as the job is to stop
                        raise error
                case Renew(error):
                    call.renewed = True  # once a call: a second 401 is not about an expired credential
                    if not (yield Do(lambda: self._auth.renew(refused=True))):
                        raise error
                case Follow(outgoing, trusted):
                    call.redirects += 1
                    call.outgoing, call.trusted = outgoing, trusted
                case Fail(error):
                    raise error

    def prepared(self, request: Request) -> Outgoing:
        """Return the bytes of the request, without credential and request id."""
        return prepare(request, self._base.url, self._base.headers)

    def url_of(self, request: Request) -> str:
        """Return the address of the request, without a key in the query."""
        return target_url(self._base.url, request.path, request.params)

    def _begin(self, request: Request) -> Call:
        outgoing = self.prepared(request)
        return Call(
            request=request,
            outgoing=outgoing,
            endpoint=request.endpoint or fold_path(request.path),
            name=describe(outgoing.method, outgoing.url, request.endpoint),
            trusted=same_origin(outgoing.url, self._base.url),
            started=self._clock.ticks(),
        )

    def _admit(self, call: Call) -> Stage[None]:
        """Wait for the limit, the breaker and a credential."""
        waited = 0.0
        while True:
            # Waiting for a turn counts towards the time that all attempts of a call may take.
            retry = self._integration.retry
            max_wait = min(retry.max_elapsed - (self._clock.ticks() - call.started), retry.longest_wait)
            if self._guard.blocks_entry:
                wait = yield Do(functools.partial(self._guard.enter, call, waited, max_wait))
            else:
                wait = self._guard.enter(call, waited, max_wait)
            if wait <= 0:
                break
            if (yield Sleep(wait)):
                raise TryLater(f"{call.name} waited for its turn, and the job is to stop.", code="cancelled")
            waited += wait
        call.waited += waited
        if call.trusted and not self._auth.is_ready():
            yield Do(lambda: self._auth.renew(refused=False))

    def _attempt(self, call: Call) -> Stage[Reply | Lost]:
        """Send once, and have the guard take the outcome, whatever happens on the way."""
        permit = call.request.permit
        if permit is not None and not permit.is_valid():
            yield Do(permit.renew)
        call.request_id = next(self._request_ids)
        outgoing, attempt = self._unsigned(call), None
        if self._interceptors.watch_attempts:
            attempt = yield from self._interceptors.on_attempt(call, outgoing)
        call.attempts += 1
        if call.trusted:
            outgoing = self._auth(outgoing)
        outcome: Reply | Lost | None = None
        started = self._clock.ticks()
        try:
            outcome = yield Send(outgoing, call.request.timeout or self._integration.timeout)
        finally:
            call.elapsed = self._clock.ticks() - started
            waits = outcome is not None and self._guard.blocks_exit(outcome)
            if not waits:  # a generator that is being closed may not yield
                self._guard.leave(call, outcome)
        if waits:
            yield Do(functools.partial(self._guard.leave, call, outcome))
        if attempt is not None:
            yield from self._interceptors.on_outcome(attempt, outcome)
        return outcome

    def _finish(self, call: Call, result: Response | ConnectError) -> Stage[None]:
        work = functools.partial(self._guard.finish, call, result, self._clock.ticks() - call.started)
        if self._guard.blocks:
            yield Do(work)
        else:
            work()

    def _unsigned(self, call: Call) -> Outgoing:
        plain = call.outgoing
        # A copy for each attempt: what one is signed with must not be left over in the next.
        outgoing = dataclasses.replace(plain, headers=dict(plain.headers))
        outgoing.headers["X-Request-Id"] = call.request_id
        if call.attempts:
            outgoing.headers["X-Attempt"] = str(call.attempts + 1)
        return outgoing

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


class NoGuard:
    """Lets everything through."""

    blocks = blocks_entry = False

    def blocks_exit(self, outcome: Reply | Lost) -> bool:
        del outcome
        return False

    def enter(self, call: Call, waited: float, max_wait: float) -> float:
        del call, waited, max_wait
        return 0.0

    def leave(self, call: Call, outcome: Reply | Lost | None) -> None:
        del call, outcome

    def finish(self, call: Call, result: Response | ConnectError, seconds: float) -> None:
        del call, result, seconds

    def release(self, call: Call) -> None:
        del call
