"""One attempt to charge a payment method: what it leaves behind, and how Stripe words a refusal.

https://docs.stripe.com/api/charges
"""

from __future__ import annotations

from typing import Any

from mill.twins.services.stripe.cards import Decline
from mill.twins.services.stripe.errors import CARD, StripeError
from mill.twins.services.stripe.objects import Body, Objects
from mill.twins.store import Ledger

KIND = "charge"


class Charges:
    """The charges of the account."""

    def __init__(self, objects: Objects, ledger: Ledger) -> None:
        self._objects, self._ledger = objects, ledger

    def attempt(self, intent: Body, method: Body, decline: Decline | None, *, capture: bool) -> Body:
        """Keep a charge of a payment intent: succeeded, authorised only, or failed."""
        amount = intent["amount"]
        charge = self._objects.new(
            KIND,
            {
                "amount": amount,
                "amount_captured": amount if capture and decline is None else 0,
                "amount_refunded": 0,
                "captured": capture and decline is None,
                "currency": intent["currency"],
                "customer": intent["customer"],
                "description": intent["description"],
                "failure_code": decline.code if decline else None,
                "failure_message": decline.message if decline else None,
                "metadata": intent["metadata"],
                "paid": decline is None,
                "payment_intent": intent["id"],
                "payment_method": method["id"],
                "refunded": False,
                "status": "failed" if decline else "succeeded",
            },
        )
        if decline is not None:
            self._note("charge.failed", charge)
        elif capture:
            self._note("charge.succeeded", charge)
        return charge

    def capture(self, id: str, amount: int) -> None:
        """Take the money of an authorised charge; what is left over is released."""
        charge = self._objects.get(KIND, id)
        captured = {**charge, "captured": True, "amount_captured": amount}
        self._note("charge.succeeded", self._objects.save(captured))

    def _note(self, kind: str, charge: Body) -> None:
        self._objects.changed(kind, charge)
        amount = charge["amount_captured"] or charge["amount"]
        about = {"id": charge["id"], "amount": amount, "currency": charge["currency"]}
        self._ledger.append(kind, charge["payment_intent"], about)


def last_error(decline: Decline, charge: Body | None, method: Body) -> dict[str, Any]:
    """Return what a payment intent keeps of a refusal."""
    shown = {name: value for name, value in method.items() if not name.startswith("_")}
    fields = {
        "advice_code": decline.advice_code,
        "charge": charge["id"] if charge else None,
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": shown,
        "payment_method_type": "card",
        "type": CARD,
    }
    return {name: value for name, value in fields.items() if value is not None}


def declined(error: dict[str, Any], intent: Body) -> StripeError:
    """Return the 402 of a refused charge, with the payment intent as it is now."""
    more = {name: value for name, value in error.items() if name not in {"message", "type", "doc_url"}}
    shown = {name: value for name, value in intent.items() if not name.startswith("_")}
    return StripeError(402, error["message"], CARD, **more, payment_intent=shown)
