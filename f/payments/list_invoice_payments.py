"""List what was paid of an invoice of Stripe.

Returns the invoice's state and its payments; an invoice may be paid by several.
"""

from f.payments.stripe.account import open_account
from f.payments.stripe.client import stripe
from f.payments.stripe.invoices import InvoicePayments, list_payments_of
from f.store.stores import open_store, postgresql


def main(
    invoice: str,
    stripe: stripe,
    limit: int = 100,
    database: postgresql | None = None,
) -> InvoicePayments:
    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return list_payments_of(account, invoice, limit)
