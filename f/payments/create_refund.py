"""Refund a payment, whole or in part.

Returns the refund and its state. A second run with the same payment and amount refunds nothing more; give a
`request_key` to refund the same amount of it twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.payments.stripe.client import stripe
    from f.payments.stripe.refunds import RefundResult


def main(
    payment: str,
    stripe: stripe,
    amount: str = "",
    reason: Literal["", "duplicate", "fraudulent", "requested_by_customer"] = "",
    metadata: dict | None = None,
    request_key: str = "",
    database: postgresql | None = None,
) -> RefundResult:
    from f.payments.stripe.account import open_account
    from f.payments.stripe.refunds import create_refund as create
    from f.store.stores import open_store

    with open_store(database, "payments") as store, open_account(stripe, store) as account:
        return create(account, payment, amount, reason, request_key, metadata)
