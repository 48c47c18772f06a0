"""For the same operation our requests are those of Stripe's own library: captured on loopback, compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from stripe import StripeClient

from f.payments import (
    cancel_payment,
    cancel_subscription,
    capture_payment,
    confirm_payment,
    create_customer,
    create_payment_intent,
    create_refund,
    create_subscription,
    find_customer,
    list_customers,
    list_invoice_payments,
    list_payments,
    update_customer,
    update_subscription,
)
from tests.loopback import Asked, Loopback, Reply, serve

MARK = "the-same-mark"
TOKEN = "sk_test_1"
HEADERS = ("authorization", "stripe-version", "idempotency-key", "content-type")
KINDS = {
    "customers": "customer", "payment_intents": "payment_intent", "subscriptions": "subscription",
    "refunds": "refund", "invoices": "invoice",
}  # fmt: skip
MADE: dict[str, Any] = {
    "id": "pi_1", "currency": "eur", "status": "succeeded", "payment_intent": "pi_1", "customer": "cus_1",
    "items": {"data": [{"id": "si_1"}]},
}  # fmt: skip


def answer(asked: Asked) -> Reply:
    """An object, or an empty list, by the path."""
    parts = urlsplit(asked.path).path.split("/")[2:]
    if len(parts) == 1 and asked.method == "GET":
        return Reply(200, {"object": "list", "data": [], "has_more": False, "url": asked.path})
    if parts[-1] == "search":
        return Reply(200, {"object": "search_result", "data": [], "has_more": False, "url": asked.path})
    return Reply(200, {**MADE, "object": KINDS[parts[0]]})


def said(asked: Asked) -> dict[str, Any]:
    """A request without what says who sent it."""
    headers = {name.lower(): value for name, value in asked.headers.items()}
    parts = urlsplit(asked.path)
    form = parse_qsl(asked.body.decode(), keep_blank_values=True)
    headers["idempotency-key"] = _bare(headers.get("idempotency-key"))
    return {
        "method": asked.method,
        "path": parts.path,
        "query": sorted(parse_qsl(parts.query, keep_blank_values=True)),
        "form": sorted((name, _bare(value)) for name, value in form),
        **{name: headers.get(name) for name in HEADERS},
    }


def _bare(text: str | None) -> Any:
    """A mark without the hash of the inputs behind it."""
    return MARK if text and text.startswith(MARK) else text


METADATA = {"a": "b", "millwright_mark": MARK}
CREATED = {"gte": 1767225600, "lt": 1769904000}
SPAN: Any = {"created_from": "2026-01-01", "created_until": "2026-02-01"}
KEY: Any = {"idempotency_key": MARK}
EXPAND = ["latest_invoice.confirmation_secret", "pending_setup_intent"]

# What their library is asked, and what one of our scripts is.
SAME: dict[str, tuple[Callable[[Any], object], Callable[[Any], object]]] = {
    "create customer": (
        lambda v1: v1.customers.create(
            {
                "name": "Ädä", "email": "ada@example.com", "phone": "+491", "description": "a & b",
                "address": {"city": "Bonn", "country": "DE"}, "metadata": METADATA,
            }, KEY,
        ),
        lambda ours: create_customer.main(
            ours, "Ädä", "ada@example.com", "", "+491", "a & b", city="Bonn", country="de",
            metadata={"a": "b"},
        ),
    ),
    "update customer": (
        lambda v1: v1.customers.update("cus_1", {"name": "Ada", "phone": "", "metadata": {"a": ""}}, KEY),
        lambda ours: update_customer.main("cus_1", ours, "Ada", clear=["phone"], metadata={"a": None}),
    ),
    "retrieve customer": (
        lambda v1: v1.customers.retrieve("cus_1"),
        lambda ours: find_customer.main(ours, customer="cus_1"),
    ),
    "find by e-mail": (
        lambda v1: v1.customers.list({"email": "ada@example.com", "limit": 100}),
        lambda ours: find_customer.main(ours, email="ada@example.com"),
    ),
    "search": (
        lambda v1: v1.customers.search({"query": "metadata['external_id']:'o\\'hara'", "limit": 100}),
        lambda ours: find_customer.main(ours, external_id="o'hara"),
    ),
    "list customers": (
        lambda v1: v1.customers.list({"created": CREATED, "limit": 5, "starting_after": "cus_1"}),
        lambda ours: list_customers.main(ours, limit=5, starting_after="cus_1", **SPAN),
    ),
    "create payment": (
        lambda v1: v1.payment_intents.create(
            {
                "amount": 1099, "currency": "eur", "customer": "cus_1", "description": "x",
                "receipt_email": "ada@example.com", "capture_method": "manual",
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
                "metadata": METADATA,
            }, KEY,
        ),
        lambda ours: create_payment_intent.main(
            "10.99", "EUR", "order-1", ours, "cus_1", "x", "ada@example.com", "later", "never", {"a": "b"}
        ),
    ),
    "confirm payment": (
        lambda v1: v1.payment_intents.confirm(
            "pi_1",
            {"payment_method": "pm_1", "return_url": "https://a.example/?b=c", "off_session": True},
            KEY,
        ),
        lambda ours: confirm_payment.main("pi_1", ours, "pm_1", "https://a.example/?b=c", off_session=True),
    ),
    "capture payment": (
        lambda v1: (
            v1.payment_intents.retrieve("pi_1"),
            v1.payment_intents.capture("pi_1", {"amount_to_capture": 500}, KEY),
        ),
        lambda ours: capture_payment.main("pi_1", ours, "5"),
    ),
    "cancel payment": (
        lambda v1: v1.payment_intents.cancel("pi_1", {"cancellation_reason": "abandoned"}, KEY),
        lambda ours: cancel_payment.main("pi_1", ours, "abandoned"),
    ),
    "list payments": (
        lambda v1: v1.payment_intents.list({"customer": "cus_1", "created": CREATED, "limit": 100}),
        lambda ours: list_payments.main(ours, "cus_1", **SPAN),
    ),
    "create subscription": (
        lambda v1: v1.subscriptions.create(
            {
                "customer": "cus_1", "items": [{"price": "price_1", "quantity": 2}], "trial_period_days": 14,
                "payment_behavior": "default_incomplete", "default_payment_method": "pm_1",
                "payment_settings": {"save_default_payment_method": "on_subscription"},
                "metadata": METADATA, "expand": EXPAND,
            }, KEY,
        ),
        lambda ours: create_subscription.main(
            "cus_1", "price_1", "k", ours, 2, 14, payment_method="pm_1", metadata={"a": "b"}
        ),
    ),
    "update subscription": (
        lambda v1: (
            v1.subscriptions.retrieve("sub_1"),
            v1.subscriptions.update(
                "sub_1",
                {
                    "items": [{"id": "si_1", "price": "price_2", "quantity": 3}], "metadata": {"a": "b"},
                    "cancel_at_period_end": False, "proration_behavior": "none", "expand": EXPAND,
                }, KEY,
            ),
        ),
        lambda ours: update_subscription.main("sub_1", ours, "price_2", 3, "none", "go_on", {"a": "b"}),
    ),
    "cancel at period end": (
        lambda v1: (
            v1.subscriptions.retrieve("sub_1", {"expand": EXPAND}),
            v1.subscriptions.update("sub_1", {"cancel_at_period_end": True, "expand": EXPAND}, KEY),
        ),
        lambda ours: cancel_subscription.main("sub_1", ours),
    ),
    "cancel now": (
        lambda v1: (v1.subscriptions.retrieve("sub_1", {"expand": EXPAND}), v1.subscriptions.cancel("sub_1")),
        lambda ours: cancel_subscription.main("sub_1", ours, "now"),
    ),
    "refund": (
        lambda v1: (
            v1.payment_intents.retrieve("pi_1"),
            v1.refunds.create(
                {"payment_intent": "pi_1", "amount": 500, "reason": "duplicate", "metadata": METADATA}, KEY
            ),
        ),
        lambda ours: create_refund.main("pi_1", ours, "5", "duplicate", {"a": "b"}),
    ),
    "invoice payments": (
        lambda v1: (
            v1.invoices.retrieve("in_1"),
            v1.invoice_payments.list({"invoice": "in_1", "limit": 100}),
        ),
        lambda ours: list_invoice_payments.main("in_1", ours),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_what_we_send_is_what_the_sdk_sends(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f.store.once.secrets.token_hex", lambda _size: MARK)
    theirs, ours = SAME[name]

    def by_them(server: Loopback) -> None:
        sdk = StripeClient(TOKEN, base_addresses={"api": server.url}, max_network_retries=0)
        theirs(sdk.v1)

    def by_us(server: Loopback) -> None:
        ours({"token": TOKEN, "base_url": server.url})

    seen = []
    for call in (by_them, by_us):
        with serve(answer) as server:
            call(server)
        seen.append([said(asked) for asked in server.asked])
    assert seen[1] == [_without_needless(asked) for asked in seen[0]]


def _without_needless(asked: dict[str, Any]) -> dict[str, Any]:
    """Leave out what their library sends though it says nothing.

    It makes up a key for a DELETE, where Stripe ignores it, and names a type for a body that is not there.
    """
    if asked["method"] == "DELETE":
        asked["idempotency-key"] = None
    if not asked["form"]:
        asked["content-type"] = None
    return asked
