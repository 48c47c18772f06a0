"""Make a customer in Stripe, once for an external id.

Returns the customer's id. A second run with the same `external_id` returns the customer of the first; without
one every run makes a customer, for Stripe lets many have the same e-mail address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.customers import CustomerResult


def main(
    stripe: stripe,
    name: str = "",
    email: str = "",
    external_id: str = "",
    phone: str = "",
    description: str = "",
    line1: str = "",
    line2: str = "",
    city: str = "",
    postal_code: str = "",
    state: str = "",
    country: str = "",
    metadata: dict | None = None,
    database: postgresql | None = None,
) -> CustomerResult:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.customers import Details
    from f.payments.stripe.customers import create_customer as create
    from f.store.stores import open_store

    details = Details(
        name=name,
        email=email,
        external_id=external_id,
        phone=phone,
        description=description,
        line1=line1,
        line2=line2,
        city=city,
        postal_code=postal_code,
        state=state,
        country=country,
        metadata=metadata,
    )
    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return create(account, details)
