"""An event of Stripe in, a message out, once: against the twins of Stripe and Slack."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count, permutations
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from stripe import CardError

from f.connect.errors import FixInput, FixSettings, TryLater
from f.store.stores import sqlite_store
from f.webhooks.tell_stripe_event import main as tell
from tests.loopback import Asked, Reply, serve
from tests.mill.twins.services.stripe_sdk import sdk
from tests.mill.twins.stage import TwinClient

DATA = Path(__file__).parents[3] / "flows/data/webhooks"
NO_REDIRECTS = {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
_NUMBERS = count(1)


def sample(type_: str) -> Any:
    return json.loads((DATA / f"stripe.{type_}.json").read_text())


def again(event: dict[str, Any]) -> dict[str, Any]:
    """The same change under another event id, as Stripe sometimes tells it."""
    return {**event, "id": f"evt_again_{next(_NUMBERS)}", "created": event["created"] + 1}


def history(twin: TwinClient, *types: str) -> list[Any]:
    """What the account says of itself, oldest first."""
    asked = urlencode([(f"types[{place}]", one) for place, one in enumerate(types)])
    events: list[Any] = twin.get(f"/v1/events?limit=100&{asked}").json["data"]
    return events[::-1]


def posts(slack: TwinClient) -> list[str]:
    """All that was posted, as one text a message."""
    entries = slack.get("/_ledger?kind=sent").json["entries"]
    return [json.dumps(entry["body"], ensure_ascii=False) for entry in entries]


def titles(slack: TwinClient, expected: Sequence[str]) -> bool:
    """Whether the messages are these and no others, in whatever order."""
    told = posts(slack)
    return len(told) == len(expected) and all(sum(one in text for text in told) == 1 for one in expected)


PAYMENT, INVOICE = "Test: 10.99 EUR received", "Invoice MILL-0001 paid"
SAMPLES = {
    "payment_intent.succeeded": (PAYMENT, "pi_sample_paid:succeeded", "Order 1001"),
    "payment_intent.payment_failed": (
        "Payment of 10.99 EUR failed",
        "pi_sample_failed:failed:ch_sample_failed",
        "the account has too little money (insufficient_funds)",
    ),
    "customer.subscription.created": ("Subscription sub_sample started", "sub_sample:started", "price_basic"),
    "customer.subscription.deleted": (
        "Subscription sub_sample_ended ended",
        "sub_sample_ended:ended",
        "It was canceled on request.",
    ),
    "invoice.payment_succeeded": (INVOICE, "in_sample:paid", "https://invoice.stripe.com/i/in_sample"),
    "invoice.paid": (INVOICE, "in_sample:paid", "For 2026-11-26 to 2026-12-26."),
    "invoice_payment.paid": (INVOICE, "in_sample:paid", "10.00 EUR"),
    "v1.payment_intent.succeeded": (PAYMENT, "pi_sample_paid:succeeded", "cus_sample"),
}


@pytest.mark.parametrize("type_", SAMPLES)
def test_an_event_becomes_one_message_however_often_it_is_told(
    slack: TwinClient, stripe: Any, routing: Any, type_: str
) -> None:
    title, key, detail = SAMPLES[type_]
    first, event = tell(sample(type_), stripe, routing), sample(type_)
    assert (first["outcome"], first["key"]) == ("told", key)
    assert title in first["told"]["title"]
    for one in (event, {**event, "id": "evt_other"}):
        assert tell(one, stripe, routing)["told"]["counts"] == {"duplicate": 1}
    [post] = posts(slack)
    page = {"pi": "payments", "sub": "subscriptions", "in": "invoices"}[key.partition("_")[0]]
    link = f"https://dashboard.stripe.com/test/{page}/{first['key'].partition(':')[0]}"
    assert all(part in post for part in (title, detail, link))


def test_there_is_a_sample_of_every_type_that_is_handled() -> None:
    files = {path.name.removeprefix("stripe.").removesuffix(".json") for path in DATA.glob("stripe.*.json")}
    assert files == SAMPLES.keys()


def test_the_inbox_hands_an_event_over_and_its_escaped_texts_are_read_as_they_were_sent(
    stripe: Any, routing: Any
) -> None:
    body = sample("payment_intent.succeeded")
    body["data"]["object"]["id"] = " pi_sample_paid"
    handed = {"kind": "stripe", "body": body, "escaped": ["/data/object/id"], "attempt": 1}
    assert tell(handed, stripe, routing)["outcome"] == "told"


def test_names_of_one_paid_invoice_make_one_message(slack: TwinClient, stripe: Any, routing: Any) -> None:
    for type_ in ("invoice_payment.paid", "invoice.payment_succeeded", "invoice.paid"):
        assert tell(sample(type_), stripe, routing)["outcome"] == "told"
    assert titles(slack, [INVOICE])


def test_a_payment_that_fails_twice_and_succeeds_is_told_as_it_happens(
    slack: TwinClient, stripe_twin: TwinClient, stripe: Any, routing: Any
) -> None:
    client = sdk(stripe_twin)
    intent = client.v1.payment_intents.create({"amount": 1099, "currency": "eur", **NO_REDIRECTS})
    expected = []
    for card, told in (
        ("pm_card_chargeDeclinedInsufficientFunds", "too little money"),
        ("pm_card_chargeDeclinedExpiredCard", "the card has expired"),
        ("pm_card_visa", PAYMENT),
    ):
        confirm(client, intent.id, card)
        event = history(stripe_twin, "payment_intent.*")[-1]
        tell(event, stripe, routing)
        tell(again(event), stripe, routing)
        expected.append(told)
        assert titles(slack, expected)


def confirm(client: Any, intent: str, card: str, **more: Any) -> None:
    with suppress(CardError):
        client.v1.payment_intents.confirm(intent, {"payment_method": card, **more})


def test_late_events_of_a_payment_tell_its_end_alone_in_every_order(
    slack: TwinClient, stripe_twin: TwinClient, stripe: Any, routing: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    client = sdk(stripe_twin)
    intent = client.v1.payment_intents.create({"amount": 1099, "currency": "eur", **NO_REDIRECTS})
    for card in ("pm_card_chargeDeclinedInsufficientFunds", "pm_card_authenticationRequired"):
        confirm(client, intent.id, card, off_session=True)
    confirm(client, intent.id, "pm_card_visa")
    events = history(stripe_twin, "payment_intent.payment_failed", "payment_intent.succeeded")
    assert len(events) == 3
    for number, order in enumerate(permutations(events)):
        monkeypatch.setenv("HOME", str(tmp_path / str(number)))
        slack.forget()
        outcomes = {tell(event, stripe, routing)["outcome"] for event in (*order, *map(again, order), *order)}
        assert outcomes == {"told", "no_news"}
        assert titles(slack, [PAYMENT])


def test_a_subscription_is_told_to_begin_be_paid_and_end_in_every_order(
    slack: TwinClient, stripe_twin: TwinClient, stripe: Any, routing: Any, monkeypatch: Any, tmp_path: Path
) -> None:
    client = sdk(stripe_twin)
    method = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    customer = client.v1.customers.create({"email": "ada@example.com"})
    client.v1.payment_methods.attach(method.id, {"customer": customer.id})
    made = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": "price_basic"}], "default_payment_method": method.id}
    )
    client.v1.subscriptions.cancel(made.id, {"cancellation_details": {"feedback": "too_complex"}})
    [began] = history(stripe_twin, "customer.subscription.created")
    [ended] = history(stripe_twin, "customer.subscription.deleted")
    paid = history(stripe_twin, "invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid")
    assert len(paid) == 3
    for number, order in enumerate(permutations(([began], paid, [ended]))):
        monkeypatch.setenv("HOME", str(tmp_path / str(number)))
        slack.forget()
        events = [event for part in order for event in part]
        for event in (*events, *map(again, events[::-1])):
            assert tell(event, stripe, routing)["outcome"] == "told"
        assert titles(slack, [f"{made.id} started", f"{made.id} ended", "Test: Invoice MILL-"])
    assert "too complex" in "".join(posts(slack))


def test_what_waits_for_the_digest_waits_once(slack: TwinClient, stripe: Any, routing: Any) -> None:
    hours = {"start": "00:00", "end": "00:00", "timezone": "Etc/UTC", "unless": "critical"}
    quiet: Any = {**routing, "quiet_hours": hours}
    event = sample("payment_intent.succeeded")
    held = tell(event, stripe, quiet)
    assert held["told"]["counts"] == {"digest": 1}
    assert tell(again(event), stripe, quiet)["told"]["counts"] == {"duplicate": 1}
    assert tell(again(event), stripe, routing)["told"]["counts"] == {"duplicate": 1}
    assert posts(slack) == []


def test_what_is_over_the_rate_limit_waits_once(slack: TwinClient, stripe: Any, routing: Any) -> None:
    routing["channels"][0]["rate_limit"] = {"max_messages": 1, "per_seconds": 3600}
    tell(sample("invoice.paid"), stripe, routing)
    event = sample("payment_intent.succeeded")
    assert tell(event, stripe, routing)["told"]["counts"] == {"digest": 1}
    assert tell(again(event), stripe, routing)["told"]["counts"] == {"duplicate": 1}
    assert titles(slack, [INVOICE])


def test_a_channel_that_fails_fails_the_job_and_the_next_run_tells_it_alone(
    slack: TwinClient, stripe: Any, routing: Any
) -> None:
    routing["channels"].append({**routing["channels"][0], "name": "sales", "channel": "C0ALERTS"})
    routing["routes"] = [{"channels": ["ops"]}, {"channels": ["sales"]}]
    event = sample("payment_intent.succeeded")
    good = routing["channels"][1]["slack"]
    routing["channels"][1]["slack"] = {**good, "token": "xoxb-wrong"}
    first = tell(event, stripe, routing)
    assert first["outcome"] == "failed"
    assert first["wm_failure"].startswith("Not every channel was reached. sales: ")
    assert first["told"]["counts"] == {"sent": 1, "failed": 1}
    routing["channels"][1]["slack"] = good
    second = tell(event, stripe, routing)
    assert second["told"]["counts"] == {"duplicate": 1, "sent": 1}
    assert "wm_failure" not in second
    assert len(posts(slack)) == 2


def test_jobs_that_run_at_once_tell_a_change_once(slack: TwinClient, stripe: Any, routing: Any) -> None:
    """Stripe sends the three names of a paid invoice in one moment."""
    events = [
        sample(type_) for type_ in ("invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid")
    ]
    tell(sample("payment_intent.succeeded"), stripe, routing)  # makes the tables
    with ThreadPoolExecutor(len(events) * 2) as jobs:
        done = [one.result() for one in [jobs.submit(tell, event, stripe, routing) for event in events * 2]]
    # One sends; who comes while it does fails and is tried again, as dispatch does.
    assert sum(one["told"]["counts"] == {"sent": 1} for one in done) == 1
    assert {one["outcome"] for one in done} <= {"told", "failed"}
    assert titles(slack, [PAYMENT, INVOICE])
    for event in events:
        assert tell(event, stripe, routing)["told"]["counts"] == {"duplicate": 1}


def test_a_change_is_told_once_in_thirty_days(
    slack: TwinClient, stripe: Any, routing: Any, tmp_path: Path
) -> None:
    event, day = sample("payment_intent.succeeded"), 86_400
    tell(event, stripe, routing)
    for days, messages in ((29, 1), (2, 2)):
        with sqlite_store(tmp_path / ".millwright" / "notify.sqlite") as store:
            store.execute("UPDATE notify_sent SET at = at - :span", {"span": days * day})
        tell(event, stripe, routing)
        assert len(posts(slack)) == messages


@pytest.mark.parametrize("type_", ["payment_intent.created", "charge.refunded", "v1.charge.refunded", "x"])
def test_another_type_is_not_handled_and_fails_nothing(
    slack: TwinClient, stripe: Any, routing: Any, type_: str
) -> None:
    event = {**sample("payment_intent.succeeded"), "type": type_}
    result = tell(event, stripe, routing)
    assert (result["outcome"], result["type"]) == ("not_handled", type_)
    assert posts(slack) == []


def test_an_object_that_the_account_does_not_have_is_named_with_a_hint(stripe: Any, routing: Any) -> None:
    event = sample("payment_intent.succeeded")
    event["data"]["object"]["id"] = "pi_gone"
    with pytest.raises(FixInput, match="whether the key is of the same account and mode") as caught:
        tell(event, stripe, routing)
    assert caught.value.code == "resource_missing"


@pytest.mark.parametrize("token", ["sk_test_good", "rk_test_good"])
def test_a_live_event_and_a_test_key_are_refused_before_anything_is_asked(
    stripe_twin: TwinClient, routing: Any, token: str
) -> None:
    event = {**sample("payment_intent.succeeded"), "livemode": True}
    with pytest.raises(FixSettings, match=r"is of live mode, and the key .* of test mode") as caught:
        tell(event, {"token": token, "base_url": f"{stripe_twin.url}/nowhere"}, routing)
    assert caught.value.code == "livemode_mismatch"


@pytest.mark.parametrize("token", ["sk_live_good", "rk_live_good"])
def test_a_test_event_and_a_live_key_are_refused(stripe_twin: TwinClient, routing: Any, token: str) -> None:
    with pytest.raises(FixSettings, match=r"is of test mode, and the key .* of live mode"):
        tell(sample("invoice.paid"), {"token": token, "base_url": f"{stripe_twin.url}/nowhere"}, routing)


def payment(**more: Any) -> dict[str, Any]:
    about = {"id": "pi_1", "object": "payment_intent", "livemode": False, "status": "succeeded"}
    return {**about, "amount_received": 500, "currency": "jpy", **more}


def test_a_key_that_does_not_say_its_mode_is_judged_by_the_object(routing: Any) -> None:
    event = {**sample("payment_intent.succeeded"), "livemode": True}
    with serve(lambda _asked: Reply(200, payment())) as server, pytest.raises(FixSettings, match="live mode"):
        tell(event, {"token": "sk_org_1", "base_url": server.url}, routing)


@pytest.mark.parametrize(
    ("type_", "field", "header"),
    [
        ("payment_intent.succeeded", "account", "stripe-account"),
        ("v1.payment_intent.succeeded", "context", "stripe-context"),
    ],
)
def test_an_event_of_a_connected_account_is_asked_about_there(
    slack: TwinClient, routing: Any, type_: str, field: str, header: str
) -> None:
    def answer(asked: Asked) -> Reply:
        named = {name.lower(): value for name, value in asked.headers.items()}
        return Reply(200, payment(id="pi_sample_paid")) if named.get(header) == "acct_1" else Reply(404, {})

    with serve(answer) as server:
        resource: Any = {"token": "sk_test_good", "base_url": server.url}
        result = tell({**sample(type_), field: "acct_1"}, resource, routing)
    assert result["told"]["title"] == "Test: 500 JPY received"
    assert "https://dashboard.stripe.com/acct_1/test/payments/pi_sample_paid" in posts(slack)[0]


def test_an_event_that_is_ahead_of_what_the_api_shows_is_handled_later(
    slack: TwinClient, stripe: Any, routing: Any
) -> None:
    event = sample("payment_intent.succeeded")
    event["data"]["object"]["id"] = "pi_sample_failed"
    with pytest.raises(TryLater, match="pi_sample_failed in state requires_payment_method"):
        tell(event, stripe, routing)
    assert posts(slack) == []
