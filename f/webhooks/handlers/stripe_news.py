"""What a change at Stripe is worth telling: decided from the object as it is now. Pure.

The key of a piece of news is the object and what became of it, never the event: Stripe may tell one change by
several events, and events in any order. https://docs.stripe.com/webhooks#handle-duplicate-events
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f.connect.calls.reply_reader import id_of, word_of
from f.connect.errors import GiveUpRecord, TryLater
from f.payments.stripe.fields import id_in, object_in, text_in, when_of
from f.payments.stripe.invoices import is_paid
from f.payments.stripe.invoices import subscription_of as subscription_in
from f.payments.stripe.money import main_units
from f.payments.stripe.payments import payment_of
from f.payments.stripe.reasons import failure_sentence
from f.payments.stripe.subscriptions import subscription_of

if TYPE_CHECKING:
    from f.webhooks.handlers.stripe_change import StripeChange

_DASHBOARD = "https://dashboard.stripe.com"
_PAGES = {"pi": "payments", "sub": "subscriptions", "in": "invoices"}  # by the beginning of an id
_UNPAID = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
_SETTLED = {
    "succeeded": "The payment is paid by now.",
    "requires_capture": "The payment is authorized by now.",
    "processing": "The bank is working on another attempt.",
    "canceled": "The payment is canceled by now.",
}
_ENDED = frozenset({"canceled", "incomplete_expired"})
_WHY_ENDED = {
    "cancellation_requested": "It was canceled on request.",
    "canceled_by_retention_policy": "Stripe's retention policy of this account canceled it.",
    "payment_disputed": "A payment was disputed.",
    "payment_failed": "Its payments failed.",
}


@dataclass(frozen=True, slots=True)
class News:
    """An event of f/notify with its data; `key`: what is told once."""

    event: str
    key: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NoNews:
    """Why nothing is told."""

    reason: str


def news_of(change: StripeChange, found: Mapping[str, Any]) -> News | NoNews:
    """Return what to tell. `found`: the object as it is now; of an invoice payment, its invoice.

    TryLater if the object does not show yet what the event says; GiveUpRecord if it lacks what must be told.
    """
    match change.type:
        case "payment_intent.succeeded":
            return _payment_succeeded(change, found)
        case "payment_intent.payment_failed":
            return _payment_failed(change, found)
        case "customer.subscription.created":
            return _subscription_started(change, found)
        case "customer.subscription.deleted":
            return _subscription_ended(change, found)
        case _:
            return _invoice_paid(change, found)


def _payment_succeeded(change: StripeChange, found: Mapping[str, Any]) -> News | NoNews:
    payment = payment_of(found)
    if payment["status"] != "succeeded":
        raise _not_yet(change, payment["status"])
    data = {
        "amount": payment["amount_received"],
        "currency": payment["currency"],
        "description": payment["description"],
        "payment": payment["id"],
        "customer": payment["customer"],
    }
    return _news(change, "payment_succeeded", payment["id"], "succeeded", data)


def _payment_failed(change: StripeChange, found: Mapping[str, Any]) -> News | NoNews:
    payment = payment_of(found)
    status = payment["status"]
    if status in _SETTLED:
        return NoNews(_SETTLED[status])
    if status not in _UNPAID:
        raise _not_yet(change, status)
    attempt, reason = _attempt_of(found)
    if not attempt:
        return NoNews("Stripe does not know any more which attempt failed.")
    waits = status == "requires_payment_method"
    data = {
        "amount": payment["amount"],
        "currency": payment["currency"],
        "reason": reason,
        "next_step": "The customer can be asked for another card: the payment waits for one."
        if waits
        else "",
        "payment": payment["id"],
        "customer": payment["customer"],
        "description": payment["description"],
    }
    return _news(change, "payment_failed", payment["id"], f"failed:{attempt}", data)


def _attempt_of(found: Mapping[str, Any]) -> tuple[str, str]:
    """Return what tells the failed attempt from others, and why it failed.

    Stripe forgets the error when the payment is changed in any way; the charge stays. A check by the bank
    that fails leaves no charge: two of them in a row that fail alike cannot be told apart.
    """
    error, charge = object_in(found.get("last_payment_error")), object_in(found.get("latest_charge"))
    if error:
        names = ("decline_code", "code", "advice_code")
        decline, code, advice = (word_of(error.get(name)) for name in names)
        method = id_in(error.get("payment_method"))
        attempt = id_in(error.get("charge")) or ":".join(filter(None, (code, decline, method)))
        return attempt or "unknown", failure_sentence(decline, code, advice)
    if charge.get("status") != "failed":
        return "", ""
    outcome = object_in(charge.get("outcome"))
    words = (outcome.get("reason"), charge.get("failure_code"), outcome.get("advice_code"))
    return id_of(charge.get("id")), failure_sentence(*map(word_of, words))


def _subscription_started(change: StripeChange, found: Mapping[str, Any]) -> News | NoNews:
    subscription = subscription_of(found)
    if subscription["status"] == "incomplete_expired":
        return NoNews("Its first payment was never made, so it has not begun.")
    data = {
        "subscription": subscription["id"],
        "status": subscription["status"],
        "next_step": subscription["next_step"],
        "state": subscription["status"],
        "customer": subscription["customer"],
        "price": subscription["price"],
        "quantity": subscription["quantity"],
        "period_until": _date(subscription["current_period_end"]),
        "trial_until": _date(subscription["trial_end"]),
    }
    return _news(change, "subscription_started", subscription["id"], "started", data)


def _subscription_ended(change: StripeChange, found: Mapping[str, Any]) -> News | NoNews:
    subscription = subscription_of(found)
    if subscription["status"] not in _ENDED:
        raise _not_yet(change, subscription["status"])
    details = object_in(found.get("cancellation_details"))
    why = word_of(details.get("reason"))
    data = {
        "subscription": subscription["id"],
        "reason": _WHY_ENDED.get(why) or (f"Stripe's reason: {why}." if why else "Stripe gives no reason."),
        "feedback": word_of(details.get("feedback")).replace("_", " "),
        "comment": text_in(details.get("comment")),
        "customer": subscription["customer"],
        "price": subscription["price"],
        "ended_at": subscription["ended_at"],
    }
    return _news(change, "subscription_ended", subscription["id"], "ended", data)


def _invoice_paid(change: StripeChange, found: Mapping[str, Any]) -> News | NoNews:
    invoice, currency = id_of(found.get("id")), word_of(found.get("currency"))
    if not is_paid(found):
        paid = found.get("amount_paid")
        if isinstance(paid, int) and paid > 0:
            return NoNews("The invoice is paid in part: it is told when nothing is left to pay.")
        raise _not_yet(change, word_of(found.get("status")))
    data = {
        "invoice": invoice,
        "number": text_in(found.get("number")),
        "amount": main_units(found.get("amount_paid"), currency),
        "currency": currency.upper(),
        "period": _period_of(found),
        "customer": id_in(found.get("customer")),
        "subscription": subscription_in(found),
        "invoice_page": text_in(found.get("hosted_invoice_url")),
    }
    return _news(change, "invoice_paid", invoice, "paid", data)


def _period_of(invoice: Mapping[str, Any]) -> str:
    """Return what its lines are for, empty if not all are here; its own period is the one before."""
    lines = object_in(invoice.get("lines"))
    entries = lines.get("data")
    if not isinstance(entries, list) or not entries or lines.get("has_more") is not False:
        return ""
    periods = [object_in(object_in(line).get("period")) for line in entries]
    starts, ends = ([when_of(one.get(name)) for one in periods] for name in ("start", "end"))
    if not all(starts) or not all(ends):
        return ""
    return f"{_date(min(starts))} to {_date(max(ends))}"


def _news(change: StripeChange, event: str, number: str, what: str, data: Mapping[str, Any]) -> News:
    """Put the news together, without what Stripe does not say; what must be said must be there."""
    known = {name: value for name, value in data.items() if value not in ("", 0)}
    lacking = [name for name in ("amount", "currency") if name in data and not data[name]]
    if number.partition("_")[0] not in _PAGES or lacking:
        raise GiveUpRecord(
            f"Stripe's {change.object_id} lacks {' and '.join(lacking) or 'its id'}: nothing was told of it. "
            "Look at it in the dashboard.",
            code="unreadable",
        )
    mode = "live" if change.livemode else "test"
    more = {"account": change.account} if change.account else {}
    link = link_of(number, livemode=change.livemode, account=change.account)
    return News(event, f"{number}:{what}", {**known, **more, "mode": mode, "link": link})


def link_of(number: str, *, livemode: bool, account: str) -> str:
    """Return the address of an object's page in Stripe's dashboard."""
    page = _PAGES[number.partition("_")[0]]
    parts = [_DASHBOARD, account, "" if livemode else "test", page, number]
    return "/".join(filter(None, parts))


def _date(when: str) -> str:
    return when.partition("T")[0]


def _not_yet(change: StripeChange, status: str) -> TryLater:
    return TryLater(
        f"The event {change.event_id} says {change.type}, and Stripe shows {change.object_id} in state "
        f"{status or 'unknown'}. It is asked again later.",
        code="not_there_yet",
    )
