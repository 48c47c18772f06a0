"""Payments (Stripe: payment intents): made, confirmed, captured, canceled, listed.

https://docs.stripe.com/api/payment_intents, https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.calls.reply_reader import id_of, word_of
from f.connect.errors import FixInput, GiveUpRecord
from f.connect.redact import remember
from f.payments.stripe.account import Outcome, Write, Written
from f.payments.stripe.client import id_segment
from f.payments.stripe.fields import (
    choice_of,
    email_of,
    id_in,
    limit_of,
    metadata_in,
    metadata_of,
    object_in,
    said,
    span_of,
    text_in,
    when_of,
)
from f.payments.stripe.money import currency_of, main_units, minor_units
from f.payments.stripe.reasons import failure_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from f.payments.stripe.account import Account

_KIND = "payment_intent"
_COLLECTION = "payment_intents"
_PAID = "To give money back, refund it (create_refund)."
_NEXT = {
    "requires_payment_method": (
        "The payer gives a way to pay: on your page, with the client secret, or you confirm it with a "
        "payment method of the customer (confirm_payment)."
    ),
    "requires_confirmation": "Confirm it (confirm_payment).",
    "requires_action": (
        "The payer has to confirm it at the bank: on your page, with the client secret, or at redirect_url."
    ),
    "requires_capture": (
        "The money is reserved for some days: take it (capture_payment) or let it go (cancel_payment)."
    ),
    "processing": "The bank is working on it. Wait for the webhook, or look again later.",
}


class Payment(TypedDict):
    """A payment as Stripe has it: amounts as text in the currency's main unit, `created` in ISO 8601.

    `declined` says why the last try to pay failed; `next_step` who does what now.
    """

    id: str
    status: str
    amount: str
    amount_received: str
    currency: str
    customer: str
    description: str
    created: str
    livemode: bool
    declined: str
    next_step: str
    metadata: dict[str, str]


class PaymentResult(TypedDict):
    """`outcome`: already_done if an earlier run did it.

    With `client_secret` the payer's page confirms the payment: give it to nobody but the payer.
    `redirect_url` is where the payer has to go, if anywhere.
    """

    outcome: Outcome
    id: str
    status: str
    payment: Payment
    client_secret: str
    redirect_url: str


class Payments(TypedDict):
    """`next` continues the list: give it as starting_after."""

    payments: list[Payment]
    count: int
    has_more: bool
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be paid. `amount` is text in the currency's main unit. `capture` later only reserves it."""

    amount: str
    currency: str
    customer: str = ""
    description: str = ""
    receipt_email: str = ""
    capture: str = "now"
    allow_redirects: str = "always"
    metadata: Mapping[str, Any] | None = None

    def params(self) -> dict[str, Any]:
        """Return it in Stripe's words; FixInput says what does not fit."""
        currency = currency_of(self.currency)
        later = choice_of(self.capture, ("now", "later"), "capture") == "later"
        redirects = choice_of(self.allow_redirects, ("always", "never"), "allow_redirects")
        customer = id_segment(self.customer, "cus_", "customer") if said(self.customer) else None
        return {
            "amount": minor_units(self.amount, currency),
            "currency": currency,
            "customer": customer,
            "description": said(self.description) or None,
            "receipt_email": email_of(self.receipt_email) or None,
            "capture_method": "manual" if later else None,
            "automatic_payment_methods": {
                "enabled": True,
                "allow_redirects": "never" if redirects == "never" else None,
            },
            "metadata": metadata_of(self.metadata),
        }


def create_payment(
    account: Account, order: Order, request_key: str, payment_method_types: Sequence[str] | None = None
) -> Written:
    """Make a payment, once for a key. FixInput if the key made another payment before."""
    if payment_method_types:
        raise FixInput(
            "Stripe takes no payment_method_types any more (since version endive, 2026-09). Leave it empty: "
            "ways to pay are switched on and off in Stripe's dashboard, under Settings > Payment methods.",
            code="payment_method_types_no_longer_supported",
        )
    params = order.params()
    return account.write(
        Write(
            path=_COLLECTION,
            collection=_COLLECTION,
            kind=_KIND,
            noun="payment",
            params=params,
            key=account.key("payment", key_text(request_key)),
            inputs=tuple(params[name] for name in ("amount", "currency", "customer", "capture_method")),
            list_filter={"customer": params["customer"]},
        )
    )


def key_text(request_key: str) -> str:
    """Return the key a person gave; FixInput for an empty one."""
    key = said(request_key)
    if not key:
        raise FixInput(
            "Give a request_key, such as order-4711: a second run with it does not do the same again.",
            code="no_key",
        )
    return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """How a payment is confirmed. `off_session`: the payer is not there; a check by the bank is a decline."""

    payment_method: str = ""
    return_url: str = ""
    off_session: bool = False


def confirm_payment(account: Account, payment: str, how: Confirmation, request_key: str = "") -> Written:
    """Confirm a payment; GiveUpRecord says why it was declined, and what the payer does next."""
    back = said(how.return_url)
    if back and not back.startswith(("https://", "http://localhost", "http://127.")):
        raise FixInput("The return_url must begin with https://.", code="bad_url")
    method = id_segment(how.payment_method, "", "payment method") if said(how.payment_method) else None
    params = {
        "payment_method": method,
        "return_url": back or None,
        "off_session": True if how.off_session else None,
    }
    confirmed = {"succeeded", "processing", "requires_capture", "requires_action"}

    def reached(found: Mapping[str, Any]) -> bool:
        return found.get("status") in confirmed

    done = _act(account, payment, "confirm", params, reached, request_key, method)
    told = payment_of(done.object)
    if told["status"] == "canceled":
        raise GiveUpRecord("The payment is not paid: it is canceled. Make another one.", code="not_confirmed")
    if not reached(done.object):
        again = done.outcome == "already_done"
        before = f"An earlier run confirmed it, and it is in state {told['status']} again." if again else ""
        step = "To confirm it anew, give a request_key." if again else told["next_step"]
        known = told["status"] in _NEXT
        state = "is not paid." if known else f"may not be paid: it is in state {told['status'] or 'unknown'}."
        sentence = " ".join(filter(None, (f"The payment {state}", before, told["declined"], step)))
        raise GiveUpRecord(sentence, code="not_confirmed")
    return done


def capture_payment(account: Account, payment: str, amount: str = "", request_key: str = "") -> Written:
    """Take the reserved money, or less of it; the rest is let go."""
    value = None
    if said(amount):
        value = minor_units(amount, str(read_payment(account, payment).get("currency")))
    params = {"amount_to_capture": value}

    def reached(found: Mapping[str, Any]) -> bool:
        taken = found.get("amount") if value is None else value
        return found.get("status") == "succeeded" and found.get("amount_received") == taken

    return _act(account, payment, "capture", params, reached, request_key, value)


def cancel_payment(account: Account, payment: str, reason: str = "") -> Written:
    """Cancel a payment that was not paid; one that is canceled already is left as it is."""
    params = {"cancellation_reason": reason or None}
    return _act(account, payment, "cancel", params, lambda found: found.get("status") == "canceled")


def list_payments(
    account: Account, customer: str, created_from: str, created_until: str, limit: int, starting_after: str
) -> Payments:
    """Return payments, newest first."""
    after = id_segment(starting_after, "pi_", "payment") if said(starting_after) else ""
    who = id_segment(customer, "cus_", "customer") if said(customer) else None
    params = {"customer": who, "created": span_of(created_from, created_until)}
    page = account.listed(_COLLECTION, params, limit_of(limit), after)
    found = [payment_of(one) for one in page.objects]
    return {
        "payments": found,
        "count": len(found),
        "has_more": page.has_more,
        "next": found[-1]["id"] if found and page.has_more else "",
    }


def result_of(done: Written, *, with_secret: bool = False) -> PaymentResult:
    """Return what a script tells of a payment; the client secret only where it was asked for."""
    payment = payment_of(done.object)
    secret = id_of(done.object.get("client_secret"))
    remember(secret)  # no log and no error is to quote it
    redirect = object_in(object_in(done.object.get("next_action")).get("redirect_to_url"))
    return {
        "outcome": done.outcome,
        "id": payment["id"],
        "status": payment["status"],
        "payment": payment,
        "client_secret": secret if with_secret else "",
        "redirect_url": text_in(redirect.get("url")) if with_secret else "",
    }


def payment_of(found: Mapping[str, Any]) -> Payment:
    """Return what we tell of a payment."""
    currency, status = word_of(found.get("currency")), word_of(found.get("status"))
    error = object_in(found.get("last_payment_error"))
    declined = ""
    if error:
        words = (word_of(error.get(name)) for name in ("decline_code", "code", "advice_code"))
        declined = failure_sentence(*words)
    return {
        "id": id_of(found.get("id")),
        "status": status,
        "amount": main_units(found.get("amount"), currency),
        "amount_received": main_units(found.get("amount_received"), currency),
        "currency": currency.upper(),
        "customer": id_in(found.get("customer")),
        "description": text_in(found.get("description")),
        "created": when_of(found.get("created")),
        "livemode": found.get("livemode") is True,
        "declined": declined,
        "next_step": _NEXT.get(status, ""),
        "metadata": metadata_in(found),
    }


def read_payment(account: Account, payment: str, expand: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a payment as it is now; FixInput if there is none."""
    return account.read(f"{_COLLECTION}/{id_segment(payment, 'pi_', 'payment')}", _KIND, expand)


def _act(
    account: Account,
    payment: str,
    action: str,
    params: Mapping[str, Any],
    reached: Callable[[Mapping[str, Any]], bool],
    *key: object,
) -> Written:
    """Change a payment's state, once for each of its inputs; it may have reached that state before."""
    number = id_segment(payment, "pi_", "payment")
    write = Write(
        path=f"{_COLLECTION}/{number}/{action}",
        collection=_COLLECTION,
        kind=_KIND,
        noun=_NOUNS[action],
        params=params,
        key=account.key(action, number, *key),
        target=number,
        reached=reached,
    )
    return act_or_tell(account, write, reached)


_NOUNS = {
    "confirm": "confirmation of a payment",
    "capture": "capture of a payment",
    "cancel": "cancellation of a payment",
}


def act_or_tell(account: Account, write: Write, reached: Callable[[Mapping[str, Any]], bool]) -> Written:
    """Carry out a change of state. A refusal for the state that is there says which; the goal is none."""
    try:
        return account.write(write)
    except GiveUpRecord as error:
        if error.code != "payment_intent_unexpected_state":
            raise
        found = account.read(f"{write.collection}/{write.target}", write.kind)
        if reached(found):
            return Written(found, "already_done")
        told = payment_of(found)
        step = told["next_step"]
        if told["status"] == "succeeded":
            step = f"{told['amount_received']} {told['currency']} of it were taken. {_PAID}"
        sentence = f"The payment {told['id']} is in state {told['status']}: no {write.noun} now. {step}"
        refused = GiveUpRecord(sentence.strip(), code=error.code, call=error.call, status=error.status)
        raise refused from error
