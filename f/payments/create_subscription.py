"""Subscribe a customer to a price.

Returns the subscription, and the client secret with which the payer's page makes the first payment, or leaves
a way to pay for after the trial. A second run with the same `request_key` returns the subscription of the
first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.subscriptions import SubscriptionResult


def main(
    customer: str,
    price: str,
    request_key: str,
    stripe: stripe,
    quantity: int = 1,
    trial_days: int = 0,
    payment_behavior: Literal[
        "default_incomplete", "allow_incomplete", "error_if_incomplete"
    ] = "default_incomplete",
    payment_method: str = "",
    metadata: dict | None = None,
    return_client_secret: bool = True,
    database: postgresql | None = None,
) -> SubscriptionResult:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.subscriptions import Plan, result_of
    from f.payments.stripe.subscriptions import create_subscription as create
    from f.store.stores import open_store

    plan = Plan(
        customer=customer,
        price=price,
        quantity=quantity,
        trial_days=trial_days,
        payment_behavior=payment_behavior,
        payment_method=payment_method,
        metadata=metadata,
    )
    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return result_of(create(account, plan, request_key), with_secret=return_client_secret)
