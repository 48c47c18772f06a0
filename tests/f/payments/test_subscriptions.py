"""Subscriptions against the twin, and older shapes of Stripe's objects."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import ConnectError, FixInput
from f.connect.times import Clock
from f.payments import (
    cancel_subscription,
    create_customer,
    create_subscription,
    list_invoice_payments,
    update_subscription,
)
from f.payments.stripe.account import Written
from f.payments.stripe.invoices import client_secret_of, is_paid, payment_of, subscription_of
from f.payments.stripe.subscriptions import result_of
from tests.f.payments.conftest import Twin
from tests.loopback import Asked, Reply, serve


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "sleep", lambda _self, _seconds: False)


@pytest.fixture
def customer(twin: Twin) -> str:
    return create_customer.main(twin.resource, name="Ada", email="ada@example.com")["id"]


def subscribe(twin: Twin, customer: str, **more: Any) -> Any:
    given = {"customer": customer, "price": "price_basic", "request_key": "contract-1", **more}
    return create_subscription.main(stripe=twin.resource, **given)


def test_a_subscription_is_made_once_and_has_a_secret_for_the_payers_page(twin: Twin, customer: str) -> None:
    first, second = (subscribe(twin, customer) for _ in range(2))
    assert (first["outcome"], second["outcome"]) == ("done", "already_done")
    assert first["id"] == second["id"]
    assert first["status"] == "incomplete"
    assert first["client_secret"] == second["client_secret"] != ""
    assert first["secret_kind"] == "payment"
    assert "23 hours" in first["subscription"]["next_step"]
    assert len(twin.get(f"subscriptions?customer={customer}&status=all")["data"]) == 1


@pytest.mark.parametrize("other", [{"quantity": 5}, {"trial_days": 30}, {"price": "price_pro"}], ids=str)
def test_a_key_of_another_subscription_is_refused(twin: Twin, customer: str, other: dict[str, Any]) -> None:
    made = subscribe(twin, customer)["id"]
    with pytest.raises(FixInput, match=f"belongs to another subscription: {made}, made with other inputs"):
        subscribe(twin, customer, **other)
    update_subscription.main(made, twin.resource, price="price_pro")
    assert subscribe(twin, customer)["id"] == made  # what became of it later is no other input


def test_a_trial_asks_for_a_way_to_pay_and_for_no_money(twin: Twin, customer: str) -> None:
    made = subscribe(twin, customer, trial_days=14)
    assert (made["status"], made["secret_kind"]) == ("trialing", "setup")
    assert made["client_secret"].startswith("seti_")
    assert made["subscription"]["trial_end"] == made["subscription"]["current_period_end"] != ""


def test_a_lost_subscription_is_found_by_our_mark(twin: Twin, customer: str) -> None:
    twin.fail_next("create_subscription", "reset_after_commit", times=4)
    made = subscribe(twin, customer)
    assert made["client_secret"]
    assert len(twin.get(f"subscriptions?customer={customer}&status=all")["data"]) == 1


def test_price_quantity_and_end_can_be_changed_and_the_rest_stays(twin: Twin, customer: str) -> None:
    number = subscribe(twin, customer)["id"]
    changed = update_subscription.main(number, twin.resource, price="price_pro", quantity=3)["subscription"]
    assert (changed["price"], changed["quantity"]) == ("price_pro", 3)
    ends = update_subscription.main(number, twin.resource, at_period_end="cancel", metadata={"a": "b"})
    assert ends["subscription"]["cancel_at_period_end"] is True
    assert (ends["subscription"]["price"], ends["subscription"]["metadata"]) == ("price_pro", {"a": "b"})
    goes_on = update_subscription.main(number, twin.resource, at_period_end="go_on")
    assert goes_on["subscription"]["cancel_at_period_end"] is False


def test_a_cancellation_is_one_however_often_it_runs(twin: Twin, customer: str) -> None:
    number = subscribe(twin, customer)["id"]
    ends = [cancel_subscription.main(number, twin.resource) for _ in range(2)]
    assert [one["outcome"] for one in ends] == ["done", "already_done"]
    assert ends[1]["subscription"]["cancel_at_period_end"] is True
    now = [cancel_subscription.main(number, twin.resource, when="now") for _ in range(2)]
    assert [one["outcome"] for one in now] == ["done", "already_done"]
    assert {one["status"] for one in now} <= {"canceled", "incomplete_expired"}
    assert cancel_subscription.main(number, twin.resource)["outcome"] == "already_done"


def test_a_cancellation_whose_answer_was_lost_is_seen(twin: Twin, customer: str) -> None:
    number = subscribe(twin, customer, trial_days=3)["id"]
    twin.fail_next("cancel_subscription", "reset_after_commit", times=1)
    assert cancel_subscription.main(number, twin.resource, when="now")["status"] == "canceled"


def test_what_was_paid_of_an_invoice_is_listed(twin: Twin, customer: str) -> None:
    invoice = subscribe(twin, customer)["subscription"]["invoice"]
    told = list_invoice_payments.main(invoice, twin.resource)
    assert (told["invoice_status"], told["paid"], told["total"], told["currency"]) == (
        "open", False, "10.00", "USD",
    )  # fmt: skip
    assert [one["payment"][:3] for one in told["payments"]] == ["pi_"]
    assert told["payments"][0]["amount"] == "10.00"


WRONG: Any = "immediately"
BAD: dict[str, tuple[Any, str]] = {
    "price": (lambda twin, who: subscribe(twin, who, price="price_none"), "no such object"),
    "product": (lambda twin, who: subscribe(twin, who, price="prod_1"), "This is a product"),
    "paid once": (lambda twin, who: subscribe(twin, who, price="price_once"), "refused an input"),
    "no customer": (lambda twin, who: subscribe(twin, "cus_none"), "no such object"),
    "trial": (lambda twin, who: subscribe(twin, who, trial_days=731), "from 0 to 730"),
    "quantity": (lambda twin, who: subscribe(twin, who, quantity=0), "whole number from 1"),
    "no key": (lambda twin, who: subscribe(twin, who, request_key=""), "Give a request_key"),
    "another customer's": (
        lambda twin, who: (
            subscribe(twin, who),
            subscribe(twin, create_customer.main(twin.resource, name="B")["id"]),
        ),
        "belongs to another subscription",
    ),
    "another price": (
        lambda twin, who: (subscribe(twin, who), subscribe(twin, who, price="price_pro")),
        "belongs to another subscription",
    ),
    "when": (lambda twin, who: cancel_subscription.main("sub_1", twin.resource, WRONG), "one of these: at_p"),
    "at_period_end": (
        lambda twin, who: update_subscription.main("sub_1", twin.resource, at_period_end=WRONG),
        "one of these: as_it_is, cancel, go_on",
    ),
    "no change": (lambda twin, who: update_subscription.main("sub_1", twin.resource), "nothing to change"),
    "unknown": (lambda twin, who: cancel_subscription.main("sub_1", twin.resource), "no such object"),
    "unknown now": (
        lambda twin, who: cancel_subscription.main("sub_1", twin.resource, when="now"), "no such object",
    ),
    "invoice": (lambda twin, who: list_invoice_payments.main("in_1", twin.resource), "no such object"),
    "no invoice": (lambda twin, who: list_invoice_payments.main("sub_1", twin.resource), "begins with in_"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_sentence(twin: Twin, customer: str, name: str) -> None:
    run, sentence = BAD[name]
    with pytest.raises(FixInput, match=sentence):
        run(twin, customer)


OLDER = {
    "id": "in_1", "object": "invoice", "status": "open", "paid": True, "currency": "eur", "total": 1000,
    "amount_due": 1000, "amount_paid": 1000, "subscription": "sub_1", "charge": "ch_1",
    "payment_intent": {"id": "pi_1", "client_secret": "pi_1_secret_2"},
}  # fmt: skip
NEWER: dict[str, Any] = {
    "id": "in_1", "object": "invoice", "status": "paid", "currency": "eur", "total": 1000,
    "parent": {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}},
    "confirmation_secret": {"client_secret": "pi_1_secret_2", "type": "payment_intent"},
    "payments": {"data": [{"payment": {"type": "payment_intent", "payment_intent": "pi_1"}}]},
}  # fmt: skip


@pytest.mark.parametrize("invoice", [OLDER, NEWER], ids=["before basil", "since basil"])
def test_both_shapes_of_an_invoice_say_the_same(invoice: dict[str, Any]) -> None:
    told = is_paid(invoice), payment_of(invoice), client_secret_of(invoice), subscription_of(invoice)
    assert told == (True, "pi_1", "pi_1_secret_2", "sub_1")


def test_a_subscription_of_an_older_version_is_understood() -> None:
    older = {
        "id": "sub_1", "object": "subscription", "status": "incomplete", "current_period_end": 1_800_000_000,
        "items": {"data": [{"id": "si_1", "price": {"id": "price_1"}, "quantity": 2}]},
        "latest_invoice": OLDER,
    }  # fmt: skip
    told = result_of(Written(older, "done"), with_secret=True)
    assert (told["client_secret"], told["secret_kind"]) == ("pi_1_secret_2", "payment")
    assert told["subscription"]["current_period_end"] == "2027-01-15T08:00:00+00:00"
    assert (told["subscription"]["invoice_paid"], told["subscription"]["payment"]) == (True, "pi_1")


def test_an_older_stripe_without_a_list_of_payments_is_understood() -> None:
    def answer(asked: Asked) -> Reply:
        if "invoice_payments" in asked.path:
            error = {"type": "invalid_request_error", "message": "Unrecognized request URL"}
            return Reply(404, {"error": error})
        return Reply(200, OLDER)

    with serve(answer) as server:
        told = list_invoice_payments.main("in_1", {"token": "sk_test_1", "base_url": server.url})
    assert told["paid"] is True
    assert [(one["payment"], one["charge"], one["amount_paid"]) for one in told["payments"]] == [
        ("pi_1", "ch_1", "10.00")
    ]


LIES: list[Any] = [
    {"object": "list", "data": [], "has_more": True},
    {"object": "list", "data": "none", "has_more": False},
    {"object": "list", "data": [1], "has_more": False},
    {"object": "list"},
    {"object": "list", "data": []},
    {"object": "list", "data": [], "has_more": "false"},
    [],
    None,
]


@pytest.mark.parametrize("page", LIES, ids=str)
def test_a_list_that_lies_ends_with_a_sentence(page: Any) -> None:
    replies = {"invoices": Reply(200, NEWER), "invoice_payments": Reply(200, page)}
    with serve(lambda asked: replies[asked.path.split("/")[2].partition("?")[0]]) as server:
        with pytest.raises(ConnectError) as caught:
            list_invoice_payments.main("in_1", {"token": "sk_test_1", "base_url": server.url})
        assert len(server.asked) == 2
    assert caught.value.code == "unreadable_reply"


def test_a_list_that_repeats_its_page_ends() -> None:
    page = {"object": "list", "data": [{"id": "inpay_1"}], "has_more": True}
    replies = {"invoices": Reply(200, NEWER), "invoice_payments": Reply(200, page)}
    with serve(lambda asked: replies[asked.path.split("/")[2].partition("?")[0]]) as server:
        with pytest.raises(ConnectError, match="the page that it says is next"):
            list_invoice_payments.main("in_1", {"token": "sk_test_1", "base_url": server.url})
        assert len(server.asked) == 3
