"""What an attempt that did not succeed means for the caller: pure functions from facts to an error."""

from __future__ import annotations

import re
from collections.abc import Mapping

from f.connect.calls.message import Lost, Reply, Request
from f.connect.errors import (
    ConnectError,
    FixSettings,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.connect.redact import mask_text

_LOST_WORDS = {
    "refused": "could not be reached: the connection was refused",
    "name": "could not be reached: its host name is not known",
    "connect_timeout": "could not be reached: no connection in time",
    "tls": "could not be reached: the secure connection failed",
    "timeout": "did not answer in time",
    "reset": "broke the connection off",
    "truncated": "sent a reply that ends too early",
    "too_large": "sent a reply larger than max_reply_bytes",
}
_LONG_WORDS = re.compile(rb"daily|monthly|per[ _]day|REQUEST_LIMIT_EXCEEDED", re.IGNORECASE)
_QUOTA_WORDS = re.compile(rb"quota|" + _LONG_WORDS.pattern, re.IGNORECASE)
_REPLAYED = ("Idempotent-Replayed", "Idempotency-Replayed", "X-Idempotent-Replayed")
_SERVER_IDS = ("Request-Id", "X-Request-Id", "X-Correlation-Id")


def lost_error(request: Request, call: str, lost: Lost, *, in_doubt: bool) -> ConnectError:
    """Name an attempt without a reply. `in_doubt`: this or an earlier attempt may have been applied."""
    said = f"{call} {_LOST_WORDS[lost.kind]}"
    if in_doubt and not request.is_read:
        return _unknown(request, said, code=lost.kind)
    if lost.kind == "tls":
        return FixSettings(
            f"{said} ({mask_text(str(lost.cause))[:200]}). Check base_url, the certificate and the clock.",
            code="tls",
        )
    if lost.kind == "too_large":
        return FixSettings(f"{said}. Raise it, ask for less at a time, or use download().", code="too_large")
    return TryLater(f"{said}. Nothing was applied; try again later.", code=lost.kind)


def status_error(
    request: Request, call: str, reply: Reply, *, in_doubt: bool, retry_after: float | None, stored: bool
) -> ConnectError:
    """Name a reply whose status asks for another attempt when there is none left."""
    said = f"{call} answered {reply.status}"
    if in_doubt and not request.is_read:
        if stored:
            return OutcomeUnknown(
                f"{said}, the same reply to the same idempotency key each time: the server stored it "
                "and will not try again. Look the record up; if it is not there, send it with a new key.",
                code="stored_failure",
            )
        return _unknown(request, said, code=f"http_{reply.status}")
    if reply.status == 429 and _QUOTA_WORDS.search(reply.body[:4096]):
        return WaitForQuota(
            f"{said}: an allowance is used up. Go on when it renews.", code="quota", retry_after=retry_after
        )
    when = "later" if retry_after is None else f"in {retry_after:.0f} seconds"
    return TryLater(
        f"{said}. Nothing was applied; try again {when}.",
        code=f"http_{reply.status}",
        retry_after=retry_after,
    )


def renews_late(reply: Reply) -> bool:
    """Whether an allowance of a day or a month is used up, so that asking again soon is no use."""
    return reply.status == 429 and bool(_LONG_WORDS.search(reply.body[:4096]))


def still_in_doubt(request: Request, error: ConnectError) -> ConnectError:
    """Keep a TryLater from saying "nothing was applied" of a write one of whose attempts may have been."""
    if request.is_read or not isinstance(error, TryLater):
        return error
    return _unknown(request, f"{request!r} was sent without an answer, then: {error}", code=error.code or "")


def refused_credential(call: str) -> SignInAgain:
    """Name a 401 that a renewed credential did not cure."""
    return SignInAgain(
        f"{call} answered 401: the credential was refused. Sign in again or replace it.", code="http_401"
    )


def is_stored_failure(request: Request, earlier: Reply | None, reply: Reply) -> bool:
    """Whether a 500 is the one the server stored for this key: it says so, or repeats its own request id.

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
    """Whether two replies are the same 500, byte for byte."""
    return earlier is not None and earlier.status == reply.status == 500 and earlier.body == reply.body


def _server_id(headers: Mapping[str, str]) -> str:
    return next((headers[name] for name in _SERVER_IDS if name in headers), "")


def _unknown(request: Request, said: str, code: str) -> OutcomeUnknown:
    hint = (
        "the same request may be sent again" if request.may_repeat else "look it up before sending it again"
    )
    return OutcomeUnknown(
        f"{said}. It may have been applied: {hint}.", code=code, repeat_safe=request.may_repeat
    )
