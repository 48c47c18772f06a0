"""What is believed of an event: the same of every shape that Stripe has had, and nothing of what is none."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from stripe import StripeClient, Webhook

from f.connect.errors import FixSettings, GiveUpRecord
from f.webhooks.handlers.stripe_change import HANDLED, check_mode, read_change

DATA = Path(__file__).parents[4] / "flows/data/webhooks"
SECRET = "whsec_test"
LIST = {"object": "list", "has_more": False}


def snapshot(type_: str, version: str, found: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    about = {"id": "evt_1", "object": "event", "api_version": version, "created": 1_600_000_000}
    rest = {"livemode": False, "pending_webhooks": 1, "request": {"id": None, "idempotency_key": None}}
    return {**about, "type": type_, "data": {"object": dict(found)}, **rest, **more}


def thin(type_: str, kind: str, number: str, **more: Any) -> dict[str, Any]:
    about = {"id": "evt_1", "object": "v2.core.event", "created": "2026-11-26T12:00:00.000Z"}
    related = {"id": number, "type": kind, "url": f"/v1/{kind}s/{number}"}
    return {**about, "type": type_, "livemode": False, "related_object": related, **more}


CHARGE = {"id": "ch_1", "object": "charge", "paid": True, "failure_code": None}
PAYMENT = {"id": "pi_1", "object": "payment_intent", "amount": 1099, "currency": "eur", "status": "succeeded"}
SUBSCRIPTION = {"id": "sub_1", "object": "subscription", "status": "active"}
INVOICE = {"id": "in_1", "object": "invoice", "total": 1000, "currency": "eur", "status": "paid"}
ITEM = {"id": "si_1", "object": "subscription_item"}
OF_SUBSCRIPTION = {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}}
INVOICE_PAYMENT = {"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1"}
# What Stripe's changelog says the objects were like; the newest has what the SDK in use has.
SHAPES = {
    "payment of 2020, with its charges": (
        snapshot(
            "payment_intent.succeeded",
            "2020-08-27",
            {**PAYMENT, "charges": {**LIST, "data": [CHARGE], "total_count": 1}},
        ),
        "pi_1",
    ),
    "payment of 2022, without charges": (
        snapshot("payment_intent.succeeded", "2022-11-15", {**PAYMENT, "latest_charge": "ch_1"}),
        "pi_1",
    ),
    "payment of today": (
        snapshot("payment_intent.payment_failed", "2026-10-28.endive", {**PAYMENT, "latest_charge": "ch_1"}),
        "pi_1",
    ),
    "thin payment": (thin("v1.payment_intent.succeeded", "payment_intent", "pi_1"), "pi_1"),
    "subscription of 2020, with its period": (
        snapshot(
            "customer.subscription.created",
            "2020-08-27",
            {**SUBSCRIPTION, "current_period_end": 1_602_000_000, "items": {**LIST, "data": [ITEM]}},
        ),
        "sub_1",
    ),
    "subscription since basil": (
        snapshot(
            "customer.subscription.deleted",
            "2025-03-31.basil",
            {**SUBSCRIPTION, "items": {**LIST, "data": [{**ITEM, "current_period_end": 1_602_000_000}]}},
        ),
        "sub_1",
    ),
    "thin subscription": (thin("v1.customer.subscription.deleted", "subscription", "sub_1"), "sub_1"),
    "invoice of 2020": (
        snapshot(
            "invoice.payment_succeeded",
            "2020-08-27",
            {**INVOICE, "paid": True, "charge": "ch_1", "subscription": "sub_1", "payment_intent": "pi_1"},
        ),
        "in_1",
    ),
    "invoice since basil": (
        snapshot("invoice.paid", "2025-03-31.basil", {**INVOICE, "parent": OF_SUBSCRIPTION}),
        "in_1",
    ),
    "invoice payment since basil": (
        snapshot("invoice_payment.paid", "2025-03-31.basil", INVOICE_PAYMENT),
        "inpay_1",
    ),
    "thin invoice": (thin("v1.invoice.paid", "invoice", "in_1"), "in_1"),
    "thin invoice payment": (thin("v1.invoice_payment.paid", "invoice_payment", "inpay_1"), "inpay_1"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_names_its_object(shape: str) -> None:
    event, number = SHAPES[shape]
    change = read_change(event)
    assert (change.object_id, change.kind) == (number, HANDLED[change.type])
    assert (change.livemode, change.account, dict(change.headers)) == (False, "", {})
    handed = {"kind": "stripe", "body": event, "escaped": []}
    assert read_change(handed) == change


def samples() -> dict[str, dict[str, Any]]:
    files = {path.name: json.loads(path.read_text()) for path in DATA.glob("stripe.*.json")}
    assert files
    return {**files, **{name: event for name, (event, _number) in SHAPES.items()}}


@pytest.mark.parametrize("name", samples())
def test_the_official_sdk_reads_the_same_of_our_samples(name: str) -> None:
    event = samples()[name]
    payload, now = json.dumps(event), int(time.time())
    mac = hmac.new(SECRET.encode(), f"{now}.{payload}".encode(), hashlib.sha256).hexdigest()
    header, change = f"t={now},v1={mac}", read_change(event)
    if event["object"] == "event":
        read = Webhook.construct_event(payload, header, SECRET)
        told = read.data.object
        assert (read.type, read.id, read.livemode) == (change.type, change.event_id, change.livemode)
        assert (told["id"], told["object"]) == (change.object_id, change.kind)
    else:
        note: Any = StripeClient("sk_test_x").parse_event_notification(payload, header, SECRET)
        assert type(note).__name__.startswith("V1"), "the SDK knows the type"
        assert (note.type, note.id, note.livemode) == (f"v1.{change.type}", change.event_id, change.livemode)
        assert (note.related_object.id, note.related_object.type) == (change.object_id, change.kind)


PAID = SHAPES["payment of today"][0]
THIN = SHAPES["thin payment"][0]


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        None,
        {"body": None},
        {"body": "text", "escaped": []},
        {"body": {"object": "event"}, "escaped": ["/nowhere/0", 7]},
        {"body": {"object": "event"}, "escaped": None},
        {"body": {"object": "charge"}, "escaped": []},
        {**PAID, "object": "event.v3"},
        {**PAID, "type": None},
        {**PAID, "livemode": "false"},
        {**PAID, "id": "evt 1"},
        {**PAID, "data": None},
        {**PAID, "data": {"object": "pi_1"}},
        {**PAID, "data": {"object": {**PAYMENT, "id": "ch_1"}}},
        {**PAID, "data": {"object": {**PAYMENT, "id": "pi_1/../../customers"}}},
        {**PAID, "data": {"object": {**PAYMENT, "object": "charge"}}},
        {**PAID, "account": "acct_1\r\nX: y"},
        {**PAID, "account": 1},
        {**THIN, "related_object": None},
        {**THIN, "related_object": {"id": "pi_1", "type": "charge", "url": "/v1/charges/pi_1"}},
        {**THIN, "context": "acct_1//x"},
    ],
)
def test_what_is_no_event_is_given_up_and_not_guessed(event: Any) -> None:
    with pytest.raises(GiveUpRecord) as caught:
        read_change(event)
    assert caught.value.code == "bad_event"


def test_the_address_in_a_thin_event_leads_nowhere() -> None:
    elsewhere = {**THIN["related_object"], "url": "https://elsewhere.example/v1/payment_intents/pi_1"}
    assert read_change({**THIN, "related_object": elsewhere}) == read_change(THIN)


def test_a_prefix_is_part_of_the_type_of_a_snapshot() -> None:
    assert read_change({**PAID, "type": "v1.payment_intent.succeeded"}).kind is None


def test_a_connected_account_is_named_as_the_event_names_it() -> None:
    connected, context = (
        read_change({**PAID, "account": "acct_1"}),
        read_change({**THIN, "context": "org_1/acct_1"}),
    )
    assert (connected.account, connected.headers) == ("acct_1", {"Stripe-Account": "acct_1"})
    assert (context.account, context.headers) == ("acct_1", {"Stripe-Context": "org_1/acct_1"})


def test_an_event_of_another_service_names_the_routing() -> None:
    with pytest.raises(FixSettings, match="of kind 'github'") as caught:
        read_change({"kind": "github", "body": {"object": "event"}, "escaped": []})
    assert caught.value.code == "wrong_source"


@pytest.mark.parametrize(
    ("token", "live", "test"),
    [
        ("sk_test_1", True, False),
        ("rk_test_1", True, False),
        ("sk_live_1", False, True),
        ("rk_live_1", False, True),
        ("sk_org_1", False, False),
    ],
)
def test_a_key_of_the_other_mode_is_refused(token: str, *, live: bool, test: bool) -> None:
    for livemode, refused in ((True, live), (False, test)):
        change = read_change({**PAID, "livemode": livemode})
        if not refused:
            check_mode(change, {"token": token})
            continue
        with pytest.raises(FixSettings):
            check_mode(change, {"token": token})


def test_whatever_is_put_into_an_event_it_is_read_or_refused_in_our_words() -> None:
    chance = random.Random(7)
    junk: list[Any] = [None, 0, True, "", "x", "pi_é", [], {}, {"id": []}, ["a"], "\r\n", "v1.", "evt_1"]
    read = 0
    for _round in range(3000):
        event = json.loads(json.dumps(chance.choice([one for one, _number in SHAPES.values()])))
        for _change in range(chance.randint(1, 2)):
            place = event if chance.random() < 0.7 else event.get("data", {}) or {}
            if isinstance(place, dict) and place:
                place[chance.choice(list(place))] = chance.choice(junk)
        handed = {"kind": "stripe", "body": event, "escaped": chance.choice([[], ["/id"], ["/data/x"]])}
        try:
            read_change(chance.choice([event, handed]))
            read += 1
        except (GiveUpRecord, FixSettings):
            continue
    assert 0 < read < 3000
