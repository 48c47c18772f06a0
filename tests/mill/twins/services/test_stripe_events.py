"""The Stripe twin's history as the official SDK meets it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.mill.twins.services.stripe_sdk import KEY, refused, sdk
from tests.mill.twins.stage import TwinClient, TwinProcess

DAY = 86_400
PAID = ["invoice_payment.paid", "invoice.paid", "invoice.payment_succeeded"]


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("stripe").url, KEY)
    client.forget()
    return client


@pytest.fixture
def client(twin: TwinClient) -> Any:
    return sdk(twin)


def pay(client: Any, card: str = "pm_card_visa") -> Any:
    about = {"amount": 1099, "currency": "eur", "confirm": True, "payment_method": card}
    redirects = {"enabled": True, "allow_redirects": "never"}
    return client.v1.payment_intents.create({**about, "automatic_payment_methods": redirects})


def types(client: Any, **asked: Any) -> list[str]:
    """What happened, oldest first."""
    return [event.type for event in client.v1.events.list(asked).auto_paging_iter()][::-1]


def test_each_change_of_a_payment_is_an_event_with_the_object_after_it(client: Any) -> None:
    made = pay(client)
    refused(lambda: pay(client, "pm_card_chargeDeclined"), 402, "card_declined")
    assert types(client) == [
        *("payment_intent.created", "charge.succeeded", "payment_intent.succeeded"),
        *("payment_intent.created", "charge.failed", "payment_intent.payment_failed"),
    ]
    [event] = client.v1.events.list({"type": "payment_intent.succeeded"}).data
    assert (event.data.object.id, event.data.object.status, event.livemode) == (made.id, "succeeded", False)
    assert client.v1.events.retrieve(event.id).to_dict() == event.to_dict()
    shown = json.loads(json.dumps(client.v1.events.retrieve(event.id).to_dict()))
    assert not [name for name in shown["data"]["object"] if name.startswith("_")]


def test_a_subscription_begins_is_paid_and_ends(client: Any) -> None:
    method = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    customer = client.v1.customers.create({"email": "ada@example.com", "payment_method": method.id})
    client.v1.payment_methods.attach(method.id, {"customer": customer.id})
    made = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": "price_basic"}], "default_payment_method": method.id}
    )
    client.v1.subscriptions.cancel(made.id)
    billed = types(client, types=["customer.subscription.*", "invoice*"])
    assert billed == [
        *("invoice.created", "customer.subscription.created", *PAID),
        *("customer.subscription.updated", "customer.subscription.deleted"),
    ]
    [event] = client.v1.events.list({"type": "invoice_payment.paid"}).data
    payment = client.v1.invoice_payments.retrieve(event.data.object.id)
    assert (payment.status, payment.invoice) == ("paid", made.latest_invoice)


def test_the_list_is_walked_by_time_type_and_page(client: Any) -> None:
    for _one in range(3):
        pay(client)
    first = client.v1.events.list({"types": ["payment_intent.succeeded"], "limit": 2})
    assert (len(first.data), first.has_more) == (2, True)
    rest = client.v1.events.list(
        {"types": ["payment_intent.succeeded"], "starting_after": first.data[-1].id, "limit": 2}
    )
    assert (len(rest.data), rest.has_more) == (1, False)
    newest = first.data[0].created
    assert len(client.v1.events.list({"created": {"gte": newest + 1}}).data) == 0
    assert types(client, created={"gte": newest - DAY}, types=["charge.*"]) == ["charge.succeeded"] * 3
    refused(lambda: client.v1.events.list({"type": "a", "types": ["b"]}), 400)
    refused(lambda: client.v1.events.retrieve("evt_none"), 404, "resource_missing")


def test_events_are_gone_after_thirty_days(twin: TwinClient, client: Any) -> None:
    pay(client)
    [event] = client.v1.events.list({"type": "payment_intent.succeeded"}).data
    twin.put_settings(clock_ahead_seconds=30 * DAY - 60)
    assert client.v1.events.retrieve(event.id).id == event.id
    twin.put_settings(clock_ahead_seconds=30 * DAY + 60)
    assert types(client) == []
    refused(lambda: client.v1.events.retrieve(event.id), 404, "resource_missing")


def test_the_objects_of_the_sample_events_are_found_and_not_listed(client: Any) -> None:
    assert client.v1.payment_intents.retrieve("pi_sample_paid").status == "succeeded"
    assert client.v1.subscriptions.retrieve("sub_sample_ended").status == "canceled"
    assert client.v1.invoices.retrieve("in_sample").status == "paid"
    for listed in (client.v1.payment_intents, client.v1.subscriptions, client.v1.invoices):
        assert listed.list({"limit": 100}).data == []
    client.v1.payment_intents.update("pi_sample_failed", {"description": "Order 1002"})
    assert client.v1.payment_intents.retrieve("pi_sample_failed").description == "Order 1002"
    refused(lambda: client.v1.invoices.retrieve("pi_sample_paid"), 404, "resource_missing")
