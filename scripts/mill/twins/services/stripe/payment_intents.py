"""Payment intents and their states.

requires_payment_method -> requires_confirmation -> requires_action -> requires_capture -> succeeded; a
refused charge leads back to requires_payment_method. https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from mill.twins.services.stripe import cards, money
from mill.twins.services.stripe.charges import Charges, declined, last_error
from mill.twins.services.stripe.customers import Customers
from mill.twins.services.stripe.errors import StripeError
from mill.twins.services.stripe.objects import Body, Objects, merged
from mill.twins.services.stripe.params import (
    EXPAND,
    PAGE,
    SHIPPING,
    Params,
    anything,
    choice,
    either,
    email,
    flag,
    group,
    listing,
    metadata,
    text,
    whole,
)
from mill.twins.store import Ledger

KIND = "payment_intent"
_NO_TYPES = (
    "The parameter `payment_method_types` is no longer supported on this API version. Use dynamic payment "
    "methods, `allowed_payment_method_types` or `excluded_payment_method_types` instead."
)
_REMOVED = {"payment_method_types": (_NO_TYPES, "payment_method_types_no_longer_supported")}
_UNSEEN = (
    *("amount_details", "application_fee_amount", "confirmation_token", "customer_account", "hooks"),
    *("mandate", "mandate_data", "on_behalf_of", "payment_details", "payment_method_configuration"),
    *("payment_method_data", "payment_method_options", "radar_options", "transfer_data", "transfer_group"),
)
_SHARED = {
    **EXPAND,
    **dict.fromkeys(_UNSEEN, anything),
    "allowed_payment_method_types": listing(text()),
    "excluded_payment_method_types": listing(text()),
    "capture_method": choice("automatic", "automatic_async", "manual"),
    "payment_method": text(),
    "receipt_email": email,
    "setup_future_usage": choice("", "off_session", "on_session"),
    "shipping": SHIPPING,
}
_DESCRIBED = {
    "amount": whole(1),
    "currency": text(),
    "customer": text(),
    "description": text(1000),
    "metadata": metadata,
    "statement_descriptor": text(22),
    "statement_descriptor_suffix": text(22),
}
_CONFIRMED = {
    "error_on_requires_action": flag,
    "off_session": either(flag, choice("one_off", "recurring")),
    "return_url": text(),
    "use_stripe_sdk": flag,
}
_AUTOMATIC = group({"enabled": flag, "allow_redirects": choice("always", "never")}, ("enabled",), unset=False)
_NOT_CONFIRM = (
    *("application_fee_amount", "customer_account", "on_behalf_of", "payment_method_configuration"),
    *("transfer_data", "transfer_group"),
)
CREATE = Params(
    {
        **_SHARED,
        **_DESCRIBED,
        **_CONFIRMED,
        "automatic_payment_methods": _AUTOMATIC,
        "confirm": flag,
        "confirmation_method": choice("automatic", "manual"),
    },
    ("amount", "currency"),
    _REMOVED,
)
_NOT_UPDATE = ("confirmation_token", "mandate", "mandate_data", "on_behalf_of", "radar_options")
_UPDATE = {**_SHARED, **_DESCRIBED}
UPDATE = Params({name: check for name, check in _UPDATE.items() if name not in _NOT_UPDATE}, (), _REMOVED)
_CONFIRM = {**_SHARED, **_CONFIRMED, "amount_to_confirm": whole(1)}
CONFIRM = Params({name: check for name, check in _CONFIRM.items() if name not in _NOT_CONFIRM}, (), _REMOVED)
CAPTURE = Params(
    {
        **EXPAND,
        **dict.fromkeys(("amount_details", "application_fee_amount", "hooks", "payment_details"), anything),
        **dict.fromkeys(("statement_descriptor", "statement_descriptor_suffix"), text(22)),
        "amount_to_capture": whole(1),
        "final_capture": flag,
        "metadata": metadata,
        "transfer_data": anything,
    }
)
CANCEL = Params(
    {
        **EXPAND,
        "cancellation_reason": choice("duplicate", "fraudulent", "requested_by_customer", "abandoned"),
    }
)
LIST = Params({**PAGE, "customer": text(), "customer_account": anything})
RETRIEVE = Params({**EXPAND, "client_secret": text()})
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_KEPT = (
    *("description", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor"),
    *("statement_descriptor_suffix", "capture_method", "confirmation_method"),
    *("allowed_payment_method_types", "excluded_payment_method_types"),
)
NEW: Body = {
    "allowed_payment_method_types": None,
    "amount_capturable": 0,
    "amount_received": 0,
    "canceled_at": None,
    "cancellation_reason": None,
    "capture_method": "automatic_async",
    "confirmation_method": "automatic",
    "customer": None,
    "description": None,
    "excluded_payment_method_types": None,
    "last_payment_error": None,
    "latest_charge": None,
    "metadata": {},
    "next_action": None,
    "payment_method": None,
    "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
    "payment_method_types": ["card", "link"],
    "receipt_email": None,
    "setup_future_usage": None,
    "shipping": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "status": "requires_payment_method",
}


class PaymentIntents:
    """The payment intents of the account. `paid` hears of each that has succeeded."""

    def __init__(self, objects: Objects, ledger: Ledger, customers: Customers) -> None:
        self._objects, self._ledger, self._customers = objects, ledger, customers
        self._charges = Charges(objects, ledger)
        self.paid: Callable[[Body], None] = lambda _intent: None

    def create(self, given: Body) -> Body:
        """Make one, and confirm it at once if that is asked for. A refused charge leaves the intent."""
        confirm = given.get("confirm", False)
        if not confirm:
            for name in ("off_session", "error_on_requires_action", "return_url"):
                if name in given:
                    message = f"You cannot provide `{name}` without also setting `confirm` to `true`."
                    raise StripeError(400, message, param=name)
        currency = money.currency_of(given["currency"])
        money.check_charge(given["amount"], currency)
        if given.get("customer"):
            self._customers.named(given["customer"])
        automatic = given.get("automatic_payment_methods", {"enabled": True})
        body: Body = {
            **NEW,
            "amount": given["amount"],
            "automatic_payment_methods": {"allow_redirects": "always", **automatic},
            "currency": currency,
            "customer": given.get("customer") or None,
            "metadata": merged({}, given.get("metadata", {})),
        }
        body |= self._kept(given)
        if confirm:
            self._check_confirmable(body, given)
        method = given.get("payment_method")
        if method:
            body |= self._method(method, body["customer"])
        intent = self._objects.new(KIND, body)
        intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(12)}"
        self._objects.save(intent)
        about = {"id": intent["id"], "amount": intent["amount"], "currency": currency}
        self._ledger.append("payment_intent.created", intent["id"], {**about, "metadata": intent["metadata"]})
        self._objects.changed("payment_intent.created", intent)
        return self._charge(intent, given) if confirm else intent

    def for_invoice(self, invoice: Body, method: str | None) -> Body:
        """Make the one that pays an invoice. It asks for no way back: Stripe's own pages show it."""
        body: Body = {
            **NEW,
            "amount": invoice["total"],
            "automatic_payment_methods": None,
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "payment_method": method,
            "status": "requires_confirmation" if method else "requires_payment_method",
            "_invoice": invoice["id"],
        }
        intent = self._objects.new(KIND, body)
        intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(12)}"
        about = {"id": intent["id"], "amount": intent["amount"], "currency": intent["currency"]}
        self._ledger.append("payment_intent.created", intent["id"], {**about, "metadata": {}})
        self._objects.changed("payment_intent.created", intent)
        return self._objects.save(intent)

    def update(self, id: str, given: Body) -> Body:
        """Change what is not being paid yet."""
        intent = self._in_state(id, "update", *_OPEN)
        changes = self._kept(given)
        if "currency" in given:
            changes["currency"] = money.currency_of(given["currency"])
        if "amount" in given:
            changes["amount"] = given["amount"]
        changed = {**intent, **changes}
        money.check_charge(changed["amount"], changed["currency"])
        if given.get("customer"):
            self._customers.named(given["customer"])
            changed["customer"] = given["customer"]
        if "metadata" in given:
            changed["metadata"] = merged(intent["metadata"], given["metadata"])
        if given.get("payment_method"):
            changed |= self._method(given["payment_method"], changed["customer"])
        return self._objects.save(changed)

    def confirm(self, id: str, given: Body) -> Body:
        """Charge the payment method."""
        intent = self._in_state(id, "confirm", *_OPEN)
        self._check_confirmable(intent, given)
        changed = {**intent, **self._kept(given)}
        if given.get("payment_method"):
            changed |= self._method(given["payment_method"], changed["customer"])
        return self._charge(changed, given)

    def capture(self, id: str, given: Body) -> Body:
        """Take the money that was set aside, or a part of it."""
        intent = self._in_state(id, "capture", "requires_capture")
        amount: int = given.get("amount_to_capture") or intent["amount_capturable"]
        if amount > intent["amount_capturable"]:
            message = (
                f"The provided capture amount {money.shown(amount, intent['currency'])} is greater than the "
                f"amount you can capture from the PaymentIntent "
                f"{money.shown(intent['amount_capturable'], intent['currency'])}."
            )
            raise StripeError(400, message, code="amount_too_large", param="amount_to_capture")
        self._charges.capture(intent["latest_charge"], amount)
        done = {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
        if "metadata" in given:
            done["metadata"] = merged(intent["metadata"], given["metadata"])
        return self._succeed({**intent, **done})

    def cancel(self, id: str, given: Body) -> Body:
        """End one that has not succeeded; what was set aside is released."""
        intent = self._in_state(id, "cancel", *_OPEN, "requires_capture", "processing")
        about = {"cancellation_reason": given.get("cancellation_reason"), "canceled_at": self._objects.now}
        canceled = {**intent, **about, "status": "canceled", "amount_capturable": 0, "next_action": None}
        self._ledger.append("payment_intent.canceled", id, {"id": id})
        return self._saved("payment_intent.canceled", canceled)

    def list(self, asked: Body) -> Body:
        """Return a page, of a customer's if one is named."""
        customer = asked.get("customer")
        found = self._objects.having(KIND, "customer", customer) if customer else self._objects.all(KIND)
        return self._objects.page("/v1/payment_intents", KIND, found, asked)

    def retrieve(self, id: str) -> Body:
        """Return one."""
        return self._objects.get(KIND, id)

    def _kept(self, given: Body) -> Body:
        return {name: given[name] if given[name] != "" else None for name in _KEPT if name in given}

    def _method(self, id: str, customer: str | None) -> Body:
        method = cards.resolve(self._objects, id, customer)
        return {"payment_method": method["id"], "status": "requires_confirmation"}

    def _in_state(self, id: str, verb: str, *states: str) -> Body:
        intent = self._objects.get(KIND, id)
        if intent["status"] in states:
            return intent
        message = (
            f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}. Only a "
            f"PaymentIntent with one of the following statuses may be used: {', '.join(states)}."
        )
        shown = {name: value for name, value in intent.items() if not name.startswith("_")}
        raise StripeError(400, message, code="payment_intent_unexpected_state", payment_intent=shown)

    @staticmethod
    def _check_confirmable(intent: Body, given: Body) -> None:
        """Raise StripeError unless there is something to charge, and somewhere to come back to."""
        if not (given.get("payment_method") or intent["payment_method"]):
            message = (
                "You cannot confirm this PaymentIntent because it's missing a payment method. You can either "
                "update the PaymentIntent with a payment method and then confirm it again, or confirm it "
                "again directly with a payment method or ConfirmationToken."
            )
            raise StripeError(400, message, code="payment_intent_unexpected_state")
        automatic = intent["automatic_payment_methods"] or {"enabled": False}
        redirects = automatic["enabled"] and automatic["allow_redirects"] == "always"
        stays = given.get("off_session") or given.get("use_stripe_sdk")
        if redirects and not given.get("return_url") and not stays:
            message = (
                "This PaymentIntent accepts payment methods that may redirect your customer off your page: "
                "you must provide a `return_url`, or set `automatic_payment_methods[enabled]` to `true` and "
                "`automatic_payment_methods[allow_redirects]` to `never` when you create it."
            )
            raise StripeError(400, message, param="return_url")

    def _charge(self, intent: Body, given: Body) -> Body:
        """Try to charge. Raises StripeError 402 for a refusal, which the intent has kept."""
        method = self._objects.get("payment_method", intent["payment_method"])
        off_session = bool(given.get("off_session"))
        decline = cards.decline_of(method, off_session=off_session)
        if decline is None and cards.needs_authentication(method):
            if not given.get("error_on_requires_action"):
                action = _action(intent["id"], given.get("return_url"))
                waiting = {**intent, "status": "requires_action", "next_action": action}
                return self._saved("payment_intent.requires_action", waiting)
            decline = cards.AUTHENTICATION_REQUIRED
        manual = intent["capture_method"] == "manual"
        charge = self._charges.attempt(intent, method, decline, capture=not manual)
        intent = {**intent, "latest_charge": charge["id"], "next_action": None}
        if decline is not None:
            problem = last_error(decline, charge, method)
            intent |= {"status": "requires_payment_method", "payment_method": None}
            failed = self._saved("payment_intent.payment_failed", {**intent, "last_payment_error": problem})
            raise declined(problem, failed)
        intent["last_payment_error"] = None
        if manual:
            held = {"status": "requires_capture", "amount_capturable": intent["amount"]}
            return self._saved("payment_intent.amount_capturable_updated", {**intent, **held})
        return self._succeed({**intent, "status": "succeeded", "amount_received": intent["amount"]})

    def _succeed(self, intent: Body) -> Body:
        self._saved("payment_intent.succeeded", intent)
        about: dict[str, Any] = {"amount": intent["amount_received"], "currency": intent["currency"]}
        self._ledger.append("payment_intent.succeeded", intent["id"], {"id": intent["id"], **about})
        self.paid(intent)
        return intent

    def _saved(self, change: str, intent: Body) -> Body:
        """Keep an intent as it is after a change that others are told of."""
        self._objects.changed(change, self._objects.save(intent))
        return intent


def _action(id: str, back: str | None) -> Body:
    """What the customer has to do: go to the bank's page, or let Stripe's own script show it."""
    if back is None:
        return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    url = f"https://hooks.stripe.com/redirect/authenticate/{id}"
    return {"type": "redirect_to_url", "redirect_to_url": {"return_url": back, "url": url}}
