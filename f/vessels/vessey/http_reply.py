"""What a route answers, in Windmill's words: status, headers and body."""

from __future__ import annotations

import math
from typing import Any

from f.connect.errors import ConnectError, FixInput, SignInAgain, TryLater

_RETRY_AFTER = 5  # seconds, if nobody said


def reply_of(status: int, body: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a result that Windmill turns into an HTTP reply."""
    reply: dict[str, Any] = {"windmill_status_code": status, "result": body}
    return {**reply, "windmill_headers": headers} if headers else reply


def error_reply(error: ConnectError) -> dict[str, Any]:
    """Return the reply for what went wrong: 400, 404, 429, 503, or 502 if our own account is at fault."""
    body = {"error": {"code": error.code or type(error).__name__, "message": str(error)}}
    if isinstance(error, TryLater):
        wait = error.retry_after if error.retry_after is not None else _RETRY_AFTER
        limited = error.code == "rate_limited" or error.status == 429
        return reply_of(429 if limited else 503, body, {"Retry-After": str(max(1, math.ceil(wait)))})
    if isinstance(error, FixInput):
        return reply_of(404 if error.status == 404 else 400, body)
    return reply_of(502 if isinstance(error, SignInAgain) else 500, body)
