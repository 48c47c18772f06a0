"""Change a subscription: its price, its quantity, its metadata, or whether it ends with the period.

Returns the subscription as it is now. What is empty stays. A second run changes nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.subscriptions import SubscriptionResult


def main(
    subscription: str,
    stripe: stripe,
    price: str = "",
    quantity: int = 0,
    proration: Literal["create_prorations", "always_invoice", "none"] = "create_prorations",
    at_period_end: Literal["as_it_is", "cancel", "go_on"] = "as_it_is",
    metadata: dict | None = None,
    database: postgresql | None = None,
) -> SubscriptionResult:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.subscriptions import Change, result_of
    from f.payments.stripe.subscriptions import update_subscription as update
    from f.store.stores import open_store

    change = Change(
        price=price, quantity=quantity, proration=proration, at_period_end=at_period_end, metadata=metadata
    )
    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return result_of(update(account, subscription, change))
