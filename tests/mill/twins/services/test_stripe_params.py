"""What the Stripe twin takes is what Stripe takes: its parameters beside the official SDK's types."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import stripe

from mill.twins.services.stripe import customers, invoices, payment_intents, prices, refunds, subscriptions
from mill.twins.services.stripe.params import Params

# What the SDK has and the twin refuses, as it could make nothing of it.
_LEFT_OUT: dict[str, set[str]] = {
    "CustomerUpdate": {"default_source"},
}
METHODS = [
    ("CustomerCreate", customers.CREATE),
    ("CustomerUpdate", customers.UPDATE),
    ("CustomerList", customers.LIST),
    ("CustomerSearch", customers.SEARCH),
    ("PaymentIntentCreate", payment_intents.CREATE),
    ("PaymentIntentUpdate", payment_intents.UPDATE),
    ("PaymentIntentConfirm", payment_intents.CONFIRM),
    ("PaymentIntentCapture", payment_intents.CAPTURE),
    ("PaymentIntentCancel", payment_intents.CANCEL),
    ("PaymentIntentList", payment_intents.LIST),
    ("PaymentIntentRetrieve", payment_intents.RETRIEVE),
    ("RefundCreate", refunds.CREATE),
    ("RefundList", refunds.LIST),
    ("SubscriptionCreate", subscriptions.CREATE),
    ("SubscriptionUpdate", subscriptions.UPDATE),
    ("SubscriptionCancel", subscriptions.CANCEL),
    ("SubscriptionList", subscriptions.LIST),
    ("InvoiceList", invoices.LIST),
    ("InvoicePay", invoices.PAY),
    ("InvoicePaymentList", invoices.LIST_PAYMENTS),
    ("PriceList", prices.LIST),
]


def of_the_sdk(method: str) -> tuple[set[str], set[str]]:
    """Return the names and the required names of a method's parameters in the SDK."""
    folder = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method)
    params: Any = getattr(importlib.import_module(f"stripe.params.{folder}_params"), f"{method}Params")
    own = params.__annotations__
    # Their annotations are texts, so a type's own list of required names says nothing.
    required = {name for name, kind in own.items() if "NotRequired[" not in str(kind)}
    options = set(stripe.RequestOptions.__annotations__)
    return set(own) - options, required - options


@pytest.mark.parametrize(("method", "params"), METHODS, ids=[name for name, _ in METHODS])
def test_names_are_those_of_the_sdk(method: str, params: Params) -> None:
    names, required = of_the_sdk(method)
    ours = set(params.fields)
    assert ours - names == set()
    assert names - ours == _LEFT_OUT.get(method, set())
    assert set(params.required) == required


def test_what_is_removed_is_no_parameter_any_more() -> None:
    names, _ = of_the_sdk("PaymentIntentCreate")
    assert "payment_method_types" not in names
    assert payment_intents.CREATE.removed.keys() == {"payment_method_types"}
