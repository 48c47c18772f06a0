"""Take the money that a payment has reserved, or a part of it; the rest is let go.

Returns the payment's state. A second run with the same inputs takes nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.payments import PaymentResult


def main(
    payment: str,
    stripe: stripe,
    amount: str = "",
    request_key: str = "",
    database: postgresql | None = None,
) -> PaymentResult:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.payments import capture_payment as capture
    from f.payments.stripe.payments import result_of
    from f.store.stores import open_store

    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return result_of(capture(account, payment, amount, request_key))
