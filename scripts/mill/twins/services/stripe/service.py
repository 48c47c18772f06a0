"""Stripe's endpoints: who may call, which version speaks, and which method a path is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mill.twins.limits import RollingWindow
from mill.twins.message import FORM, Refused, Reply, Request
from mill.twins.services.stripe import (
    cards,
    customers,
    errors,
    form,
    invoices,
    payment_intents,
    prices,
    refunds,
    subscriptions,
)
from mill.twins.services.stripe.errors import InvalidParams, StripeError
from mill.twins.services.stripe.history import events, samples
from mill.twins.services.stripe.keys import Keys
from mill.twins.services.stripe.objects import Body, Objects
from mill.twins.services.stripe.params import Params
from mill.twins.services.stripe.prices import Price
from mill.twins.twin import Answer, Route, Setup, Twin

VERSION = "2026-10-28.endive"


Method = Callable[[str, Body], Body]  # the id in the path, and the checked parameters


class Settings(BaseModel):
    """How this account is. `rate_limit`: requests a second; a sandbox of Stripe takes 25."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wrong_keys: frozenset[str] = frozenset({"sk_test_wrong"})
    expired_keys: frozenset[str] = frozenset({"sk_test_expired"})
    # What a restricted key (rk_test_...) may do, such as "customers:write".
    permissions: frozenset[str] = frozenset()
    prices: Mapping[str, Price] = {
        "price_basic": Price(unit_amount=1000),
        "price_pro": Price(unit_amount=9900, interval="year"),
        "price_once": Price(unit_amount=500, interval=None),
        "price_yen": Price(unit_amount=1000, currency="jpy"),
    }
    versions: frozenset[str] = frozenset({VERSION, "2026-09-30.endive"})  # whose shapes this twin speaks
    rate_limit: Annotated[int, Field(ge=1)] | None = None
    search_lag_seconds: Annotated[float, Field(ge=0)] = 2
    clock_ahead_seconds: Annotated[float, Field(ge=0)] = 0  # lets a day pass


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _Stripe(setup, settings)
    return Twin(
        name="stripe",
        settings=settings,
        error=errors.error,
        gate=service.gate,
        routes=service.routes(),
        faults={
            "error_500": lambda _request: errors.error(500, "An unknown error occurred."),
            "key_in_use": lambda _request: errors.key_in_use(),
            "lock_timeout": lambda _request: errors.lock_timeout(),
            "stored_500": service.store_500,
            "throttle_429": lambda _request: errors.too_many("global-rate"),
        },
    )


@dataclass(frozen=True, slots=True)
class Account:
    """All there is in the account."""

    objects: Objects
    customers: customers.Customers
    intents: payment_intents.PaymentIntents
    refunds: refunds.Refunds
    prices: prices.Prices
    invoices: invoices.Invoices
    subscriptions: subscriptions.Subscriptions
    events: events.Events


def open_account(setup: Setup, settings: Settings, clock: Callable[[], float]) -> Account:
    """Return the account that keeps its objects in the twin's store."""
    ledger, objects = setup.ledger, Objects(setup.records, clock)
    objects.samples = samples.sample_objects()
    people = customers.Customers(objects, ledger, settings.search_lag_seconds)
    intents = payment_intents.PaymentIntents(objects, ledger, people)
    priced = prices.Prices(objects, settings.prices)
    bills = invoices.Invoices(objects, ledger, intents)
    held = subscriptions.Subscriptions(objects, ledger, people, priced, bills)
    history = events.Events(objects, VERSION)
    given_back = refunds.Refunds(objects, ledger)
    return Account(objects, people, intents, given_back, priced, bills, held, history)


class _Stripe:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._settings = settings
        self._window = RollingWindow(settings.rate_limit, 1) if settings.rate_limit else None
        ahead = settings.clock_ahead_seconds

        def clock() -> float:
            return setup.clock() + ahead

        self._keys = Keys(setup.records, clock)
        self._account = open_account(setup, settings, clock)
        self._break_next = False

    def gate(self, request: Request) -> Mapping[str, str]:
        """A key, a version, room in this second, and an idempotency key that nobody else is using."""
        self._check_key(request)
        version = request.headers.get("stripe-version", VERSION)
        if version not in self._settings.versions:
            raise Refused(errors.error(400, f"Invalid Stripe API version: {version[:100]}"))
        if self._window is not None and not self._window.admit():
            raise Refused(errors.too_many("global-rate"))
        self._keys.admit(request)
        return {"Request-Id": errors.request_id(), "Stripe-Version": version}

    def store_500(self, _request: Request) -> None:
        """The fault of a reply that is lost inside Stripe: applied, answered 500, and so for a day."""
        self._break_next = True

    def routes(self) -> list[Route]:
        """Return every method there is."""
        return [
            *self._customer_routes(),
            *self._intent_routes(),
            *self._refund_routes(),
            *self._billing_routes(),
            *self._event_routes(),
            Route("GET", "/v1/balance", "get_balance", _worded(self._balance)),
        ]

    def _customer_routes(self) -> list[Route]:
        people, all_, one = self._account.customers, "/v1/customers", "/v1/customers/{id}"
        return [
            self._post(all_, "create_customer", customers.CREATE, _on_all(people.create)),
            self._get(all_, "list_customers", customers.LIST, _on_all(people.list)),
            self._get(f"{all_}/search", "search_customers", customers.SEARCH, _on_all(people.search)),
            self._get(one, "get_customer", customers.RETRIEVE, _on_one(people.retrieve)),
            self._post(one, "update_customer", customers.UPDATE, people.update),
            self._delete(one, "delete_customer", customers.DELETE, _on_one(people.delete)),
        ]

    def _intent_routes(self) -> list[Route]:
        intents, all_, one = self._account.intents, "/v1/payment_intents", "/v1/payment_intents/{id}"
        rules = payment_intents
        methods = "/v1/payment_methods"
        return [
            self._post(all_, "create_intent", rules.CREATE, _on_all(intents.create)),
            self._get(all_, "list_intents", rules.LIST, _on_all(intents.list)),
            self._get(one, "get_intent", rules.RETRIEVE, _on_one(intents.retrieve)),
            self._post(one, "update_intent", rules.UPDATE, intents.update),
            self._post(f"{one}/confirm", "confirm_intent", rules.CONFIRM, intents.confirm),
            self._post(f"{one}/capture", "capture_intent", rules.CAPTURE, intents.capture),
            self._post(f"{one}/cancel", "cancel_intent", rules.CANCEL, intents.cancel),
            self._post(methods, "create_method", cards.CREATE, _on_all(self._create_method)),
            self._post(f"{methods}/{{id}}/attach", "attach_method", cards.ATTACH, self._attach),
        ]

    def _refund_routes(self) -> list[Route]:
        given_back = self._account.refunds
        return [
            self._post("/v1/refunds", "create_refund", refunds.CREATE, _on_all(given_back.create)),
            self._get("/v1/refunds", "list_refunds", refunds.LIST, _on_all(given_back.list)),
            self._get("/v1/refunds/{id}", "get_refund", refunds.RETRIEVE, _on_one(given_back.retrieve)),
        ]

    def _billing_routes(self) -> list[Route]:
        held, all_, one = self._account.subscriptions, "/v1/subscriptions", "/v1/subscriptions/{id}"
        bills, rules, priced = self._account.invoices, subscriptions, self._account.prices
        invoice, paid_by = "/v1/invoices/{id}", "/v1/invoice_payments"
        return [
            self._post(all_, "create_subscription", rules.CREATE, _on_all(held.create)),
            self._get(all_, "list_subscriptions", rules.LIST, _on_all(held.list)),
            self._get(one, "get_subscription", rules.RETRIEVE, _on_one(held.retrieve)),
            self._post(one, "update_subscription", rules.UPDATE, held.update),
            self._delete(one, "cancel_subscription", rules.CANCEL, held.cancel),
            self._get("/v1/invoices", "list_invoices", invoices.LIST, _on_all(bills.list)),
            self._get(invoice, "get_invoice", invoices.RETRIEVE, _on_one(bills.retrieve)),
            self._post(f"{invoice}/pay", "pay_invoice", invoices.PAY, bills.pay),
            self._get(paid_by, "list_payments", invoices.LIST_PAYMENTS, _on_all(bills.list_payments)),
            self._get(f"{paid_by}/{{id}}", "get_payment", invoices.RETRIEVE, _on_one(bills.retrieve_payment)),
            self._get("/v1/prices", "list_prices", prices.LIST, _on_all(priced.list)),
            self._get("/v1/prices/{id}", "get_price", prices.RETRIEVE, _on_one(priced.retrieve)),
        ]

    def _event_routes(self) -> list[Route]:
        history = self._account.events
        return [
            self._get("/v1/events", "list_events", events.LIST, _on_all(history.list)),
            self._get("/v1/events/{id}", "get_event", events.RETRIEVE, _on_one(history.retrieve)),
        ]

    def _balance(self, _request: Request) -> Reply:
        """Nothing is owed to an account of nobody."""
        nothing = [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}]
        balance = {"object": "balance", "available": nothing, "livemode": False, "pending": nothing}
        return Reply(200, balance, {"Request-Id": errors.request_id()})

    def _create_method(self, given: Body) -> Body:
        return cards.create(self._account.objects, given)

    def _attach(self, id: str, given: Body) -> Body:
        self._account.customers.named(given["customer"])
        return cards.attach(self._account.objects, id, given["customer"])

    def _post(self, path: str, operation: str, params: Params, method: Method) -> Route:
        def answer(request: Request) -> Reply:
            breaks, self._break_next = self._break_next, False
            given = _form_of(request)

            def run() -> Reply:
                reply = self._answer(method, request, params.read(given))
                return errors.error(500, "An unknown error occurred.") if breaks else reply

            return self._keys.once(request, given, run)

        return Route("POST", path, operation, _worded(answer))

    def _get(self, path: str, operation: str, params: Params, method: Method) -> Route:
        def answer(request: Request) -> Reply:
            return self._answer(method, request, params.read(form.read(request.query_string)))

        return Route("GET", path, operation, _worded(answer))

    def _delete(self, path: str, operation: str, params: Params, method: Method) -> Route:
        def answer(request: Request) -> Reply:
            given = {**form.read(request.query_string), **_form_of(request)}
            return self._answer(method, request, params.read(given))

        return Route("DELETE", path, operation, _worded(answer))

    def _answer(self, method: Method, request: Request, given: Body) -> Reply:
        expand = given.pop("expand", [])
        try:
            body = method(request.params.get("id", ""), given)
        except InvalidParams:
            raise
        except StripeError as problem:
            return problem.reply()
        return Reply(200, self._account.objects.shown(body, expand), {"Request-Id": errors.request_id()})

    def _check_key(self, request: Request) -> None:
        key = request.bearer or _basic_user(request)
        if not key:
            message = (
                "You did not provide an API key. You need to provide it in the Authorization header, using "
                "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            )
            raise Refused(_unauthorized(message))
        masked = f"{key[:8]}{'*' * (len(key) - 8)}"
        if key in self._settings.expired_keys:
            raise Refused(_unauthorized(f"Expired API Key provided: {masked}", code="api_key_expired"))
        if key.startswith("pk_test_"):
            message = "This API call cannot be made with a publishable API key. Please use a secret API key."
            raise Refused(_unauthorized(message, code="secret_key_required"))
        if key in self._settings.wrong_keys or not key.startswith(("sk_test_", "rk_test_")):
            raise Refused(_unauthorized(f"Invalid API Key provided: {masked}"))
        needed = f"{request.path.split('/')[2]}:{'read' if request.method == 'GET' else 'write'}"
        if key.startswith("rk_") and needed not in self._settings.permissions:
            message = (
                f"The provided key '{masked}' does not have the required permissions for this endpoint. "
                f"Having the '{needed}' permission would allow this request to continue."
            )
            raise Refused(errors.error(403, message))


def _on_all(method: Callable[[Body], Body]) -> Method:
    """A method on no object in particular."""
    return lambda _id, given: method(given)


def _on_one(method: Callable[[str], Body]) -> Method:
    """A method on one object, without parameters."""
    return lambda one, _given: method(one)


def _worded(answer: Answer) -> Answer:
    """Refuse wrong parameters in Stripe's words; nothing of the request is then applied, and nothing kept."""

    def worded(request: Request) -> Reply:
        try:
            return answer(request)
        except InvalidParams as problem:
            raise Refused(problem.reply()) from problem

    return worded


def _unauthorized(message: str, **more: Any) -> Reply:
    reply = errors.error(401, message, **more)
    return errors.with_headers(reply, {"WWW-Authenticate": 'Basic realm="Stripe"'})


def _basic_user(request: Request) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _form_of(request: Request) -> Body:
    """Return the parameters in the body of a request; those of a query are Stripe's too, but no client's."""
    if not request.body:
        return {}
    if request.content_type != FORM:
        message = f"Invalid request (check that your POST content type is {FORM})."
        raise InvalidParams(message)
    try:
        return form.read(request.body.decode("ascii"))
    except UnicodeDecodeError as problem:
        raise InvalidParams("Invalid request (the form is not encoded).") from problem
