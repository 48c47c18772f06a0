"""Customers, payments and refunds on localstripe, which other people wrote and which keeps state.

It knows no idempotency keys, no versions and no search, and refuses what is younger than it is:
automatic_payment_methods (so create_payment_intent), payment_settings (so create_subscription), the payment
method of a confirmation, the date filters of most lists. What it can do is done here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from f.connect.errors import ConnectError
from f.payments import (
    cancel_payment,
    capture_payment,
    confirm_payment,
    create_customer,
    create_payment_intent,
    create_refund,
    create_subscription,
    find_customer,
    list_customers,
    list_payments,
    update_customer,
)
from tests.foreign import free_port, installed, running

TOKEN = "sk_test_12345"
CARD = {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2040"}


@pytest.fixture(scope="module")
def stripe() -> Iterator[Any]:
    port = free_port()
    with running([installed("localstripe"), "--port", str(port), "--from-scratch"], port):
        yield {"token": TOKEN, "base_url": f"http://127.0.0.1:{port}"}


def ask(stripe: Any, path: str, **form: str) -> Any:
    """Do there what our scripts do not do."""
    signed = {"Authorization": f"Bearer {TOKEN}"}
    reply = requests.post(f"{stripe['base_url']}/v1/{path}", data=form, headers=signed, timeout=10)
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.fixture
def customer(stripe: Any) -> str:
    return create_customer.main(stripe, "Ada", "ada@example.com", city="Bonn", metadata={"a": "ä & b"})["id"]


@pytest.fixture
def payment(stripe: Any, customer: str) -> str:
    card = ask(stripe, "payment_methods", **CARD, **{"card[cvc]": "123"})["id"]
    ask(stripe, f"payment_methods/{card}/attach", customer=customer)
    made = ask(
        stripe, "payment_intents", amount="1099", currency="eur", customer=customer, payment_method=card,
        capture_method="manual",
    )  # fmt: skip
    return str(made["id"])


def test_a_customer_is_made_changed_found_and_listed(stripe: Any, customer: str) -> None:
    told = find_customer.main(stripe, customer=customer)["customers"][0]
    assert (told["name"], told["metadata"]) == ("Ada", {"a": "ä & b"})
    changed = update_customer.main(customer, stripe, phone="+49 1", metadata={"b": 2})["customer"]
    assert (changed["phone"], changed["metadata"]) == ("+49 1", {"a": "ä & b", "b": "2"})
    assert customer in {one["id"] for one in find_customer.main(stripe, email="ada@example.com")["customers"]}
    assert find_customer.main(stripe, email="nobody@example.com")["count"] == 0


def test_pages_are_walked_to_the_end_and_nothing_comes_twice(stripe: Any) -> None:
    made = {create_customer.main(stripe, f"P{index}")["id"] for index in range(7)}
    listed: list[str] = []
    after = ""
    while True:
        page = list_customers.main(stripe, limit=3, starting_after=after)
        listed += [one["id"] for one in page["customers"]]
        after = page["next"]
        if not after:
            break
    assert len(listed) == len(set(listed))
    assert made <= set(listed)


def test_a_payment_is_confirmed_taken_and_refunded(stripe: Any, payment: str) -> None:
    assert confirm_payment.main(payment, stripe)["status"] == "requires_capture"
    done = capture_payment.main(payment, stripe)
    assert (done["status"], done["payment"]["amount"]) == ("succeeded", "10.99")
    refund = create_refund.main(payment, stripe, amount="1.50", metadata={"why": "late"})
    assert (refund["status"], refund["amount"], refund["currency"]) == ("succeeded", "1.50", "EUR")
    assert create_refund.main(payment, stripe, amount="1.50")["outcome"] == "already_done"
    assert payment in {one["id"] for one in list_payments.main(stripe)["payments"]}


def test_a_payment_is_cancelled_once(stripe: Any, payment: str) -> None:
    outcomes = [cancel_payment.main(payment, stripe) for _ in range(2)]
    assert [(one["status"], one["outcome"]) for one in outcomes] == [
        ("canceled", "done"),
        ("canceled", "already_done"),
    ]


def test_what_it_is_too_old_for_is_refused_in_a_sentence(stripe: Any, customer: str) -> None:
    with pytest.raises(ConnectError, match="automatic_payment_methods"):
        create_payment_intent.main("10", "EUR", "k", stripe)
    with pytest.raises(ConnectError, match="payment_settings"):
        create_subscription.main(customer, "price_1", "k", stripe)
    with pytest.raises(ConnectError):
        find_customer.main(stripe, external_id="crm-1")
