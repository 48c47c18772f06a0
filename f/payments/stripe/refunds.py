"""Refunds: money back to the payer, once.

https://docs.stripe.com/api/refunds
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.calls.reply_reader import id_of, word_of
from f.connect.errors import GiveUpRecord
from f.payments.stripe.account import Outcome, Write
from f.payments.stripe.client import id_segment
from f.payments.stripe.fields import id_in, metadata_of, said, when_of
from f.payments.stripe.money import main_units, minor_units

if TYPE_CHECKING:
    from f.payments.stripe.account import Account

_FAILED = {
    "charge_for_pending_refund_disputed": "the payer disputes the payment",
    "declined": "the bank declined it",
    "expired_or_canceled_card": "the card has expired or was canceled",
    "insufficient_funds": "the balance at Stripe is too low",
    "lost_or_stolen_card": "the card was lost or stolen",
    "merchant_request": "it was canceled at your request",
    "unknown": "the bank gave no reason",
}


class RefundResult(TypedDict):
    """`status`: succeeded, pending, requires_action, failed or canceled. `failed` says why it failed."""

    outcome: Outcome
    id: str
    status: str
    amount: str
    currency: str
    payment: str
    charge: str
    created: str
    failed: str


def create_refund(
    account: Account,
    payment: str,
    amount: str = "",
    reason: str = "",
    request_key: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> RefundResult:
    """Refund a payment (pi_...) or charge (ch_...), whole or in part.

    Without a key a second run with the same payment and amount refunds nothing more: two refunds of the same
    amount need a key each.
    """
    is_charge = said(payment).startswith(("ch_", "py_"))
    number = id_segment(payment, "" if is_charge else "pi_", "payment")
    value = None
    if said(amount):
        value = minor_units(amount, _currency(account, number, is_charge=is_charge))
    name = "charge" if is_charge else "payment_intent"
    params = {name: number, "amount": value, "reason": reason or None, "metadata": metadata_of(metadata)}
    made = account.write(
        Write(
            path="refunds",
            collection="refunds",
            kind="refund",
            noun="refund",
            params=params,
            key=account.key("refund", *((said(request_key),) if said(request_key) else (number, value))),
            inputs=(number, value),
            list_filter={name: number},
        )
    )
    result = _result(made.object, made.outcome)
    if result["status"] in {"failed", "canceled"}:
        raise GiveUpRecord(
            f"The refund {result['id']} is {result['status']}. {result['failed']} To refund it anew, give a "
            "request_key.".replace("  ", " "),
            code="refund_failed",
        )
    return result


def _currency(account: Account, number: str, *, is_charge: bool) -> str:
    collection, kind = ("charges", "charge") if is_charge else ("payment_intents", "payment_intent")
    return word_of(account.read(f"{collection}/{number}", kind).get("currency"))


def _result(found: Mapping[str, Any], outcome: Outcome) -> RefundResult:
    currency, reason = word_of(found.get("currency")), word_of(found.get("failure_reason"))
    return {
        "outcome": outcome,
        "id": id_of(found.get("id")),
        "status": word_of(found.get("status")),
        "amount": main_units(found.get("amount"), currency),
        "currency": currency.upper(),
        "payment": id_in(found.get("payment_intent")),
        "charge": id_in(found.get("charge")),
        "created": when_of(found.get("created")),
        "failed": f"The refund failed: {_FAILED.get(reason, reason)}." if reason else "",
    }
