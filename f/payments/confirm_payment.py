"""Confirm a payment: try to take the money, or to reserve it.

Returns its state; where the payer has to do something more, where and how. A declined payment fails the run
with the reason and what the payer does next. A second run with the same inputs confirms nothing again.
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
    payment_method: str = "",
    return_url: str = "",
    off_session: bool = False,
    return_client_secret: bool = True,
    request_key: str = "",
    database: postgresql | None = None,
) -> PaymentResult:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.payments import Confirmation, result_of
    from f.payments.stripe.payments import confirm_payment as confirm
    from f.store.stores import open_store

    how = Confirmation(payment_method=payment_method, return_url=return_url, off_session=off_session)
    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        done = confirm(account, payment, how, request_key)
    return result_of(done, with_secret=return_client_secret)
