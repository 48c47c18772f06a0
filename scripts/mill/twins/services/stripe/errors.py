"""Stripe's error bodies and the headers beside them.

https://docs.stripe.com/api/errors, https://docs.stripe.com/error-low-level, https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from mill.twins.message import Reply

INVALID_REQUEST, CARD, API, IDEMPOTENCY = (
    "invalid_request_error",
    "card_error",
    "api_error",
    "idempotency_error",
)
SHOULD_RETRY = "Stripe-Should-Retry"


class StripeError(Exception):
    """A refusal that a method decides on once it has begun: its reply is kept under the idempotency key."""

    def __init__(self, status: int, message: str, type: str = INVALID_REQUEST, **more: Any) -> None:
        super().__init__(message)
        self.status, self.message, self.type, self.more = status, message, type, more

    def reply(self) -> Reply:
        """As Stripe answers it. Fields that are None are left out."""
        return error(self.status, self.message, self.type, **self.more)


class InvalidParams(StripeError):
    """A refusal of the parameters as such, before the method begins: nothing of it is kept."""

    def __init__(self, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(400, message, code=code, param=param)


def error(status: int, message: str, type: str | None = None, **more: Any) -> Reply:
    """Return an error in Stripe's shape."""
    if status == 405:  # to Stripe, another method is another address
        status, message = 404, message.replace("does not allow this method", "does not exist")
    kind = type
    if kind is None:
        kind = API if status >= 500 else INVALID_REQUEST
        if status == 404 and not more:
            message = f"Unrecognized request URL ({message.split(': ')[0]})."
    if status == 429:
        more.setdefault("code", "rate_limit")
    body = {"type": kind, "message": message, **{name: value for name, value in more.items() if value}}
    if code := body.get("code"):
        body["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    headers = {"Request-Id": request_id()}
    if 400 <= status < 500 and status not in {409, 429}:
        headers[SHOULD_RETRY] = "false"
    return Reply(status, {"error": body}, headers)


def request_id() -> str:
    """Return what the dashboard's log would know a request by."""
    return f"req_{secrets.token_urlsafe(11).replace('-', 'A').replace('_', 'B')[:14]}"


def no_such(kind: str, id: str, param: str = "id") -> StripeError:
    """404 for an id in the path, 400 for one among the parameters."""
    status = 404 if param == "id" else 400
    return StripeError(status, f"No such {kind}: '{id}'", code="resource_missing", param=param)


def too_many(reason: str) -> Reply:
    """429 of a limiter. Stripe sends no Retry-After."""
    return with_headers(
        error(429, "Request rate limit exceeded. Learn more: https://stripe.com/docs/rate-limits."),
        {"Stripe-Rate-Limited-Reason": reason},
    )


def lock_timeout() -> Reply:
    """429 for an object that another request holds."""
    message = (
        "This object cannot be accessed right now because another API request or Stripe process is "
        "currently accessing it."
    )
    return with_headers(error(429, message, code="lock_timeout"), {SHOULD_RETRY: "true"})


def key_in_use() -> Reply:
    """409 for a key whose first request has not ended."""
    message = "There is currently another in-progress request using this Idempotency Key."
    reply = error(409, message, IDEMPOTENCY, code="idempotency_key_in_use")
    return with_headers(reply, {SHOULD_RETRY: "true"})


def with_headers(reply: Reply, headers: Mapping[str, str]) -> Reply:
    """Return the reply with further headers."""
    reply.headers = {**reply.headers, **headers}
    return reply
