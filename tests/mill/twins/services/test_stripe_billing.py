"""The Stripe twin's subscriptions and invoices as the official SDK meets them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mill.twins.services.stripe_sdk import KEY, refused, sdk
from tests.mill.twins.stage import TwinClient, TwinProcess

BASIC = {"items": [{"price": "price_basic", "quantity": 2}]}
SECRET = {"expand": ["latest_invoice.confirmation_secret", "latest_invoice.payments", "pending_setup_intent"]}
MONTH = 28 * 86_400


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("stripe").url, KEY)
    client.forget()
    return client


@pytest.fixture
def client(twin: TwinClient) -> Any:
    return sdk(twin)


@pytest.fixture
def customer(client: Any) -> str:
    return str(client.v1.customers.create({"email": "ada@example.com"}).id)


def test_a_first_payment_is_made_in_the_browser(twin: TwinClient, client: Any, customer: str) -> None:
    made = client.v1.subscriptions.create(
        {"customer": customer, **BASIC, "payment_behavior": "default_incomplete", **SECRET}
    )
    invoice = made.latest_invoice
    assert (made.status, invoice.status, invoice.amount_due) == ("incomplete", "open", 2000)
    assert invoice.parent.subscription_details.subscription == made.id
    assert not hasattr(invoice, "payment_intent")
    [payment] = invoice.payments.data
    intent = payment.payment.payment_intent
    assert invoice.confirmation_secret.client_secret.startswith(f"{intent}_secret_")
    refused(
        lambda: client.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_chargeDeclined"}),
        402,
        "card_declined",
    )
    assert client.v1.subscriptions.retrieve(made.id).status == "incomplete"
    client.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"})
    assert client.v1.subscriptions.retrieve(made.id).status == "active"
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"
    [paid] = client.v1.invoice_payments.list({"invoice": invoice.id}).data
    assert (paid.status, paid.amount_paid, paid.payment.payment_intent) == ("paid", 2000, intent)
    assert len(twin.ledger("subscription.created")) == len(twin.ledger("invoice.paid")) == 1


def test_one_that_is_never_paid_expires(twin: TwinClient, client: Any, customer: str) -> None:
    made = client.v1.subscriptions.create(
        {"customer": customer, **BASIC, "payment_behavior": "default_incomplete"}
    )
    twin.put_settings(clock_ahead_seconds=23 * 3600 + 60)
    assert client.v1.subscriptions.retrieve(made.id).status == "incomplete_expired"
    assert client.v1.invoices.retrieve(made.latest_invoice).status == "void"
    assert client.v1.subscriptions.list({"status": "ended"}).data[0].id == made.id
    assert client.v1.subscriptions.list().data == []


@pytest.mark.parametrize(
    ("card", "behaviour", "status"),
    [
        ("pm_card_visa", "allow_incomplete", "active"),
        ("pm_card_chargeDeclined", "allow_incomplete", "incomplete"),
        ("pm_card_visa", "error_if_incomplete", "active"),
    ],
)
def test_a_card_is_charged_at_once(
    client: Any, customer: str, card: str, behaviour: str, status: str
) -> None:
    made = client.v1.subscriptions.create(
        {"customer": customer, **BASIC, "default_payment_method": card, "payment_behavior": behaviour}
    )
    assert made.status == status
    [payment] = client.v1.invoice_payments.list({"invoice": made.latest_invoice}).data
    assert payment.status == ("paid" if status == "active" else "open")


def test_nothing_is_left_behind_if_that_is_asked_for(twin: TwinClient, client: Any, customer: str) -> None:
    asked = {"customer": customer, **BASIC, "payment_behavior": "error_if_incomplete"}
    refused(
        lambda: client.v1.subscriptions.create({**asked, "default_payment_method": "pm_card_chargeDeclined"}),
        402,
        "card_declined",
    )
    refused(lambda: client.v1.subscriptions.create(asked), 400, "resource_missing")
    assert client.v1.subscriptions.list({"status": "all"}).data == []
    assert twin.ledger("subscription.created") == []


def test_a_trial(client: Any, customer: str) -> None:
    made = client.v1.subscriptions.create({"customer": customer, **BASIC, "trial_period_days": 14, **SECRET})
    assert (made.status, made.latest_invoice.status, made.latest_invoice.total) == ("trialing", "paid", 0)
    assert made.trial_end - made.trial_start == 14 * 86_400
    assert made.pending_setup_intent.client_secret.startswith("seti_")
    ended = client.v1.subscriptions.update(made.id, {"trial_end": "now"})
    assert ended.status == "active"
    both = {"customer": customer, **BASIC, "trial_period_days": 14, "trial_end": 4_000_000_000}
    refused(lambda: client.v1.subscriptions.create(both), 400)
    past = {"customer": customer, **BASIC, "trial_end": 1}
    refused(lambda: client.v1.subscriptions.create(past), 400)


def test_change_and_cancel(twin: TwinClient, client: Any, customer: str) -> None:
    held = client.v1.subscriptions
    made = held.create({"customer": customer, **BASIC, "default_payment_method": "pm_card_visa"})
    [item] = made["items"].data
    assert item.current_period_end - item.current_period_start >= MONTH
    changed = held.update(
        made.id,
        {
            "items": [{"id": item.id, "price": "price_pro"}],
            "metadata": {"a": "1"},
            "cancel_at_period_end": True,
        },
    )
    assert (changed["items"].data[0].price.id, changed["items"].data[0].quantity) == ("price_pro", 2)
    assert (changed.cancel_at, changed.status) == (item.current_period_end, "active")
    assert held.update(made.id, {"cancel_at_period_end": False}).cancel_at is None
    refused(lambda: held.update(made.id, {"items": [{"id": "si_none"}]}), 400, "resource_missing")
    gone = held.cancel(made.id, {"cancellation_details": {"comment": "bye"}})
    assert (gone.status, gone.cancellation_details.comment) == ("canceled", "bye")
    refused(lambda: held.cancel(made.id), 404, "resource_missing")
    refused(lambda: held.update(made.id, {"cancel_at_period_end": True}), 400)
    assert held.update(made.id, {"metadata": {"b": "2"}}).status == "canceled"
    assert held.list({"customer": customer, "status": "canceled"}).data[0].id == made.id
    ends = held.create({"customer": customer, **BASIC, "default_payment_method": "pm_card_visa"})
    held.update(ends.id, {"cancel_at_period_end": True})
    twin.put_settings(clock_ahead_seconds=32 * 86_400)
    assert held.retrieve(ends.id).status == "canceled"


@pytest.mark.parametrize(
    ("changes", "status", "code", "param"),
    [
        ({"customer": "cus_none"}, 400, "resource_missing", "customer"),
        ({"items": []}, 400, "parameter_missing", "items"),
        ({"items": [{"price": "price_none"}]}, 400, "resource_missing", "items[0][price]"),
        ({"items": [{"price": "price_once"}]}, 400, None, "items[0][price]"),
        ({"items": [{"quantity": 1}]}, 400, "parameter_missing", "items[0][price]"),
        ({"items": [{"price": "price_basic"}, {"price": "price_yen"}]}, 400, None, "items"),
        ({"collection_method": "send_invoice"}, 400, None, "days_until_due"),
        ({"payment_behavior": "whatever"}, 400, None, "payment_behavior"),
        ({"plan": "gold"}, 400, "parameter_unknown", "plan"),
    ],
)
def test_what_is_no_subscription(
    twin: TwinClient, client: Any, customer: str, changes: Any, status: int, code: str | None, param: str
) -> None:
    asked = {"customer": customer, **BASIC, **changes}
    assert refused(lambda: client.v1.subscriptions.create(asked), status, code).param == param
    assert twin.ledger("subscription.created") == []


def test_an_invoice_that_is_sent_is_paid_later(client: Any, customer: str) -> None:
    made = client.v1.subscriptions.create(
        {"customer": customer, **BASIC, "collection_method": "send_invoice", "days_until_due": 30}
    )
    assert made.status == "active"
    invoices = client.v1.invoices
    [invoice] = invoices.list({"subscription": made.id, "status": "open"}).data
    assert invoice.due_date - invoice.created == 30 * 86_400
    refused(lambda: invoices.pay(invoice.id), 400, "resource_missing")
    refused(
        lambda: invoices.pay(invoice.id, {"payment_method": "pm_card_chargeDeclined"}), 402, "card_declined"
    )
    assert invoices.retrieve(invoice.id).attempt_count == 1
    assert invoices.pay(invoice.id, {"payment_method": "pm_card_visa"}).status == "paid"
    refused(lambda: invoices.pay(invoice.id), 400)


def test_prices(client: Any) -> None:
    assert client.v1.prices.retrieve("price_basic").recurring.interval == "month"
    assert [one.id for one in client.v1.prices.list({"currency": "jpy"}).data] == ["price_yen"]
    refused(lambda: client.v1.prices.retrieve("price_none"), 404, "resource_missing")
