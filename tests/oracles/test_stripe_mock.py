"""Every request of f/payments is in Stripe's own OpenAPI description: asked of stripe-mock, in Go.

It refuses unknown parameters and wrong types, and fills in what is expanded. It keeps nothing, knows no keys
and no versions, lets an expansion pass that does not exist, and takes parameters that Stripe has taken away,
so it proves nothing about any of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import FixInput, GiveUpRecord
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
from f.payments.stripe.account import open_account
from f.payments.stripe.invoices import read_invoice, read_invoice_of
from f.payments.stripe.payments import read_payment
from f.payments.stripe.subscriptions import EXPAND, read_subscription
from f.store.stores import memory_store
from tests.foreign import built, free_port, running

ADDRESS = {
    "line1": "1 Way",
    "line2": "b",
    "city": "Bonn",
    "postal_code": "53111",
    "state": "NW",
    "country": "DE",
}
PERSON: Any = {"name": "Ada", "email": "ada@example.com", "phone": "+491", "description": "x", **ADDRESS}
ORDER: Any = {
    "amount": "10.99", "currency": "EUR", "request_key": "k", "customer": "cus_1", "description": "x",
    "receipt_email": "a@example.com", "capture": "later", "allow_redirects": "never", "metadata": {"a": "b"},
}  # fmt: skip
PLAN: Any = {
    "customer": "cus_1", "price": "price_1", "request_key": "k", "quantity": 2, "trial_days": 14,
    "payment_method": "pm_1", "metadata": {"a": "b"},
}  # fmt: skip
SPAN: Any = {"created_from": "2026-01-01", "created_until": "2026-02-01T08:00:00+01:00"}
CHANGE: Any = {"price": "price_2", "quantity": 3, "proration": "always_invoice", "at_period_end": "cancel"}

CALLS: dict[str, Callable[[Any], Any]] = {
    "create_customer": lambda s: create_customer.main(s, metadata={"a": 1}, **PERSON),
    "update_customer": lambda s: update_customer.main("cus_1", s, external_id="1", **PERSON),
    "clear_customer": lambda s: update_customer.main(
        "cus_1", s, clear=["name", "email", "phone", "description", "address", "external_id"]
    ),
    "find_by_id": lambda s: find_customer.main(s, customer="cus_1"),
    "find_by_email": lambda s: find_customer.main(s, email="ada@example.com"),
    "find_by_external_id": lambda s: find_customer.main(s, external_id="crm-1"),
    "list_customers": lambda s: list_customers.main(s, email="a@example.com", starting_after="cus_1", **SPAN),
    "create_payment_intent": lambda s: create_payment_intent.main(stripe=s, **ORDER),
    "confirm_payment": lambda s: confirm_payment.main(
        "pi_1", s, payment_method="pm_card_visa", return_url="https://shop.example", off_session=True
    ),
    "capture_payment": lambda s: capture_payment.main("pi_1", s, amount="5"),
    "cancel_payment": lambda s: cancel_payment.main("pi_1", s, reason="abandoned"),
    "list_payments": lambda s: list_payments.main(s, customer="cus_1", starting_after="pi_1", **SPAN),
    "create_subscription": lambda s: create_subscription.main(stripe=s, **PLAN),
    "update_subscription": lambda s: update_subscription.main("sub_1", s, metadata={"a": ""}, **CHANGE),
    "cancel_at_period_end": lambda s: cancel_subscription.main("sub_1", s),
    "cancel_now": lambda s: cancel_subscription.main("sub_1", s, when="now"),
    "create_refund": lambda s: create_refund.main("pi_1", s, "5", "duplicate", {"a": "b"}, "k"),
    "refund_charge": lambda s: create_refund.main("ch_1", s, "5", "requested_by_customer"),
    "list_invoice_payments": lambda s: list_invoice_payments.main("in_1", s),
}
# What a list is asked for when the answer to a write was lost.
LOOK_UPS: dict[str, tuple[str, dict[str, Any]]] = {
    "payment": ("payment_intents", {"customer": "cus_1"}),
    "refund": ("refunds", {"payment_intent": "pi_1"}),
    "refund of a charge": ("refunds", {"charge": "ch_1"}),
    "subscription": ("subscriptions", {"customer": "cus_1", "status": "all"}),
    "customer": ("customers", {}),
}

# What a handler of events fetches.
READS: dict[str, Callable[[Any], Any]] = {
    "payment": lambda account: read_payment(account, "pi_1", ("latest_charge",)),
    "subscription": lambda account: read_subscription(account, "sub_1"),
    "invoice": lambda account: read_invoice(account, "in_1"),
}


@pytest.fixture(scope="module")
def stripe() -> Iterator[Any]:
    port = free_port()
    command = [built("stripe-mock"), "-http-addr", f"127.0.0.1:{port}"]
    with running(command, port):
        yield {"token": "sk_test_123", "base_url": f"http://127.0.0.1:{port}"}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("name", CALLS)
def test_what_a_script_sends_is_in_stripes_description(stripe: Any, name: str) -> None:
    if name == "confirm_payment":  # its one payment is declined, whatever is done to it
        with pytest.raises(GiveUpRecord, match="The payment is not paid"):
            CALLS[name](stripe)
    else:
        assert CALLS[name](stripe)


@pytest.mark.parametrize("name", LOOK_UPS)
def test_what_a_look_up_asks_is_in_stripes_description(stripe: Any, name: str) -> None:
    path, params = LOOK_UPS[name]
    with open_account(stripe, memory_store()) as account:
        span = {"created": {"gte": 1, "lte": 2}}
        assert account.listed(path, {**params, **span}, 1).objects


@pytest.mark.parametrize("name", READS)
def test_what_a_handler_fetches_is_in_stripes_description(stripe: Any, name: str) -> None:
    with open_account(stripe, memory_store(), headers={"Stripe-Account": "acct_1"}) as account:
        found = READS[name](account)
    assert isinstance(found["livemode"], bool)


def test_an_invoice_payment_is_asked_for_before_its_invoice(stripe: Any) -> None:
    # The mock has `invoice` in the place of the invoice's id: what is asked for by that is refused here.
    with open_account(stripe, memory_store()) as account:
        with pytest.raises(FixInput, match="The invoice must be an id"):
            read_invoice_of(account, "inpay_1")
        assert account.read("invoice_payments/inpay_1", "invoice_payment")["invoice"]


def test_the_oracle_refuses_what_is_not(stripe: Any) -> None:
    refused = pytest.raises(GiveUpRecord, match="additional properties are not allowed")
    with open_account(stripe, memory_store()) as account, refused:
        account.listed("customers", {"mail": "x"}, 1)


def test_the_secret_for_the_payers_page_is_where_we_expand(stripe: Any) -> None:
    with open_account(stripe, memory_store()) as account:
        plain = account.read("subscriptions/sub_1", "subscription", ("latest_invoice",))
        full = account.read("subscriptions/sub_1", "subscription", EXPAND)
    assert "confirmation_secret" not in plain["latest_invoice"]
    assert "client_secret" in full["latest_invoice"]["confirmation_secret"]
