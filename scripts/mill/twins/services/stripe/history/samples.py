"""What every account of this twin has from the start: the objects that the sample events tell of.

They are found by their ids and are in no list, so that an empty account is empty. The events lie in
flows/data/webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mill.twins.services.stripe import payment_intents, subscriptions
from mill.twins.services.stripe.objects import Body

_AT = 1_795_694_400  # 26 November 2026
_MONTH = 30 * 86_400
_CUSTOMER = "cus_sample"
_DECLINE = {
    "advice_code": "try_again_later",
    "charge": "ch_sample_failed",
    "code": "card_declined",
    "decline_code": "insufficient_funds",
    "message": "Your card has insufficient funds.",
    "type": "card_error",
}


def sample_objects() -> Mapping[str, Body]:
    """Return them by id."""
    paid = _payment("pi_sample_paid", status="succeeded", amount_received=1099, latest_charge="ch_sample")
    failed = _payment("pi_sample_failed", latest_charge="ch_sample_failed", last_payment_error=_DECLINE)
    ended = _subscription(
        "sub_sample_ended",
        status="canceled",
        canceled_at=_AT + 60,
        ended_at=_AT + 60,
        cancellation_details={
            "comment": None,
            "feedback": "too_expensive",
            "reason": "cancellation_requested",
        },
    )
    started = _subscription("sub_sample", status="active", latest_invoice="in_sample")
    charges = (_charge("ch_sample", paid), _charge("ch_sample_failed", failed))
    found = (paid, failed, *charges, started, ended, _invoice(), _invoice_payment())
    return {body["id"]: body for body in found}


def _payment(id: str, **more: Any) -> Body:
    return {
        "id": id,
        "object": "payment_intent",
        "created": _AT,
        "livemode": False,
        **payment_intents.NEW,
        "amount": 1099,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "client_secret": f"{id}_secret_sample",
        "currency": "eur",
        "customer": _CUSTOMER,
        "description": "Order 1001",
        **more,
    }


def _charge(id: str, intent: Body) -> Body:
    paid = intent["status"] == "succeeded"
    return {
        "id": id,
        "object": "charge",
        "created": _AT,
        "livemode": False,
        "amount": intent["amount"],
        "amount_captured": intent["amount_received"],
        "amount_refunded": 0,
        "captured": paid,
        "currency": intent["currency"],
        "customer": _CUSTOMER,
        "description": intent["description"],
        "failure_code": None if paid else _DECLINE["code"],
        "failure_message": None if paid else _DECLINE["message"],
        "metadata": {},
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": None,
        "refunded": False,
        "status": "succeeded" if paid else "failed",
    }


def _subscription(id: str, **more: Any) -> Body:
    item = {
        "id": f"si_{id}",
        "object": "subscription_item",
        "created": _AT,
        "current_period_end": _AT + _MONTH,
        "current_period_start": _AT,
        "metadata": {},
        "price": {"id": "price_basic", "object": "price", "currency": "eur", "unit_amount": 1000},
        "quantity": 1,
        "subscription": id,
    }
    items = {"object": "list", "data": [item], "has_more": False, "url": "/v1/subscription_items"}
    start = {"billing_cycle_anchor": _AT, "currency": "eur", "start_date": _AT}
    known = {"id": id, "object": "subscription", "created": _AT, "livemode": False}
    return {**known, **subscriptions.NEW, **start, "customer": _CUSTOMER, "items": items, **more}


def _invoice() -> Body:
    line = {
        "id": "il_sample",
        "object": "line_item",
        "amount": 1000,
        "currency": "eur",
        "period": {"start": _AT, "end": _AT + _MONTH},
        "quantity": 1,
    }
    return {
        "id": "in_sample",
        "object": "invoice",
        "created": _AT,
        "livemode": False,
        "amount_due": 1000,
        "amount_paid": 1000,
        "amount_remaining": 0,
        "billing_reason": "subscription_create",
        "currency": "eur",
        "customer": _CUSTOMER,
        "hosted_invoice_url": "https://invoice.stripe.com/i/in_sample",
        "lines": {"object": "list", "data": [line], "has_more": False},
        "metadata": {},
        "number": "MILL-0001",
        "parent": {
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"subscription": "sub_sample", "metadata": {}},
        },
        "period_end": _AT,
        "period_start": _AT,
        "status": "paid",
        "status_transitions": {"finalized_at": _AT, "paid_at": _AT},
        "subtotal": 1000,
        "total": 1000,
        "_subscription": "sub_sample",
    }


def _invoice_payment() -> Body:
    return {
        "id": "inpay_sample",
        "object": "invoice_payment",
        "created": _AT,
        "livemode": False,
        "amount_paid": 1000,
        "amount_requested": 1000,
        "currency": "eur",
        "invoice": "in_sample",
        "is_default": True,
        "payment": {"type": "payment_intent", "payment_intent": "pi_sample_paid"},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": _AT},
    }
