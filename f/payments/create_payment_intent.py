"""Make a payment (Stripe: payment intent) that the payer then confirms.

Returns its id, its state and the client secret for the payer's page. No money moves yet. A second run with
the same `request_key` returns the payment of the first; with other inputs it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.payments import PaymentResult


def main(
    amount: str,
    currency: str,
    request_key: str,
    stripe: stripe,
    customer: str = "",
    description: str = "",
    receipt_email: str = "",
    capture: Literal["now", "later"] = "now",
    allow_redirects: Literal["always", "never"] = "always",
    metadata: dict | None = None,
    return_client_secret: bool = True,
    payment_method_types: list[str] | None = None,
    database: postgresql | None = None,
) -> PaymentResult:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.payments import Order, create_payment, result_of
    from f.store.stores import open_store

    order = Order(
        amount=amount,
        currency=currency,
        customer=customer,
        description=description,
        receipt_email=receipt_email,
        capture=capture,
        allow_redirects=allow_redirects,
        metadata=metadata,
    )
    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        made = create_payment(account, order, request_key, payment_method_types)
    return result_of(made, with_secret=return_client_secret)
