"""A customer API to practise on: answers as a real one would, and stores nothing.

Called by itself it takes a customer and returns the reply. Behind the HTTP routes of this folder it is
an API at `/api/r/<workspace>/mock/customers`, so that an import talks to it as to any other. `simple` accepts
everything; `advanced` refuses customers without name or e-mail, knows some e-mails already, and fails
now and then. The same call gets the same answer: the id comes from the data, a failure from the seed. In
`advanced` it comes from the e-mail alone: a customer sent again is the same customer, whatever else changed.
"""

import hashlib
import json
import random
from datetime import UTC, datetime
from typing import Any, Literal

API_VERSION = "v1"
_REQUIRED = ("name", "email")
_FAILURES: tuple[tuple[int, str, dict[str, str]], ...] = (
    (503, "The service is overloaded.", {"Retry-After": "0"}),
    (429, "Too many requests.", {"Retry-After": "0"}),
    (500, "Something went wrong.", {}),
)


def main(
    customer: dict | None = None,
    mode: Literal["simple", "advanced"] = "simple",
    known_emails: list[str] | None = None,
    failure_rate: float = 0.0,
    seed: int = 0,
    attempt: int = 1,
    operation: Literal["create", "update", "health"] = "create",
) -> dict[str, Any]:
    data = customer or {}
    if operation == "health":
        return _reply(200, {"status": "ok", "api_version": API_VERSION})
    if mode == "advanced":
        failure = _failure(data, failure_rate, seed, attempt)
        if failure is not None:
            return failure
        missing = [name for name in _REQUIRED if not str(data.get(name) or "").strip()]
        if missing and operation == "create":
            details = [{"field": name, "message": "This field is required."} for name in missing]
            return _reply(400, {"error": "validation_failed", "details": details})
        known = {email.casefold() for email in known_emails or []}
        if operation == "create" and str(data["email"]).casefold() in known:
            existing = {"error": "duplicate", "message": "A customer with this e-mail exists already."}
            return _reply(409, {**existing, "existing_id": _id_by_email(data)})
    now = datetime.now(UTC).isoformat(timespec="seconds")
    record_id = _id_by_email(data) if mode == "advanced" and data.get("email") else _id(data)
    stored = {"id": record_id, "data": data, "created_at": now, "api_version": API_VERSION}
    if operation == "update":
        return _reply(200, {**stored, "status": "updated"})
    return _reply(201, {**stored, "status": "created"})


def preprocessor(event: dict[str, Any]) -> dict[str, Any]:
    """Turn an HTTP request into main's arguments; the query decides how the mock behaves."""
    query, headers = event.get("query") or {}, event.get("headers") or {}
    method = event.get("method", "post")
    return {
        "customer": event.get("body"),
        "operation": {"get": "health", "patch": "update"}.get(method, "create"),
        "mode": query.get("mode", "simple"),
        "known_emails": [email for email in query.get("known", "").split(",") if email],
        "failure_rate": float(query.get("failure_rate", 0)),
        "seed": int(query.get("seed", 0)),
        "attempt": int(headers.get("x-attempt", 1)),
    }


def _failure(data: dict[str, Any], rate: float, seed: int, attempt: int) -> dict[str, Any] | None:
    """A simulated failure: the same customer fails at the same attempts, whatever else goes on."""
    draw = random.Random(f"{seed}/{attempt}/{_id(data)}")  # noqa: S311 - a repeatable choice, nothing secret
    if draw.random() >= rate:
        return None
    status, message, headers = draw.choice(_FAILURES)
    return _reply(status, {"error": "simulated", "message": message}, headers)


def _id(data: dict[str, Any]) -> str:
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return f"cust_{hashlib.sha256(canonical.encode()).hexdigest()[:8]}"


def _id_by_email(data: dict[str, Any]) -> str:
    return _id({"email": str(data["email"]).casefold()})


def _reply(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Windmill's way of saying an HTTP reply; called as a script, `result` is what counts."""
    reply: dict[str, Any] = {"windmill_status_code": status, "result": body}
    if headers:
        reply["windmill_headers"] = headers
    return reply
