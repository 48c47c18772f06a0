"""The twin of a customer API of the plain sort: JSON, one customer a request or a batch, idempotency keys."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mill.strict_values import whole_number
from mill.twins.limits import RollingWindow
from mill.twins.message import Refused, Reply, Request
from mill.twins.twin import Route, Setup, Twin

M = TypeVar("M", bound=BaseModel)

_CUSTOMER, _STORED_REPLY = "customer", "stored_reply"
_KEY_LENGTH = 255
_BATCH = 1000


class Settings(BaseModel):
    """How this customer API is. `token` goes in `Authorization: Bearer` or in `X-API-Key`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str | None = None  # None: any token is good, but there must be one
    idempotency_keys: bool = True
    unique_email: bool = True
    rate_limit: Annotated[int, Field(ge=1)] | None = None  # requests a second
    # What some APIs do to what they have acknowledged: lose one customer in so many, cut long values off,
    # write addresses in lower case.
    drop_every: Annotated[int, Field(ge=1)] | None = None
    longest_value: Annotated[int, Field(ge=1)] | None = None
    lower_case_email: bool = False


class Customer(BaseModel):
    """A customer to create. Fields it does not know are kept as they are."""

    model_config = ConfigDict(extra="allow", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]


class Change(BaseModel):
    """What to change of a customer; what is not set stays."""

    model_config = ConfigDict(extra="allow", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=200)] = ""
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)] = ""


class Batch(BaseModel):
    """Many customers in one request."""

    model_config = ConfigDict(extra="forbid", strict=True)

    customers: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=_BATCH)]


def error(status: int, message: str, **more: Any) -> Reply:
    """Return an error in this API's shape."""
    return Reply(status, {"error": _CODES.get(status, "error"), "message": message, **more})


_CODES = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    409: "duplicate",
    415: "unsupported_media_type",
    422: "validation_failed",
    429: "rate_limited",
    503: "unavailable",
}


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _Customers(setup, settings)
    return Twin(
        name="customers",
        settings=settings,
        error=error,
        gate=service.gate,
        routes=[
            Route("POST", "/customers", "create", service.create),
            Route("POST", "/customers/batch", "create_batch", service.create_batch),
            Route("GET", "/customers", "list", service.list),
            Route("GET", "/customers/{id}", "get", service.get),
            Route("PATCH", "/customers/{id}", "update", service.update),
            Route("GET", "/health", "health", service.health),
        ],
    )


class _Customers:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._ledger = setup.ledger
        self._records = setup.records
        self._settings = settings
        self._made = 0
        self._window = RollingWindow(settings.rate_limit, 1) if settings.rate_limit else None

    def gate(self, request: Request) -> Mapping[str, str]:
        """A token, and room in this second, told as draft-ietf-httpapi-ratelimit-headers does."""
        token = request.bearer or request.headers.get("x-api-key")
        right = self._settings.token
        if not token or (right is not None and not hmac.compare_digest(token.encode(), right.encode())):
            refusal = error(401, "Send a valid token as Authorization: Bearer or X-API-Key.")
            refusal.headers = {"WWW-Authenticate": "Bearer"}
            raise Refused(refusal)
        if self._window is None:
            return {}
        admitted = self._window.admit()
        headers = {"RateLimit": f'"second";r={self._window.remaining};t=1'}
        if not admitted:
            refusal = error(429, "Too many requests.")
            refusal.headers = {**headers, "Retry-After": "1"}
            raise Refused(refusal)
        return headers

    def health(self, _request: Request) -> Reply:
        return Reply(200, {"status": "ok"})

    def create(self, request: Request) -> Reply:
        """201; 409 with `existing_id` for a known e-mail; the stored reply for a known idempotency key."""
        return self._once(request, lambda: self._create(request.json()))

    def create_batch(self, request: Request) -> Reply:
        """200 with one result for each customer, in order: what `create` would answer, and its `status`."""

        def answer() -> Reply:
            batch = _validated(Batch, request.json())
            replies = [self._create(customer) for customer in batch.customers]
            return Reply(200, {"results": [{"status": reply.status, **reply.body} for reply in replies]})

        return self._once(request, answer)

    def list(self, request: Request) -> Reply:
        """Return the customers with the e-mail asked for."""
        email = request.query.get("email")
        if email is None or set(request.query) != {"email"}:
            raise Refused(error(400, "Ask for ?email=<address>, and nothing else."))
        found = self._records.find(_CUSTOMER, "email", email.lower())
        return Reply(200, {"data": [self._stored(customer_id) for customer_id in found]})

    def get(self, request: Request) -> Reply:
        """Return one customer by id."""
        return Reply(200, self._stored(self._id(request)))

    def update(self, request: Request) -> Reply:
        """200 with the customer as it is now; 409 where its new e-mail is another customer's."""
        customer_id = self._id(request)
        change = _validated(Change, request.json()).model_dump(exclude_unset=True)
        stored = self._stored(customer_id)
        del stored["id"]
        changed = {**stored, **change}
        others = [other for other in self._known(changed["email"]) if other != customer_id]
        if others:
            raise Refused(_duplicate(others[0]))
        self._records.replace(_CUSTOMER, customer_id, changed, _keys(changed))
        self._ledger.append("updated", changed["email"].lower(), {**change, "id": str(customer_id)})
        return Reply(200, {**changed, "id": str(customer_id)})

    def _create(self, body: Any) -> Reply:
        try:
            customer = Customer.model_validate(body)
        except ValidationError as problem:
            return _invalid(problem)
        known = self._known(customer.email)
        if known:
            return _duplicate(known[0])
        sent = customer.model_dump()
        customer_id = self._records.add(_CUSTOMER, self._as_kept(sent), _keys(sent))
        self._ledger.append("created", customer.email.lower(), {"id": str(customer_id)})
        self._made += 1
        if self._settings.drop_every and self._made % self._settings.drop_every == 0:
            self._records.remove(_CUSTOMER, customer_id)
        return Reply(201, {**sent, "id": str(customer_id)}, {"Location": f"/customers/{customer_id}"})

    def _as_kept(self, sent: dict[str, Any]) -> dict[str, Any]:
        """What this API makes of a customer's values."""
        kept, longest = dict(sent), self._settings.longest_value
        if longest:
            kept |= {name: value[:longest] for name, value in sent.items() if _is_long(name, value, longest)}
        if self._settings.lower_case_email:
            kept["email"] = sent["email"].lower()
        return kept

    def _once(self, request: Request, answer: Callable[[], Reply]) -> Reply:
        """As draft-ietf-httpapi-idempotency-key-header: the same key and payload get the same reply."""
        key = request.headers.get("idempotency-key")
        if key is None or not self._settings.idempotency_keys:
            return answer()
        if not 0 < len(key) <= _KEY_LENGTH:
            raise Refused(error(400, f"Idempotency-Key must have 1 to {_KEY_LENGTH} characters."))
        fingerprint = hashlib.sha256(request.path.encode() + b"\n" + request.body).hexdigest()
        found = self._records.find(_STORED_REPLY, "key", key)
        if found:
            stored = self._records.get(_STORED_REPLY, found[0])
            assert stored is not None
            if stored["fingerprint"] != fingerprint:
                raise Refused(error(422, "This Idempotency-Key was used with another payload."))
            return Reply(stored["status"], stored["body"], stored["headers"])
        reply = answer()
        kept = {
            "fingerprint": fingerprint,
            "status": reply.status,
            "body": reply.body,
            "headers": dict(reply.headers),
        }
        self._records.add(_STORED_REPLY, kept, {"key": key})
        return reply

    def _known(self, email: str) -> Sequence[int]:
        return self._records.find(_CUSTOMER, "email", email.lower()) if self._settings.unique_email else []

    def _id(self, request: Request) -> int:
        text = request.params["id"]
        number = whole_number(text)
        if number is None or self._records.get(_CUSTOMER, number) is None:
            raise Refused(error(404, f"There is no customer {text}."))
        return number

    def _stored(self, id: int) -> dict[str, Any]:
        stored = self._records.get(_CUSTOMER, id)
        assert stored is not None
        return {"id": str(id), **stored}


def _is_long(name: str, value: Any, longest: int) -> bool:
    return name != "email" and isinstance(value, str) and len(value) > longest


def _keys(customer: Mapping[str, Any]) -> dict[str, str]:
    return {"email": customer["email"].lower()}


def _validated(model: type[M], body: Any) -> M:
    try:
        return model.model_validate(body)
    except ValidationError as problem:
        raise Refused(_invalid(problem)) from problem


def _invalid(problem: ValidationError) -> Reply:
    details = [
        {"field": ".".join(str(step) for step in one["loc"]), "message": one["msg"]}
        for one in problem.errors(include_url=False, include_input=False)
    ]
    return error(422, "The customer is not valid.", details=details)


def _duplicate(id: int) -> Reply:
    return error(409, "A customer with this e-mail exists already.", existing_id=str(id))
