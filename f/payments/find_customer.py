"""Find customers in Stripe by id, by e-mail address or by our external id.

Returns how many there are, and the id if it is one. Several customers may have one e-mail address: then it
lists them and chooses none. Search by external id does not know what was written within the last minute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.customers import FoundCustomers


def main(
    stripe: stripe,
    customer: str = "",
    email: str = "",
    external_id: str = "",
    database: postgresql | None = None,
) -> FoundCustomers:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.customers import find_customers
    from f.store.stores import open_store

    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return find_customers(account, customer, email, external_id)
