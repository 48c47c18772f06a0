"""Invoices and what was paid of them, in both shapes that Stripe has had.

Since version basil (2025-03) an invoice has no `payment_intent` and no `paid`, and may be paid by several
payments: https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.calls.reply_reader import id_of, word_of
from f.connect.errors import FixInput, FixSettings
from f.payments.stripe.client import id_segment
from f.payments.stripe.fields import id_in, limit_of, object_in, when_of
from f.payments.stripe.money import main_units

if TYPE_CHECKING:
    from f.payments.stripe.account import Account


class InvoicePayment(TypedDict):
    """One payment of an invoice. `payment` is the payment intent, `charge` what older ones have instead.

    `amount` is what was asked for, `amount_paid` what came, both as text in the currency's main unit.
    """

    id: str
    status: str
    amount: str
    amount_paid: str
    currency: str
    payment: str
    charge: str
    is_default: bool
    paid_at: str


class InvoicePayments(TypedDict):
    """`paid`: nothing is left to pay. `has_more`: there are more payments than were asked for."""

    invoice: str
    invoice_status: str
    paid: bool
    total: str
    currency: str
    subscription: str
    payments: list[InvoicePayment]
    has_more: bool


def list_payments_of(account: Account, invoice: str, limit: int) -> InvoicePayments:
    """Return what was paid of an invoice. Where Stripe has no list of that, the invoice itself tells."""
    number, most = id_segment(invoice, "in_", "invoice"), limit_of(limit)
    found = read_invoice(account, number)
    try:
        page = account.listed("invoice_payments", {"invoice": number}, most)
    except (FixInput, FixSettings) as error:
        if error.status != 404 or not payment_of(found):
            raise
        payments, has_more = [_older(found)], False
    else:
        payments, has_more = [_payment(one) for one in page.objects], page.has_more
    currency = word_of(found.get("currency"))
    return {
        "invoice": id_of(found.get("id")),
        "invoice_status": word_of(found.get("status")),
        "paid": is_paid(found),
        "total": main_units(found.get("total"), currency),
        "currency": currency.upper(),
        "subscription": subscription_of(found),
        "payments": payments,
        "has_more": has_more,
    }


def read_invoice(account: Account, invoice: str) -> dict[str, Any]:
    """Return an invoice as it is now; FixInput if there is none."""
    return account.read(f"invoices/{id_segment(invoice, 'in_', 'invoice')}", "invoice")


def read_invoice_of(account: Account, payment: str) -> dict[str, Any]:
    """Return the invoice that an invoice payment (inpay_...) is for."""
    number = id_segment(payment, "inpay_", "invoice payment")
    found = account.read(f"invoice_payments/{number}", "invoice_payment")
    return read_invoice(account, id_in(found.get("invoice")))


def is_paid(invoice: Mapping[str, Any]) -> bool:
    """Return whether nothing is left to pay."""
    return invoice.get("status") == "paid" or invoice.get("paid") is True


def payment_of(invoice: Mapping[str, Any]) -> str:
    """Return the payment intent of an invoice, where it tells one."""
    older = id_in(invoice.get("payment_intent"))
    if older:
        return older
    entries = object_in(invoice.get("payments")).get("data")
    for entry in entries if isinstance(entries, list) else ():
        found = id_in(object_in(object_in(entry).get("payment")).get("payment_intent"))
        if found:
            return found
    return ""


def client_secret_of(invoice: Mapping[str, Any]) -> str:
    """Return the secret with which the payer's page confirms the invoice's first payment, if it is there."""
    for holder in ("confirmation_secret", "payment_intent"):  # since basil, and before
        secret = id_of(object_in(invoice.get(holder)).get("client_secret"))
        if secret:
            return secret
    return ""


def subscription_of(invoice: Mapping[str, Any]) -> str:
    """Return the subscription an invoice is of; empty if it is of none."""
    details = object_in(object_in(invoice.get("parent")).get("subscription_details"))
    return id_in(details.get("subscription")) or id_in(invoice.get("subscription"))


def _payment(entry: Mapping[str, Any]) -> InvoicePayment:
    payment, currency = object_in(entry.get("payment")), word_of(entry.get("currency"))
    return {
        "id": id_of(entry.get("id")),
        "status": word_of(entry.get("status")),
        "amount": main_units(entry.get("amount_requested"), currency),
        "amount_paid": main_units(entry.get("amount_paid"), currency),
        "currency": currency.upper(),
        "payment": id_in(payment.get("payment_intent")),
        "charge": id_in(payment.get("charge")),
        "is_default": entry.get("is_default") is True,
        "paid_at": when_of(object_in(entry.get("status_transitions")).get("paid_at")),
    }


def _older(invoice: Mapping[str, Any]) -> InvoicePayment:
    currency = word_of(invoice.get("currency"))
    return {
        "id": "",
        "status": "paid" if is_paid(invoice) else "open",
        "amount": main_units(invoice.get("amount_due"), currency),
        "amount_paid": main_units(invoice.get("amount_paid"), currency),
        "currency": currency.upper(),
        "payment": payment_of(invoice),
        "charge": id_in(invoice.get("charge")),
        "is_default": True,
        "paid_at": when_of(object_in(invoice.get("status_transitions")).get("paid_at")),
    }
