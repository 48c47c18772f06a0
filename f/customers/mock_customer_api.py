"""A customer API to practise on: answers as a real one would, and stores nothing.

Called by itself it takes a customer and returns what such an API has in its body: `id`, `status`, `data`,
`created_at` and `api_version`; of a call that failed, `status_code`, `error` and what is wrong. Asked over
HTTP it answers with status and headers (`as_reply`). Several `customers` are one call, which has a result
for each in their order: what the API would have answered to it alone, and the `status` of that. A resource
with the base_url `script:f/customers/mock_customer_api` has it answer over HTTP inside the job that sends,
so that an import talks to it as to any other API and takes no worker for it. The HTTP routes of this folder
make it an API as well, below `/api/r/`, where each call is a job that needs a worker of its own: send many
rows in one. `simple` accepts everything; `advanced` refuses customers without name or e-mail, knows some
e-mails already, and fails at one call in ten unless `failure_rate` says otherwise (0: never). The same call
gets the same answer: the id comes from the data, a failure from the seed. In `advanced` it comes from the
e-mail alone: a customer sent again is the same customer, whatever else changed.
"""

import difflib
import hashlib
import json
import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

API_VERSION = "v1"
_REQUIRED = ("name", "email")
_MOST_AT_ONCE = 1_000  # customers in a call
_ARGUMENTS = (
    "customer_data",
    "customers",
    "mode",
    "known_emails",
    "failure_rate",
    "seed",
    "attempt",
    "operation",
    "customer",
)
_FAILURE_RATE = 0.1  # of the advanced mode
# Of the routes: what in the query becomes which input.
_QUERY = {
    "mode": "mode",
    "known": {
        "input": "known_emails",
        "type": "string",
        "description": "E-mail addresses that answer 409 in advanced mode, separated by commas.",
        "example": "anna@example.com",
    },
    "failure_rate": {
        "input": "failure_rate",
        "default": _FAILURE_RATE,
        "description": "Share of calls that fail in advanced mode, from 0 to 1.",
    },
    "seed": "seed",
}
_CUSTOMER = {
    "application/json": {
        "input": "customer_data",
        "type": "object",
        "example": {"name": "Anna Example", "email": "anna@example.com"},
    }
}
_BATCH = {
    "application/json": {
        "type": "object",
        "required": ["customers"],
        "properties": {
            "customers": {
                "type": "array",
                "minItems": 1,
                "maxItems": 1000,
                "items": {"type": "object"},
            }
        },
        "example": {"customers": [{"name": "Anna Example", "email": "anna@example.com"}]},
    }
}
_STORED = {
    "type": "object",
    "required": ["id", "status", "data", "created_at", "api_version"],
    "properties": {
        "id": {"type": "string", "pattern": "^cust_[0-9a-f]{8}$"},
        "status": {"enum": ["created", "updated"]},
        "data": {"type": "object", "description": "The customer as it was sent."},
        "created_at": {"type": "string", "format": "date-time"},
        "api_version": {"type": "string"},
    },
}
_RESULTS = {
    "type": "object",
    "required": ["results"],
    "properties": {
        "results": {
            "type": "array",
            "description": "One for each customer, in their order: what would be answered to it alone.",
            "items": {
                "type": "object",
                "required": ["status"],
                "properties": {"status": {"enum": [201, 400, 409]}},
            },
        }
    },
}
_REFUSED = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
_SIMULATED = {
    "429": {
        "description": "A failure of the advanced mode: too many requests.",
        "schema": _REFUSED,
        "headers": {"Retry-After": "Seconds to wait."},
    },
    "500": {"description": "A failure of the advanced mode.", "schema": _REFUSED},
    "503": {
        "description": "A failure of the advanced mode: overloaded.",
        "schema": _REFUSED,
        "headers": {"Retry-After": "Seconds to wait."},
    },
}
_ATTEMPT = {"X-Attempt": "attempt"}
# For `mill openapi`: what a request becomes and what is answered, by the route's name.
HTTP = {
    "mock_customers": {
        "query": _QUERY,
        "headers": _ATTEMPT,
        "body": _CUSTOMER,
        "replies": {
            "201": {"description": "The customer as it was created.", "schema": _STORED},
            "400": {"description": "In advanced mode: name or email is missing.", "schema": _REFUSED},
            "409": {"description": "In advanced mode: the e-mail is a known one.", "schema": _REFUSED},
            **_SIMULATED,
        },
    },
    "mock_customer_batch": {
        "query": _QUERY,
        "headers": _ATTEMPT,
        "body": _BATCH,
        "replies": {
            "200": {"description": "What became of each customer.", "schema": _RESULTS},
            **_SIMULATED,
        },
    },
    "mock_customer_update": {
        "path": {"id": {"type": "string", "description": "Any id: the mock stores nothing."}},
        "query": _QUERY,
        "headers": _ATTEMPT,
        "body": _CUSTOMER,
        "replies": {
            "200": {"description": "The customer as it was updated.", "schema": _STORED},
            **_SIMULATED,
        },
    },
    "mock_health": {
        "replies": {
            "200": {
                "description": "The mock is there.",
                "schema": {
                    "type": "object",
                    "required": ["status", "api_version"],
                    "properties": {"status": {"const": "ok"}, "api_version": {"type": "string"}},
                },
            }
        },
    },
    "webhook": {"inputs_from": ["json"], "without": ["as_reply"]},
}
_FAILURES: tuple[tuple[int, str, dict[str, str]], ...] = (
    (503, "The service is overloaded.", {"Retry-After": "0"}),
    (429, "Too many requests.", {"Retry-After": "0"}),
    (500, "Something went wrong.", {}),
)


def main(
    customer_data: dict | None = None,
    customers: list[dict] | None = None,
    mode: Literal["simple", "advanced"] = "simple",
    known_emails: list[str] | None = None,
    failure_rate: float | None = None,
    seed: int = 0,
    attempt: int = 1,
    operation: Literal["create", "update", "health"] = "create",
    customer: dict | None = None,
    as_reply: bool = False,
) -> dict[str, Any]:
    if customer_data and customer and customer_data != customer:
        raise ValueError("customer is the former name of customer_data: give one of them.")
    data = customer_data or customer or {}
    mock = _Mock(mode == "advanced", {email.casefold() for email in known_emails or []})
    rate = _FAILURE_RATE if failure_rate is None else failure_rate
    if operation == "health":
        reply = _reply(200, {"status": "ok", "api_version": API_VERSION})
    elif customers is None:
        failure = _failure(data, rate, seed, attempt) if mock.is_advanced else None
        reply = failure or (mock.update(data) if operation == "update" else mock.create(data))
    else:
        _check_batch(customers, data, operation)
        failure = _failure({"customers": customers}, rate, seed, attempt) if mock.is_advanced else None
        reply = failure or mock.create_all(customers)
    return reply if as_reply else _plain(reply)


def _check_batch(customers: Any, data: dict[str, Any], operation: str) -> None:
    if data:
        raise ValueError("customers are several and customer_data is one: give one of them.")
    if operation != "create":
        raise ValueError("Several customers can be created in one call, and nothing else.")
    if not isinstance(customers, list) or not all(isinstance(one, dict) for one in customers):
        raise ValueError("customers must be a list, with an object for each.")
    if not 0 < len(customers) <= _MOST_AT_ONCE:
        raise ValueError(f"customers must be 1 to {_MOST_AT_ONCE}, and are {len(customers)}.")


@dataclass(frozen=True, slots=True)
class _Mock:
    """What answers where nothing fails by chance: accepts everything, or checks and knows a few."""

    is_advanced: bool
    known: Collection[str]

    def create(self, data: dict[str, Any]) -> dict[str, Any]:
        if self.is_advanced:
            missing = [name for name in _REQUIRED if not str(data.get(name) or "").strip()]
            if missing:
                details = [{"field": name, "message": "This field is required."} for name in missing]
                return _reply(400, {"error": "validation_failed", "details": details})
            if str(data["email"]).casefold() in self.known:
                existing = {"error": "duplicate", "message": "A customer with this e-mail exists already."}
                return _reply(409, {**existing, "existing_id": _id_by_email(data)})
        return _reply(201, {**self._stored(data), "status": "created"})

    def update(self, data: dict[str, Any]) -> dict[str, Any]:
        return _reply(200, {**self._stored(data), "status": "updated"})

    def create_all(self, customers: list[dict[str, Any]]) -> dict[str, Any]:
        replies = [self.create(data) for data in customers]
        # A result's `status` is the code of the reply, in place of the word in a customer.
        results = [{**reply["result"], "status": reply["windmill_status_code"]} for reply in replies]
        return _reply(200, {"results": results})

    def _stored(self, data: dict[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        record_id = _id_by_email(data) if self.is_advanced and data.get("email") else _id(data)
        return {"id": record_id, "data": data, "created_at": now, "api_version": API_VERSION}


def preprocessor(event: dict[str, Any]) -> dict[str, Any]:
    """Turn a request into main's arguments; ValueError for one that would be misunderstood.

    Behind a route the body is a customer, or `{"customers": [...]}` where the path ends in /batch, and the
    query decides how the mock behaves. At the script's own webhook the body's members are the arguments, as
    in the form.
    """
    body, query, headers = event.get("body"), event.get("query") or {}, event.get("headers") or {}
    if body and not isinstance(body, dict):
        raise ValueError("The body must be a JSON object.")
    if event.get("kind") == "webhook":
        _refuse_unknown({**(body or {}), **query}, _ARGUMENTS, "argument")
        return {**(body or {}), **query, "as_reply": True}
    _refuse_unknown(query, _QUERY, "query parameter")
    is_batch = str(event.get("path") or "").endswith("/batch")
    several = (body or {}).get("customers")
    return {
        "customer_data": None if is_batch else body,
        # None would be one customer; of none, a batch is refused.
        "customers": ([] if several is None else several) if is_batch else None,
        "as_reply": True,
        "operation": {"get": "health", "patch": "update"}.get(event.get("method", "post"), "create"),
        "mode": _mode(query.get("mode", "simple")),
        "known_emails": [email for email in query.get("known", "").split(",") if email],
        "failure_rate": _number("failure_rate", query.get("failure_rate", str(_FAILURE_RATE)), float),
        "seed": _number("seed", query.get("seed", "0"), int),
        "attempt": _number("X-Attempt", headers.get("x-attempt", "1"), int),
    }


def _refuse_unknown(names: Iterable[str], known: Collection[str], what: str) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
            raise ValueError(f"The mock has no {what} {name[:40]!r}. {hint}")


def _mode(text: str) -> str:
    if text not in {"simple", "advanced"}:
        raise ValueError(f"mode must be simple or advanced, not {text[:40]!r}.")
    return text


def _number(name: str, text: str, kind: Callable[[str], Any]) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        raise ValueError(f"{name} must be a number, not {text[:40]!r}.") from error


def _failure(data: dict[str, Any], rate: float, seed: int, attempt: int) -> dict[str, Any] | None:
    """A simulated failure: the same call fails at the same attempts, whatever else goes on."""
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
    """Windmill's way of saying an HTTP reply."""
    reply: dict[str, Any] = {"windmill_status_code": status, "result": body}
    if headers:
        reply["windmill_headers"] = headers
    return reply


def _plain(reply: dict[str, Any]) -> dict[str, Any]:
    """The body of a reply; one that says no names its status."""
    body: dict[str, Any] = reply["result"]
    status = reply["windmill_status_code"]
    return body if status < 400 else {"status_code": status, **body}
