"""What is told of a change: by the object as it is when it is asked for, whenever the event comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import pytest

from f.connect.errors import GiveUpRecord, TryLater
from f.notify.messages.events import message_of
from f.webhooks.handlers.stripe_change import HANDLED, StripeChange
from f.webhooks.handlers.stripe_news import News, NoNews, link_of, news_of

AT = 1_795_694_400


def change(type_: str, number: str = "", **more: Any) -> StripeChange:
    about: dict[str, Any] = {"event_id": "evt_1", "livemode": False, "object_id": number, **more}
    return StripeChange(type=type_, kind=HANDLED[type_], **about)


def payment(status: str, **more: Any) -> dict[str, Any]:
    about = {"id": "pi_1", "object": "payment_intent", "livemode": False, "customer": "cus_1"}
    received = 1099 if status == "succeeded" else 0
    return {**about, "status": status, "amount": 1099, "amount_received": received, "currency": "eur", **more}


def failed_charge(number: str) -> dict[str, Any]:
    return {"id": number, "object": "charge", "status": "failed", "failure_code": "card_declined"}


def declined(number: str, code: str) -> dict[str, Any]:
    error = {"charge": number, "code": "card_declined", "decline_code": code, "type": "card_error"}
    return payment("requires_payment_method", last_payment_error=error, latest_charge=failed_charge(number))


SUCCEEDED, FAILED = "payment_intent.succeeded", "payment_intent.payment_failed"
STARTED, ENDED = "customer.subscription.created", "customer.subscription.deleted"
CHECK_FAILED = {"code": "payment_intent_authentication_failure", "payment_method": {"id": "pm_1"}}


def subscription(status: str, **more: Any) -> dict[str, Any]:
    item = {"id": "si_1", "price": {"id": "price_1"}, "quantity": 2, "current_period_end": AT}
    about = {"id": "sub_1", "object": "subscription", "livemode": False, "customer": "cus_1"}
    return {**about, "status": status, "items": {"data": [item]}, **more}


def invoice(status: str, **more: Any) -> dict[str, Any]:
    line = {"period": {"start": AT, "end": AT + 30 * 86_400}}
    about = {"id": "in_1", "object": "invoice", "livemode": False, "customer": "cus_1", "number": "A-1"}
    lines = {"data": [line], "has_more": False}
    paid = 1000 if status == "paid" else 0
    return {**about, "status": status, "amount_paid": paid, "currency": "eur", "lines": lines, **more}


# As Stripe's guides tell them: the object after each step, and the event that the step is told by.
HISTORIES: dict[str, Sequence[tuple[str, Mapping[str, Any]]]] = {
    "two declines, then paid": [
        (FAILED, declined("ch_1", "insufficient_funds")),
        (FAILED, declined("ch_2", "expired_card")),
        (SUCCEEDED, payment("succeeded", latest_charge={"id": "ch_3", "status": "succeeded"})),
    ],
    "the bank's check fails, then is passed": [
        ("", payment("requires_action")),
        (FAILED, payment("requires_payment_method", last_payment_error=CHECK_FAILED)),
        ("", payment("requires_action")),
        (SUCCEEDED, payment("succeeded", latest_charge={"id": "ch_1", "status": "succeeded"})),
    ],
    "a declined card and a failed check": [
        (FAILED, declined("ch_1", "insufficient_funds")),
        (
            FAILED,
            payment(
                "requires_payment_method",
                last_payment_error=CHECK_FAILED,
                latest_charge=failed_charge("ch_1"),
            ),
        ),
    ],
    "subscribed and canceled": [
        (STARTED, subscription("incomplete")),
        ("", subscription("active")),
        (ENDED, subscription("canceled", ended_at=AT)),
    ],
    "invoiced and paid": [
        ("", invoice("open")),
        ("invoice.paid", invoice("paid")),
        ("invoice.payment_succeeded", invoice("paid")),
    ],
}
LAST = {
    "two declines, then paid": "pi_1:succeeded",
    "the bank's check fails, then is passed": "pi_1:succeeded",
    "a declined card and a failed check": "pi_1:failed:payment_intent_authentication_failure:pm_1",
    "subscribed and canceled": "sub_1:ended",
    "invoiced and paid": "in_1:paid",
}


@pytest.mark.parametrize("name", HISTORIES)
def test_whenever_and_however_often_events_come_each_change_is_told_once_and_its_end_is(name: str) -> None:
    history = HISTORIES[name]
    events = [(step, type_) for step, (type_, _object) in enumerate(history) if type_] * 2  # each comes twice
    schedules = 0
    # Each event comes right after its step, or after any later one: that is every order there can be.
    for times in product(*(range(step, len(history)) for step, _type in events)):
        told: Counter[str] = Counter()
        for moment in range(len(history)):
            for (_step, type_), at in zip(events, times, strict=True):
                news = news_of(change(type_), history[moment][1]) if at == moment else None
                if isinstance(news, News) and news.key not in told:
                    told[news.key] += 1
        assert told[LAST[name]] == 1
        schedules += 1
    assert schedules > 1


def test_events_that_come_as_it_happens_tell_every_change() -> None:
    expected = {
        "two declines, then paid": ["pi_1:failed:ch_1", "pi_1:failed:ch_2", "pi_1:succeeded"],
        "a declined card and a failed check": [
            "pi_1:failed:ch_1",
            LAST["a declined card and a failed check"],
        ],
        "subscribed and canceled": ["sub_1:started", "sub_1:ended"],
        "invoiced and paid": ["in_1:paid", "in_1:paid"],
    }
    for name, keys in expected.items():
        news = [news_of(change(type_), found) for type_, found in HISTORIES[name] if type_]
        assert [one.key for one in news if isinstance(one, News)] == keys


@pytest.mark.parametrize("status", ["succeeded", "requires_capture", "processing", "canceled"])
def test_a_failure_is_no_news_when_the_payment_is_past_it(status: str) -> None:
    assert isinstance(news_of(change(FAILED), {**declined("ch_1", "x"), "status": status}), NoNews)


@pytest.mark.parametrize(
    ("found", "key", "reason", "asks"),
    [
        (declined("ch_1", "fraudulent"), "ch_1", "say no more than that the card was declined", True),
        (
            payment("requires_payment_method", latest_charge=failed_charge("ch_9")),
            "ch_9",
            "The payment was declined (card_declined).",
            True,
        ),
        (
            payment(
                "requires_payment_method",
                latest_charge={**failed_charge("ch_9"), "outcome": {"reason": "expired_card"}},
            ),
            "ch_9",
            "the card has expired",
            True,
        ),
        (
            payment("requires_action", last_payment_error=CHECK_FAILED),
            "payment_intent_authentication_failure:pm_1",
            "The payer did not pass the bank's check.",
            False,
        ),
    ],
)
def test_a_failure_says_why_and_when_another_card_can_be_asked_for(
    found: dict[str, Any], key: str, reason: str, *, asks: bool
) -> None:
    news = news_of(change(FAILED), found)
    assert isinstance(news, News)
    assert news.key == f"pi_1:failed:{key}"
    assert reason in news.data["reason"]
    assert ("asked for another card" in news.data.get("next_step", "")) is asks


def test_a_failure_of_which_stripe_knows_nothing_more_is_no_news() -> None:
    assert isinstance(news_of(change(FAILED), payment("requires_payment_method")), NoNews)


@pytest.mark.parametrize(
    ("type_", "found"),
    [
        (SUCCEEDED, payment("processing")),
        (FAILED, payment("a_new_state")),
        (ENDED, subscription("active")),
        ("invoice.paid", invoice("open")),
        ("invoice.paid", invoice("void")),
    ],
)
def test_an_object_that_does_not_show_the_change_yet_is_asked_for_later(
    type_: str, found: dict[str, Any]
) -> None:
    with pytest.raises(TryLater) as caught:
        news_of(change(type_, found["id"]), found)
    assert caught.value.code == "not_there_yet"


def test_an_invoice_that_is_paid_in_part_is_told_when_it_is_paid() -> None:
    part = {**invoice("open"), "amount_paid": 400}
    assert isinstance(news_of(change("invoice_payment.paid"), part), NoNews)


@pytest.mark.parametrize(
    ("found", "lacks"),
    [
        (payment("succeeded", amount_received=None), "amount"),
        (payment("succeeded", amount_received="1099"), "amount"),
        (payment("succeeded", currency=None), "currency"),
        (payment("succeeded", amount_received=None, currency=7), "amount and currency"),
        (payment("succeeded", id=None), "its id"),
        (payment("succeeded", id=-1), "its id"),
        (payment("succeeded", id="cus_1"), "its id"),
    ],
)
def test_what_must_be_told_and_is_not_there_is_not_guessed(found: dict[str, Any], lacks: str) -> None:
    with pytest.raises(GiveUpRecord, match=f"pi_1 lacks {lacks}: nothing was told"):
        news_of(change(SUCCEEDED, "pi_1"), found)


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        (1099, "eur", "10.99 EUR"),
        (500, "jpy", "500 JPY"),
        (5120, "kwd", "5.120 KWD"),
        (500, "isk", "5.00 ISK"),
    ],
)
def test_an_amount_is_told_in_the_main_unit_of_its_currency(amount: int, currency: str, told: str) -> None:
    news = news_of(change(SUCCEEDED), payment("succeeded", amount_received=amount, currency=currency))
    assert isinstance(news, News)
    assert f"{news.data['amount']} {news.data['currency']}" == told


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"reason": "payment_failed"}, "Its payments failed."),
        ({"reason": "payment_disputed"}, "A payment was disputed."),
        ({"reason": "something_new"}, "Stripe's reason: something_new."),
        ({"reason": None}, "Stripe gives no reason."),
        (None, "Stripe gives no reason."),
    ],
)
def test_the_end_of_a_subscription_says_why(details: Any, reason: str) -> None:
    news = news_of(change(ENDED), subscription("canceled", cancellation_details=details))
    assert isinstance(news, News)
    assert news.data["reason"] == reason


def test_a_subscription_that_was_never_paid_for_has_not_begun() -> None:
    assert isinstance(news_of(change(STARTED), subscription("incomplete_expired")), NoNews)
    waits = news_of(change(STARTED), subscription("incomplete"))
    assert isinstance(waits, News)
    message = message_of(waits.event, waits.data)
    assert message.title == "Test: Subscription sub_1 waits for its first payment"
    assert message.text.startswith("The payer makes the first payment within 23 hours")


@pytest.mark.parametrize(
    ("found", "period", "of"),
    [
        (
            invoice("paid", parent={"subscription_details": {"subscription": "sub_1"}}),
            "2026-11-26 to 2026-12-26",
            "sub_1",
        ),
        (invoice("paid", subscription="sub_2"), "2026-11-26 to 2026-12-26", "sub_2"),
        (
            invoice("paid", lines={"data": [{"period": {"start": AT, "end": AT}}], "has_more": True}),
            None,
            None,
        ),
        (invoice("paid", lines={"data": [{"period": {"start": AT}}], "has_more": False}), None, None),
        (invoice("paid", lines=None), None, None),
    ],
)
def test_an_invoice_says_what_it_is_for_where_stripe_does(
    found: dict[str, Any], period: str | None, of: str | None
) -> None:
    news = news_of(change("invoice.paid"), found)
    assert isinstance(news, News)
    assert (news.data.get("period"), news.data.get("subscription")) == (period, of)


def test_a_link_leads_to_the_object_in_its_account_and_mode() -> None:
    assert link_of("in_1", livemode=True, account="") == "https://dashboard.stripe.com/invoices/in_1"
    assert link_of("sub_1", livemode=False, account="acct_1") == (
        "https://dashboard.stripe.com/acct_1/test/subscriptions/sub_1"
    )


def test_news_of_a_live_payment_say_so() -> None:
    news = news_of(change(SUCCEEDED, livemode=True), payment("succeeded"))
    assert isinstance(news, News)
    assert (news.data["mode"], news.data["link"]) == ("live", "https://dashboard.stripe.com/payments/pi_1")
