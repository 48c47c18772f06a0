"""List what was paid of an invoice of Stripe.

Returns the invoice's state and its payments; an invoice may be paid by several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.invoices import InvoicePayments


def main(
    invoice: str,
    stripe: stripe,
    limit: int = 100,
    database: postgresql | None = None,
) -> InvoicePayments:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.invoices import list_payments_of
    from f.store.stores import open_store

    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return list_payments_of(account, invoice, limit)
