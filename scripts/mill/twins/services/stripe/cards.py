"""The payment methods of Stripe's test mode, and what a charge of each ends with.

https://docs.stripe.com/testing, https://docs.stripe.com/declines/codes
"""

from __future__ import annotations

from dataclasses import dataclass

from mill.twins.services.stripe.errors import StripeError, no_such
from mill.twins.services.stripe.objects import Body, Objects, merged
from mill.twins.services.stripe.params import EXPAND, Params, choice, group, metadata, text

KIND = "payment_method"
_TOKEN = group({"token": text()}, ("token",), unset=False)
CREATE = Params(
    {**EXPAND, "type": choice("card", "link"), "card": _TOKEN, "metadata": metadata}, ("type", "card")
)
ATTACH = Params({**EXPAND, "customer": text()}, ("customer",))
_DECLINED, _LATER, _NEVER = "Your card was declined.", "try_again_later", "do_not_try_again"
_INCORRECT = "confirm_card_data"


@dataclass(frozen=True, slots=True)
class Decline:
    """Why an issuer refuses a charge."""

    code: str
    message: str
    decline_code: str | None = None
    advice_code: str | None = None


def _card_declined(decline_code: str, advice: str | None, message: str = _DECLINED) -> Decline:
    return Decline("card_declined", message, decline_code, advice)


_DECLINES = {
    "pm_card_chargeDeclined": _card_declined("generic_decline", _LATER),
    "pm_card_chargeDeclinedInsufficientFunds": _card_declined(
        "insufficient_funds", _LATER, "Your card has insufficient funds."
    ),
    "pm_card_chargeDeclinedLostCard": _card_declined("lost_card", _NEVER),
    "pm_card_chargeDeclinedStolenCard": _card_declined("stolen_card", _NEVER),
    "pm_card_chargeDeclinedFraudulent": _card_declined("fraudulent", _NEVER),
    "pm_card_chargeDeclinedVelocityLimitExceeded": _card_declined("card_velocity_exceeded", _LATER),
    "pm_card_chargeDeclinedExpiredCard": Decline("expired_card", "Your card has expired.", None, _INCORRECT),
    "pm_card_chargeDeclinedIncorrectCvc": Decline(
        "incorrect_cvc", "Your card's security code is incorrect.", None, _INCORRECT
    ),
    "pm_card_chargeDeclinedProcessingError": Decline(
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        None,
        _LATER,
    ),
}
# Attaching them works, charging them later does not.
_DECLINES["pm_card_chargeCustomerFail"] = _DECLINES["pm_card_chargeDeclined"]
_GOOD = frozenset(
    f"pm_card_{name}"
    for name in (
        *("visa", "visa_debit", "mastercard", "amex", "discover", "diners", "jcb", "unionpay"),
        *("us", "de", "gb", "fr", "jp", "bypassPending"),
    )
)
_AUTHENTICATED = frozenset(
    f"pm_card_{name}"
    for name in (
        *("authenticationRequired", "authenticationRequiredOnSetup"),
        *("threeDSecure2Required", "threeDSecureRequired"),
    )
)
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "authentication_required",
    None,
)


def resolve(objects: Objects, id: str, customer: str | None, param: str = "payment_method") -> Body:
    """Return the payment method of this id; one of the test mode's names makes a new one each time.

    Raises StripeError 400 for one that is another customer's.
    """
    magic = id.replace("pm_card_visa_", "pm_card_") if "Declined" in id else id
    if magic not in _DECLINES and magic not in _GOOD | _AUTHENTICATED:
        found = objects.having(KIND, "id", id)
        if not found:
            raise no_such("PaymentMethod", id, param)
        if found[0]["customer"] not in {None, customer}:
            message = f"{id} is no payment method of this customer: attach it to the customer who pays."
            raise StripeError(400, message, param=param)
        return found[0]
    brand = magic.removeprefix("pm_card_") if magic in _GOOD else "visa"
    card = {"brand": brand, "exp_month": 12, "exp_year": 2034, "last4": "4242", "funding": "credit"}
    kept = {"type": "card", "card": card, "customer": customer, "metadata": {}, "_magic": magic}
    return objects.new(KIND, kept)


def decline_of(method: Body, *, off_session: bool) -> Decline | None:
    """Return why a charge fails, if it does. Nobody is there to authenticate it off session."""
    if off_session and method["_magic"] in _AUTHENTICATED:
        return AUTHENTICATION_REQUIRED
    return _DECLINES.get(method["_magic"])


def needs_authentication(method: Body) -> bool:
    """Return whether the customer has to say yes to a bank."""
    return method["_magic"] in _AUTHENTICATED


def attach(objects: Objects, id: str, customer: str) -> Body:
    """Give a payment method to a customer."""
    method = resolve(objects, id, customer, "id")
    return objects.save({**method, "customer": customer})


def create(objects: Objects, given: Body) -> Body:
    """Return a new card from one of the test mode's tokens."""
    token = given["card"]["token"]
    method = resolve(objects, f"pm_card_{token.removeprefix('tok_')}", None, "card[token]")
    return objects.save({**method, "metadata": merged({}, given.get("metadata", {}))})
