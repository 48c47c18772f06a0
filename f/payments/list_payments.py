"""List payments of Stripe, newest first.

Returns up to `limit` of them; where there are more, `next` continues the list as `starting_after`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.payments import Payments


def main(
    stripe: stripe,
    customer: str = "",
    created_from: str = "",
    created_until: str = "",
    limit: int = 100,
    starting_after: str = "",
    database: postgresql | None = None,
) -> Payments:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.payments import list_payments as listed
    from f.store.stores import open_store

    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return listed(account, customer, created_from, created_until, limit, starting_after)
