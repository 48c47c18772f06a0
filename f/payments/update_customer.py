"""Change a customer in Stripe.

Returns the customer as it is now. What is empty stays as it is; what `clear` names is emptied. A second run
changes nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.customers import CustomerResult


def main(
    customer: str,
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
    clear: list[str] | None = None,
    database: postgresql | None = None,
) -> CustomerResult:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.customers import Details
    from f.payments.stripe.customers import update_customer as update
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
        return update(account, customer, details, clear or ())
