"""The twin of a GraphQL API: a shop's customers, in the dialect that the settings choose."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from mill.twins.formats.graphql_language import (
    Asked,
    LanguageError,
    Operation,
    Parsed,
    Variable,
    parse,
)
from mill.twins.message import Malformed, Refused, Reply, Request
from mill.twins.twin import Route, Setup, Twin

_CUSTOMER = "customer"
_STORED = "stored_reply"
_RESPONSE = "application/graphql-response+json"
_MOST_FIELDS = 1000
_MOST_ROWS = 100

# The types: fields by name, each with its type; a scalar's has no fields here.
_TYPES: Mapping[str, Mapping[str, str]] = {
    "Query": {"customer": "Customer", "customers": "CustomerConnection", "shop": "Shop"},
    "Mutation": {"createCustomer": "CreateCustomerPayload"},
    "Shop": {"name": "String", "currency": "String"},
    "Customer": {"id": "ID", "name": "String", "email": "String", "note": "String"},
    "CustomerConnection": {"nodes": "Customer", "edges": "CustomerEdge", "pageInfo": "PageInfo"},
    "CustomerEdge": {"node": "Customer", "cursor": "String"},
    "PageInfo": {"hasNextPage": "Boolean", "endCursor": "String"},
    "CreateCustomerPayload": {"customer": "Customer", "userErrors": "UserError"},
    "UserError": {"field": "String", "message": "String"},
}
_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "Query.customer": frozenset({"id"}),
    "Query.customers": frozenset({"first", "after"}),
    "Mutation.createCustomer": frozenset({"input"}),
}


class Settings(BaseModel):
    """What this server is like.

    `style`: `draft` answers 294 for a part, 422 for what is not valid and 400 for what cannot be read to who
    accepts application/graphql-response+json; `json` answers 200 to all. `forbidden`: fields that answer with
    an error, such as Customer.note.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    style: Literal["draft", "json"] = "draft"
    refused_tokens: list[str] = ["wrong"]
    expired_tokens: list[str] = ["expired"]
    batching: bool = False
    forbidden: list[str] = []
    keeps_keys: bool = True  # knows a mutation again by its Idempotency-Key
    customers: list[dict[str, str]] = [
        {"id": str(number), "name": name, "email": f"{name.lower()}@example.com", "note": f"Note {number}"}
        for number, name in enumerate(("Ada", "Ben", "Cleo", "Dan", "Eva"), 1)
    ]


class _Failed(Exception):
    """The request as a whole is refused."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(str(error["message"]))
        self.status, self.error = status, error


class _Call(NamedTuple):
    """One operation that is being carried out."""

    parsed: Parsed
    variables: Mapping[str, Any]
    errors: list[dict[str, Any]]


def problem(message: str, code: str, **more: Any) -> dict[str, Any]:
    """Return one error as GraphQL has them."""
    return {"message": message, "extensions": {"code": code}, **more}


def error(status: int, message: str, code: str = "") -> Reply:
    """Return an answer of nothing but an error."""
    known = {401: "UNAUTHENTICATED", 403: "FORBIDDEN", 429: "RATE_LIMITED", 503: "SERVICE_UNAVAILABLE"}
    return Reply(status, {"errors": [problem(message, code or known.get(status, "BAD_REQUEST"))]})


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _Graphql(setup, settings)
    cost = {
        "requestedQueryCost": 60,
        "throttleStatus": {"maximumAvailable": 100, "currentlyAvailable": 59, "restoreRate": 50},
    }
    throttled = {**error(200, "Throttled", "THROTTLED").body, "extensions": {"cost": cost}}
    page = Reply(200, b"<!DOCTYPE html><title>Sign in</title>", {"content-type": "text/html"})
    hour = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded."}]}
    return Twin(
        name="graphql",
        settings=settings,
        error=error,
        gate=service.gate,
        routes=[
            Route("POST", "/graphql", "operation", service.answer),
        ],
        faults={
            "throttled": lambda _request: Reply(200, throttled),
            "rate_limited": lambda _request: Reply(
                200, hour, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}
            ),
            "internal": lambda _request: error(200, "Internal server error", "INTERNAL_SERVER_ERROR"),
            "html": lambda _request: page,
        },
    )


class _Graphql:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._ledger, self._records = setup.ledger, setup.records
        self._settings = settings

    def gate(self, request: Request) -> Mapping[str, str]:
        """Whoever has no token, or any but the refused ones."""
        if request.bearer in self._settings.refused_tokens:
            raise Refused(error(401, "The token is not valid."))
        return {}

    def answer(self, request: Request) -> Reply:
        """Carry out an operation, or where the settings say so a list of them."""
        body = request.json()
        if request.bearer in self._settings.expired_tokens:
            return self._reply(
                request, 200, {"errors": [problem("The token has expired.", "UNAUTHENTICATED")], "data": None}
            )
        if isinstance(body, list):
            if not self._settings.batching:
                return error(400, "Batching is not supported.")
            if not 1 <= len(body) <= 10:
                return error(413, "A batch has 1 to 10 operations.")
            return self._reply(request, 200, [self._carry_out(one, request)[1] for one in body])
        status, answer = self._carry_out(body, request)
        return self._reply(request, status, answer)

    def _reply(self, request: Request, status: int, body: Any) -> Reply:
        knows = _RESPONSE in request.headers.get("accept", "")
        kind = _RESPONSE if knows and self._settings.style == "draft" else "application/json"
        return Reply(status if kind == _RESPONSE else 200, body, {"content-type": f"{kind}; charset=utf-8"})

    def _carry_out(self, body: Any, request: Request) -> tuple[int, dict[str, Any]]:
        try:
            parsed, operation, variables = _prepared(body)
            call = _Call(parsed, variables, [])
            root = {"query": "Query", "mutation": "Mutation"}[operation.kind]
            _check(call, root, operation.selection)
            key = request.headers.get("idempotency-key", "") if operation.kind == "mutation" else ""
            return self._once(
                key, json.dumps(body, sort_keys=True), lambda: self._execute(call, root, operation)
            )
        except _Failed as failed:
            return failed.status, {"errors": [failed.error]}

    def _execute(self, call: _Call, root: str, operation: Operation) -> tuple[int, dict[str, Any]]:
        data = self._select(call, root, {}, operation.selection, [])
        if not call.errors:
            return 200, {"data": data}
        return 294, {"data": data, "errors": call.errors}

    def _once(
        self, key: str, payload: str, answer: Callable[[], tuple[int, dict[str, Any]]]
    ) -> tuple[int, dict[str, Any]]:
        """The same key and mutation get the same answer; another mutation under it is refused."""
        if not key or not self._settings.keeps_keys:
            return answer()
        fingerprint = hashlib.sha256(payload.encode()).hexdigest()
        for number in self._records.find(_STORED, "key", key):
            if stored := self._records.get(_STORED, number):
                if stored["fingerprint"] != fingerprint:
                    raise _Failed(
                        422, problem("The key belongs to another mutation.", "IDEMPOTENCY_KEY_REUSED")
                    )
                return stored["status"], stored["body"]
        status, body = answer()
        self._records.add(_STORED, {"fingerprint": fingerprint, "status": status, "body": body}, {"key": key})
        return status, body

    def _select(
        self, call: _Call, kind: str, value: Mapping[str, Any], selection: list[Asked], path: list[str | int]
    ) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for asked in _fields(call, selection):
            key = asked.alias or asked.name
            here = [*path, key]
            if asked.name == "__typename":
                found[key] = kind
                continue
            if f"{kind}.{asked.name}" in self._settings.forbidden:
                place = [{"line": asked.line, "column": asked.column}]
                call.errors.append(problem("You may not read this.", "FORBIDDEN", path=here, locations=place))
                found[key] = None
                continue
            raw = self._resolve(call, kind, value, asked)
            found[key] = self._complete(call, _TYPES[kind][asked.name], raw, asked, here)
        return found

    def _complete(self, call: _Call, kind: str, raw: Any, asked: Asked, path: list[str | int]) -> Any:
        if isinstance(raw, list):
            return [self._complete(call, kind, one, asked, [*path, place]) for place, one in enumerate(raw)]
        return (
            self._select(call, kind, raw, asked.selection, path)
            if kind in _TYPES and raw is not None
            else raw
        )

    def _resolve(self, call: _Call, kind: str, value: Mapping[str, Any], asked: Asked) -> Any:
        values = {name: _filled(one, call.variables) for name, one in asked.arguments.items()}
        if kind == "Query" and asked.name == "shop":
            return {"name": "Twin & Sons", "currency": "EUR"}
        if kind == "Query" and asked.name == "customer":
            return next((one for one in self._all() if one["id"] == str(values.get("id"))), None)
        if kind == "Query":
            return self._page(values)
        return self._create(values.get("input")) if kind == "Mutation" else value.get(asked.name)

    def _all(self) -> list[dict[str, Any]]:
        return [*self._settings.customers, *(body for _, body in self._records.page(_CUSTOMER, limit=1000))]

    def _page(self, values: Mapping[str, Any]) -> dict[str, Any]:
        first, after = values.get("first", 2), values.get("after")
        if isinstance(first, bool) or not isinstance(first, int) or not 0 < first <= _MOST_ROWS:
            raise _Failed(200, problem(f"first must be from 1 to {_MOST_ROWS}.", "BAD_USER_INPUT"))
        rows = self._all()
        start = 0
        if after is not None:
            ids = [row["id"] for row in rows]
            if not isinstance(after, str) or after.removeprefix("c") not in ids:
                raise _Failed(200, problem("The cursor is not valid.", "BAD_USER_INPUT"))
            start = ids.index(after.removeprefix("c")) + 1
        page = rows[start : start + first]
        return {
            "nodes": page,
            "edges": [{"node": row, "cursor": f"c{row['id']}"} for row in page],
            "pageInfo": {
                "hasNextPage": start + first < len(rows),
                "endCursor": f"c{page[-1]['id']}" if page else None,
            },
        }

    def _create(self, given: Any) -> dict[str, Any]:
        record = given if isinstance(given, dict) else {}
        name, email = record.get("name"), record.get("email")
        if not isinstance(name, str) or set(record) - {"name", "email", "note"}:
            raise _Failed(200, problem("The input is not valid.", "BAD_USER_INPUT"))
        if not isinstance(email, str) or "@" not in email:
            return {
                "customer": None,
                "userErrors": [{"field": ["input", "email"], "message": "Email is invalid"}],
            }
        number = len(self._all()) + 1
        customer = {"id": str(number), "name": name, "email": email, "note": record.get("note")}
        self._records.add(_CUSTOMER, customer, {"id": str(number)})
        self._ledger.append("created", email, customer)
        return {"customer": customer, "userErrors": []}


def _prepared(body: Any) -> tuple[Parsed, Operation, dict[str, Any]]:
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        raise Malformed(400, "Must provide query string.")
    given = body.get("variables") or {}
    if not isinstance(given, dict):
        raise Malformed(400, "Variables must be an object.")
    try:
        parsed = parse(body["query"])
    except LanguageError as wrong:
        place = [{"line": wrong.line, "column": wrong.column}]
        raise _Failed(400, problem(str(wrong), "GRAPHQL_PARSE_FAILED", locations=place)) from wrong
    name = body.get("operationName")
    found = [one for one in parsed.operations if name in (None, "", one.name)]
    if len(found) != 1 or found[0].kind == "subscription":
        message = "Must provide the name of one query or mutation."
        raise _Failed(400, problem(message, "OPERATION_RESOLUTION_FAILURE"))
    variables = {}
    for variable, (kind, default) in found[0].variables.items():
        value = given.get(variable, default)
        if value is ... and not kind.endswith("!"):
            continue
        if value is ... or (value is None and kind.endswith("!")):
            message = f'Variable "${variable}" of required type "{kind}" was not provided.'
            raise _Failed(400, problem(message, "BAD_USER_INPUT"))
        variables[variable] = value
    return parsed, found[0], variables


def _check(call: _Call, kind: str, selection: list[Asked]) -> None:
    """Hold the fields against the types, as validation does before anything is carried out."""
    for asked in _fields(call, selection, is_checked=True):
        place = [{"line": asked.line, "column": asked.column}]
        known = "String" if asked.name == "__typename" else _TYPES[kind].get(asked.name)
        message = ""
        if known is None:
            message = f'Cannot query field "{asked.name}" on type "{kind}".'
        elif unknown := sorted(asked.arguments.keys() - _ARGUMENTS.get(f"{kind}.{asked.name}", frozenset())):
            message = f'Unknown argument "{unknown[0]}" on field "{kind}.{asked.name}".'
        elif (known in _TYPES) != bool(asked.selection):
            must = "must" if known in _TYPES else "must not"
            message = f'Field "{asked.name}" of type "{known}" {must} have a selection.'
        if message:
            raise _Failed(422, problem(message, "GRAPHQL_VALIDATION_FAILED", locations=place))
        if known is not None and known in _TYPES:
            _check(call, known, asked.selection)


def _fields(call: _Call, selection: list[Asked], *, is_checked: bool = False) -> list[Asked]:
    """Return the fields of a selection, those of fragments among them."""
    found: list[Asked] = []
    waiting = list(selection)
    steps = 0
    while waiting:
        steps += 1
        if steps > _MOST_FIELDS:
            raise _Failed(422, problem("The query asks for too many fields.", "GRAPHQL_VALIDATION_FAILED"))
        asked = waiting.pop(0)
        if not is_checked and not _is_wanted(call, asked):
            continue
        if asked.spread:
            if asked.spread not in call.parsed.fragments:
                message = f'Unknown fragment "{asked.spread}".'
                raise _Failed(422, problem(message, "GRAPHQL_VALIDATION_FAILED"))
            waiting = [*call.parsed.fragments[asked.spread], *waiting]
        elif asked.name:
            found.append(asked)
        else:
            waiting = [*asked.selection, *waiting]
    return found


def _is_wanted(call: _Call, asked: Asked) -> bool:
    skip = _filled(asked.directives.get("skip", {}).get("if", False), call.variables)
    include = _filled(asked.directives.get("include", {}).get("if", True), call.variables)
    return include is True and skip is not True


def _filled(value: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(value, Variable):
        return variables.get(value.name)
    if isinstance(value, list):
        return [_filled(one, variables) for one in value]
    if isinstance(value, dict):
        return {name: _filled(one, variables) for name, one in value.items()}
    return value
