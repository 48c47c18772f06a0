"""Refunds: of a charge, and never more than was charged.

https://docs.stripe.com/api/refunds
"""

from __future__ import annotations

from mill.twins.services.stripe import money
from mill.twins.services.stripe.errors import InvalidParams, StripeError
from mill.twins.services.stripe.objects import Body, Objects, merged
from mill.twins.services.stripe.params import (
    EXPAND,
    PAGE,
    Params,
    anything,
    choice,
    flag,
    metadata,
    text,
    whole,
)
from mill.twins.store import Ledger

KIND = "refund"
CREATE = Params(
    {
        **EXPAND,
        **dict.fromkeys(("currency", "customer", "instructions_email", "origin"), anything),
        "amount": whole(1),
        "charge": text(),
        "metadata": metadata,
        "payment_intent": text(),
        "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
        "refund_application_fee": flag,
        "reverse_transfer": flag,
    }
)
LIST = Params({**PAGE, "charge": text(), "payment_intent": text()})
RETRIEVE = Params(EXPAND)


class Refunds:
    """The refunds of the account."""

    def __init__(self, objects: Objects, ledger: Ledger) -> None:
        self._objects, self._ledger = objects, ledger

    def create(self, given: Body) -> Body:
        """Give back an amount, or all that is left of a charge."""
        charge = self._charge(given)
        shown_id, currency = charge["id"], charge["currency"]
        if not charge["captured"]:
            message = f"Charge {shown_id} has not been captured: cancel its PaymentIntent instead."
            raise StripeError(400, message, code="charge_not_refundable")
        left = charge["amount_captured"] - charge["amount_refunded"]
        if left == 0:
            message = f"Charge {shown_id} has already been refunded."
            raise StripeError(400, message, code="charge_already_refunded")
        amount = given.get("amount", left)
        if amount > left:
            message = (
                f"Refund amount ({money.shown(amount, currency)}) is greater than unrefunded amount on "
                f"charge ({money.shown(left, currency)})"
            )
            raise StripeError(400, message, param="amount")
        refunded = charge["amount_refunded"] + amount
        whole_charge = refunded == charge["amount_captured"]
        given_back = self._objects.save({**charge, "amount_refunded": refunded, "refunded": whole_charge})
        made = self._objects.new(
            KIND,
            {
                "amount": amount,
                "charge": shown_id,
                "currency": currency,
                "failure_reason": None,
                "metadata": merged({}, given.get("metadata", {})),
                "payment_intent": charge["payment_intent"],
                "reason": given.get("reason"),
                "receipt_number": None,
                "status": "succeeded",
            },
        )
        about = {"id": made["id"], "amount": amount, "currency": currency}
        self._ledger.append("refund.created", charge["payment_intent"], about)
        self._objects.changed("refund.created", made)
        self._objects.changed("charge.refunded", given_back)
        return made

    def retrieve(self, id: str) -> Body:
        """Return one."""
        return self._objects.get(KIND, id)

    def list(self, asked: Body) -> Body:
        """Return a page, of a charge or payment intent if one is named."""
        for name in ("charge", "payment_intent"):
            if asked.get(name):
                found = self._objects.having(KIND, name, asked[name])
                break
        else:
            found = self._objects.all(KIND)
        return self._objects.page("/v1/refunds", KIND, found, asked)

    def _charge(self, given: Body) -> Body:
        charge_id, intent_id = given.get("charge"), given.get("payment_intent")
        if bool(charge_id) == bool(intent_id):
            message = "You must provide exactly one of the following parameters: charge, payment_intent."
            raise InvalidParams(message, "payment_intent", "parameter_missing")
        if charge_id:
            return self._objects.get("charge", charge_id, "charge")
        intent = self._objects.get("payment_intent", str(intent_id), "payment_intent")
        if intent["latest_charge"] is None or intent["status"] not in {"succeeded", "requires_capture"}:
            message = f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
            raise StripeError(400, message, code="charge_not_refundable", param="payment_intent")
        return self._objects.get("charge", intent["latest_charge"])
