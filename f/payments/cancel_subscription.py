"""Cancel a subscription: let it end with the period that is paid, or end it now, for good.

Returns the subscription. One that is canceled already is left as it is. Nothing is refunded (create_refund).
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
    when: Literal["at_period_end", "now"] = "at_period_end",
    database: postgresql | None = None,
) -> SubscriptionResult:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.subscriptions import cancel_subscription as cancel
    from f.payments.stripe.subscriptions import result_of
    from f.store.stores import open_store

    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return result_of(cancel(account, subscription, when))
