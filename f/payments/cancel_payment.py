"""Cancel a payment that was not paid, and let go what it has reserved.

Returns the payment's state. One that is canceled already is left as it is; one that was paid is refunded, not
canceled (create_refund).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.payments import PaymentResult


def main(
    payment: str,
    stripe: stripe,
    reason: Literal["", "duplicate", "fraudulent", "requested_by_customer", "abandoned"] = "",
    database: postgresql | None = None,
) -> PaymentResult:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.payments import cancel_payment as cancel
    from f.payments.stripe.payments import result_of
    from f.store.stores import open_store

    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return result_of(cancel(account, payment, reason))
