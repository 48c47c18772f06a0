"""What follows from an attempt: pure rules from facts to a verdict, which the exchange obeys.

The rule for writes: one is repeated only if the server makes that safe (idempotency key, upsert, PUT,
DELETE), or if it certainly was not received or not worked on.
"""

from __future__ import annotations

import dataclasses
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from f.connect.calls.message import READS, Lost, Outgoing, Reply, Request, base_headers
from f.connect.calls.urls import same_origin
from f.connect.errors import (
    ConnectError,
    FixSettings,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.connect.redact import mask_start
from f.connect.times import DAY_SECONDS, REAL, Clock, http_date

if TYPE_CHECKING:
    from f.connect.integration import Retry

MOST_REDIRECTS = 5
LONGEST_RETRY_AFTER = DAY_SECONDS  # a longer one is taken for a fault of the server's clock
UNAUTHORIZED = 401
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_PERMANENT = frozenset({"address", "tls", "too_large"})  # the next attempt would be lost in the same way
_LOST_WORDS = {
    "address": "could not be sent: its address or one of its headers cannot be written",
    "refused": "could not be reached: the connection was refused",
    "name": "could not be reached: its host name is not known",
    "connect_timeout": "could not be reached: no connection in time",
    "tls": "could not be reached: the secure connection failed",
    "timeout": "did not answer in time",
    "reset": "broke the connection off",
    "truncated": "sent a reply that ends too early",
    "too_large": "sent a reply larger than max_reply_bytes",
    "withheld": "was not asked: this job was stopped for a while and has to make sure of its lease first",
}
_LONG_WORDS = re.compile(rb"daily|monthly|per[ _]day|REQUEST_LIMIT_EXCEEDED", re.IGNORECASE)
_QUOTA_WORDS = re.compile(rb"quota|" + _LONG_WORDS.pattern, re.IGNORECASE)
_REPLAYED = ("Idempotent-Replayed", "Idempotency-Replayed", "X-Idempotent-Replayed")
_SERVER_IDS = ("Request-Id", "X-Request-Id", "X-Correlation-Id")


@dataclass(slots=True)
class Call:
    """What is known of a call between attempts. A verdict reads it; the exchange and its guard write it."""

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
    in_doubt: bool = False  # an earlier attempt may have been applied
    renewed: bool = False
    redirects: int = 0
    last: Reply | None = None  # the last reply that asked for another attempt
    same_failures: int = 0  # how many replies in a row were the 500 before them once more
    due: float = 0.0  # the guard's: when its turn in the rate limit comes, in the clock's ticks
    permit: Any = None  # the guard's: leave to make this attempt
    credential: Any = None  # the guard's: held while this call probes a credential that was refused before

    def remember(self, outcome: Reply | Lost) -> None:
        """Keep what the verdict on the next attempt has to know of this one."""
        self.in_doubt = _in_doubt_after(self, outcome)
        if isinstance(outcome, Reply):
            self.same_failures, self.last = _same_failures(self, outcome), outcome


@dataclass(frozen=True, slots=True)
class Respond:
    """Hand the reply to the caller: it is an answer, whether a success or not."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Repeat:
    """Send the request again in so many seconds; if the job is to stop before, raise `error`."""

    seconds: float
    error: ConnectError


@dataclass(frozen=True, slots=True)
class Renew:
    """Renew the credential and send the request again; if there is no other credential, raise `error`."""

    error: ConnectError


@dataclass(frozen=True, slots=True)
class Follow:
    """Send the request to another address. `trusted`: the credential may go there too."""

    outgoing: Outgoing
    trusted: bool


@dataclass(frozen=True, slots=True)
class Fail:
    """Raise `error`: another attempt is not allowed, or is no use."""

    error: ConnectError


Verdict = Respond | Repeat | Renew | Follow | Fail


def judge(policy: Retry, call: Call, outcome: Reply | Lost, base_url: str, clock: Clock = REAL) -> Verdict:
    """Return what to do now that the last attempt of `call` had this `outcome`."""
    if isinstance(outcome, Lost):
        return _judge_lost(policy, call, outcome, clock)
    if outcome.status == UNAUTHORIZED and call.trusted and UNAUTHORIZED not in call.request.caller_reads:
        # A 401 was not applied, so a write may go again too; but a second one is not about the token's age.
        refused = refused_credential(call.name)
        return Fail(refused) if call.renewed else Renew(refused)
    if outcome.status in REDIRECTS and call.request.follow:
        return _judge_redirect(call, outcome, base_url)
    is_asked_for = outcome.status >= 400 and policy.advice(outcome.headers) is True
    if is_asked_for or outcome.status in policy.retry_on_status_codes:
        return _judge_failure(policy, call, outcome, clock)
    if outcome.status >= 500 and not call.request.is_read:
        return Fail(status_error(call.request, call.name, outcome, in_doubt=_in_doubt_after(call, outcome)))
    return Respond(outcome)


def _judge_lost(policy: Retry, call: Call, lost: Lost, clock: Clock) -> Verdict:
    error = lost_error(call.request, call.name, lost, in_doubt=_in_doubt_after(call, lost))
    error.__cause__ = lost.cause
    facts = _facts(call, lost, elapsed=clock.ticks() - call.started)
    wait = None if lost.kind in _PERMANENT else next_wait(policy, facts, clock.draw)
    return Fail(error) if wait is None else Repeat(wait, error)


def _judge_failure(policy: Retry, call: Call, reply: Reply, clock: Clock) -> Verdict:
    asked = retry_after(reply.headers, clock.now)
    advice = policy.advice(reply.headers)
    stored = is_stored_failure(call.request, call.last, reply)
    hopeless = stored or advice is False or (asked is None and renews_late(reply))
    elapsed = clock.ticks() - call.started
    facts = _facts(call, reply, elapsed=elapsed, retry_after=asked, asked_for=advice is True)
    wait = None if hopeless else next_wait(policy, facts, clock.draw)
    # A server that stores a key's 500 need not say so: the same bytes each time tell as much.
    alike = call.request.idempotency_key is not None and 0 < _same_failures(call, reply) == call.attempts - 1
    error = status_error(
        call.request,
        call.name,
        reply,
        in_doubt=_in_doubt_after(call, reply),
        retry_after=asked,
        stored=stored or alike,
    )
    if wait is not None:
        return Repeat(wait, error)
    is_answer = reply.status in call.request.caller_reads or reply.status not in policy.retry_on_status_codes
    return Respond(reply) if is_answer and reply.status < 500 else Fail(error)


def _judge_redirect(call: Call, reply: Reply, base_url: str) -> Verdict:
    """Follow with GET and its kin only, not from https to http; the credential stays within its origin."""
    name, status, url = call.name, reply.status, call.outgoing.url
    location = reply.headers.get("Location")
    if not location:
        return _astray(f"{name} answered {status} without saying where to go.", status)
    try:
        target = urljoin(url, location)
        parts = urlsplit(target)
        trusted = call.trusted and same_origin(target, base_url)
    except ValueError:
        return _astray(f"{name} redirects to what is not a URL.", status)
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if parts.scheme not in {"http", "https"} or (url.startswith("https:") and parts.scheme == "http"):
        return _astray(f"{name} redirects to {where}, which is not https.", status)
    if call.request.method not in READS:
        return _astray(
            f"{name} is redirected to {where}; what has a body is not sent on. "
            "Set base_url to the address it names, if you trust it.",
            status,
        )
    if call.redirects == MOST_REDIRECTS:
        return _astray(f"{name} redirects more than {MOST_REDIRECTS} times in a row.")
    headers = call.outgoing.headers if trusted else base_headers({})
    return Follow(dataclasses.replace(call.outgoing, url=target, headers=headers), trusted)


def _astray(message: str, status: int | None = None) -> Fail:
    return Fail(FixSettings(message, code="redirected", status=status))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known after an attempt that did not succeed.

    `attempt` counts from 1; `elapsed` are seconds since the first began; `status` is None without
    a reply; `sent` is False only if the server certainly did not receive the request; `asked_for`: the
    service itself wants the request again.
    """

    attempt: int
    elapsed: float
    status: int | None = None
    sent: bool = True
    may_repeat: bool = False
    not_applied: frozenset[int] = frozenset({429})
    retry_after: float | None = None
    asked_for: bool = False


def _facts(
    call: Call,
    outcome: Reply | Lost,
    *,
    elapsed: float = 0.0,
    retry_after: float | None = None,
    asked_for: bool = False,
) -> Facts:
    return Facts(
        # Following a redirect and renewing a credential are not retries: the policy does not count them.
        attempt=call.attempts - call.redirects - call.renewed,
        elapsed=elapsed,
        status=outcome.status if isinstance(outcome, Reply) else None,
        sent=outcome.sent if isinstance(outcome, Lost) else True,
        may_repeat=call.request.may_repeat,
        not_applied=call.request.not_applied,
        retry_after=retry_after,
        asked_for=asked_for,
    )


def may_have_been_applied(facts: Facts) -> bool:
    """Return whether the server may have applied the request, as far as this attempt shows.

    Without a reply: unless it was certainly not received. With one: 5xx and 408, if not in `not_applied`.
    """
    if facts.status is None:
        return facts.sent
    if facts.status in facts.not_applied:
        return False
    return facts.status >= 500 or facts.status == 408


def _in_doubt_after(call: Call, outcome: Reply | Lost) -> bool:
    return call.in_doubt or may_have_been_applied(_facts(call, outcome))


def next_wait(policy: Retry, facts: Facts, draw: Callable[[], float] = random.random) -> float | None:
    """Return the seconds to wait before the next attempt, or None to stop."""
    if not policy.enabled or facts.attempt > policy.max_retries:
        return None
    if not (facts.status is None or facts.asked_for or facts.status in policy.retry_on_status_codes):
        return None
    if not facts.may_repeat and may_have_been_applied(facts):
        return None
    if facts.retry_after is not None and facts.retry_after > policy.longest_wait:
        return None
    wait = backoff(policy, facts.attempt, draw)
    if facts.retry_after is not None:
        # Never earlier than asked; what is drawn on top spreads those who were asked to wait together.
        spread = min(wait, facts.retry_after, policy.initial_delay) if policy.jitter else 0.0
        wait = facts.retry_after + spread
    return wait if facts.elapsed + wait <= policy.max_elapsed else None


def backoff(policy: Retry, attempt: int, draw: Callable[[], float] = random.random) -> float:
    """Return an exponential delay with full jitter: uniform from 0 to the capped delay of this attempt."""
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


def lost_error(request: Request, call: str, lost: Lost, *, in_doubt: bool) -> ConnectError:
    """Name an attempt without a reply. `in_doubt`: this or an earlier attempt may have been applied."""
    message = f"{call} {_LOST_WORDS[lost.kind]}"
    if in_doubt and not request.is_read:
        return _unknown(request, message, code=lost.kind)
    if lost.kind == "tls":
        return FixSettings(
            f"{message} ({mask_start(str(lost.cause), 200)}). Check base_url, the certificate and the clock.",
            code="tls",
        )
    if lost.kind == "address":
        return FixSettings(f"{message}. Check base_url, the path and the headers.", code="address")
    if lost.kind == "too_large":
        return FixSettings(
            f"{message}. Raise it, ask for less at a time, or use download().", code="too_large"
        )
    return TryLater(f"{message}. Nothing was applied; try again later.", code=lost.kind)


def status_error(
    request: Request,
    call: str,
    reply: Reply,
    *,
    in_doubt: bool,
    retry_after: float | None = None,
    stored: bool = False,
) -> ConnectError:
    """Name a reply whose status asks for another attempt when there is none left."""
    message, code = f"{call} answered {reply.status}", f"http_{reply.status}"
    if in_doubt and not request.is_read:
        if stored:
            return OutcomeUnknown(
                f"{message}, the same reply to the same idempotency key each time: the server stored it "
                "and will not try again. Look the record up; if it is not there, send it with a new key.",
                code="stored_failure",
                status=reply.status,
            )
        return _unknown(request, message, code=code, status=reply.status)
    if reply.status == 429 and _QUOTA_WORDS.search(reply.body[:4096]):
        return WaitForQuota(
            f"{message}: a quota is used up. Go on when it renews.",
            code="quota",
            status=reply.status,
            retry_after=retry_after,
        )
    when = "later" if retry_after is None else f"in {retry_after:.0f} seconds"
    return TryLater(
        f"{message}. Nothing was applied; try again {when}.",
        code=code,
        status=reply.status,
        retry_after=retry_after,
    )


def renews_late(reply: Reply) -> bool:
    """Return whether a quota of a day or a month is used up, so that asking again soon is no use."""
    return reply.status == 429 and bool(_LONG_WORDS.search(reply.body[:4096]))


def still_in_doubt(request: Request, error: ConnectError) -> ConnectError:
    """Keep a TryLater from saying "nothing was applied" of a write one of whose attempts may have been."""
    if request.is_read or not isinstance(error, TryLater):
        return error
    return _unknown(request, f"{request!r} was sent without an answer, then: {error}", code=error.code or "")


def refused_credential(call: str) -> SignInAgain:
    """Name a 401 that a renewed credential did not cure."""
    return SignInAgain(
        f"{call} answered 401: the credential was refused. Sign in again or replace it.",
        code="http_401",
        status=UNAUTHORIZED,
    )


def is_stored_failure(request: Request, earlier: Reply | None, reply: Reply) -> bool:
    """Return whether a 500 is the one the server stored for this key: it says so, or repeats its request id.

    Stripe replays a stored 500 with `Idempotent-Replayed: true`; asking again can only loop.
    """
    if reply.status != 500 or request.idempotency_key is None:
        return False
    if any(reply.headers.get(name, "").lower() == "true" for name in _REPLAYED):
        return True
    return (
        earlier is not None
        and same_failure(earlier, reply)
        and bool(_server_id(reply.headers))
        and (_server_id(earlier.headers) == _server_id(reply.headers))
    )


def same_failure(earlier: Reply | None, reply: Reply) -> bool:
    """Return whether two replies are the same 500, byte for byte."""
    return earlier is not None and earlier.status == reply.status == 500 and earlier.body == reply.body


def _same_failures(call: Call, reply: Reply) -> int:
    return call.same_failures + 1 if same_failure(call.last, reply) else 0


def _server_id(headers: Mapping[str, str]) -> str:
    return next((headers[name] for name in _SERVER_IDS if name in headers), "")


def _unknown(request: Request, message: str, code: str, status: int | None = None) -> OutcomeUnknown:
    hint = (
        "the same request may be sent again" if request.may_repeat else "look it up before sending it again"
    )
    return OutcomeUnknown(
        f"{message}. It may have been applied: {hint}.",
        code=code,
        status=status,
        repeat_safe=request.may_repeat,
    )
