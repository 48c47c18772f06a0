"""Subscriptions: made, changed, canceled.

https://docs.stripe.com/api/subscriptions, https://docs.stripe.com/billing/subscriptions/overview
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

from f.connect.calls.reply_reader import id_of, word_of
from f.connect.errors import FixInput
from f.connect.redact import remember
from f.payments.stripe.account import Outcome, Write, Written
from f.payments.stripe.client import id_segment
from f.payments.stripe.fields import (
    choice_of,
    id_in,
    metadata_in,
    metadata_of,
    object_in,
    said,
    when_of,
    whole_number,
)
from f.payments.stripe.invoices import client_secret_of, is_paid, payment_of
from f.payments.stripe.payments import key_text

if TYPE_CHECKING:
    from f.payments.stripe.account import Account

Behavior = Literal["default_incomplete", "allow_incomplete", "error_if_incomplete"]
Proration = Literal["create_prorations", "always_invoice", "none"]
When = Literal["at_period_end", "now"]
AtPeriodEnd = Literal["as_it_is", "cancel", "go_on"]

# Where the secrets for the payer's page are: of the first payment, and of a trial.
EXPAND = ("latest_invoice.confirmation_secret", "pending_setup_intent")
_KIND = "subscription"
_COLLECTION = "subscriptions"
_MOST_TRIAL_DAYS = 730  # https://docs.stripe.com/billing/subscriptions/trials
_NEXT = {
    "incomplete": (
        "The payer makes the first payment within 23 hours: on your page, with the client secret. After "
        "that it is incomplete_expired."
    ),
    "incomplete_expired": "The first payment was not made in time. Make a new subscription.",
    "past_due": "A payment failed. The payer gives another way to pay; Stripe tries again by your settings.",
    "unpaid": "Payments failed too often. The payer gives another way to pay and pays the open invoices.",
    "paused": "The trial ended without a way to pay. The payer gives one, then resume it in the dashboard.",
}


class Subscription(TypedDict):
    """A subscription as Stripe has it; times in ISO 8601."""

    id: str
    status: str
    customer: str
    price: str
    quantity: int
    current_period_end: str
    trial_end: str
    cancel_at_period_end: bool
    canceled_at: str
    ended_at: str
    invoice: str
    invoice_paid: bool
    payment: str
    next_step: str
    metadata: dict[str, str]


class SubscriptionResult(TypedDict):
    """`outcome`: already_done if an earlier run did it.

    With `client_secret` the payer's page confirms the first payment, or (`secret_kind` setup) leaves a way to
    pay for after the trial: give it to nobody but the payer.
    """

    outcome: Outcome
    id: str
    status: str
    subscription: Subscription
    client_secret: str
    secret_kind: Literal["payment", "setup", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is subscribed to."""

    customer: str
    price: str
    quantity: int = 1
    trial_days: int = 0
    payment_behavior: Behavior = "default_incomplete"
    payment_method: str = ""
    metadata: Mapping[str, Any] | None = None

    def params(self) -> dict[str, Any]:
        """Return it in Stripe's words; FixInput says what does not fit."""
        days = whole_number(self.trial_days, "trial_days", 0, _MOST_TRIAL_DAYS)
        method = id_segment(self.payment_method, "", "payment method") if said(self.payment_method) else None
        return {
            "customer": id_segment(self.customer, "cus_", "customer"),
            "items": [{"price": price_of(self.price), "quantity": quantity_of(self.quantity)}],
            "payment_behavior": self.payment_behavior,
            # So that the way the payer pays first also pays what comes later.
            "payment_settings": {"save_default_payment_method": "on_subscription"},
            "default_payment_method": method,
            "trial_period_days": days or None,
            "metadata": metadata_of(self.metadata),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be different; what is empty stays."""

    price: str = ""
    quantity: int = 0
    proration: Proration = "create_prorations"
    at_period_end: AtPeriodEnd = "as_it_is"
    metadata: Mapping[str, Any] | None = None


def price_of(price: str) -> str:
    """Return a price's id; FixInput for a product's, which people take for it."""
    if said(price).startswith("prod_"):
        raise FixInput(
            "This is a product (prod_...): give one of its prices (price_...), which the dashboard "
            "shows below it.",
            code="bad_id",
        )
    return id_segment(price, "", "price")  # some accounts have prices of the name of an old plan


def quantity_of(quantity: int) -> int:
    """Return a quantity; FixInput for what is none."""
    return whole_number(quantity, "The quantity", 1, 1_000_000)


def create_subscription(account: Account, plan: Plan, request_key: str) -> Written:
    """Make a subscription, once for a key. FixInput if the key made another one before."""
    params = plan.params()
    return account.write(
        Write(
            path=_COLLECTION,
            collection=_COLLECTION,
            kind=_KIND,
            noun="subscription",
            params=params,
            key=account.key("subscription", key_text(request_key)),
            inputs=(params["customer"], *params["items"][0].values(), params["trial_period_days"]),
            expand=EXPAND,
            list_filter={"customer": params["customer"], "status": "all"},
        )
    )


def update_subscription(account: Account, subscription: str, change: Change) -> Written:
    """Change price, quantity, metadata, or whether it ends with the period. A second run changes nothing."""
    number = id_segment(subscription, "sub_", "subscription")
    metadata = metadata_of(change.metadata)
    params: dict[str, Any] = {"metadata": metadata or None}
    if choice_of(change.at_period_end, get_args(AtPeriodEnd), "at_period_end") != "as_it_is":
        params["cancel_at_period_end"] = change.at_period_end == "cancel"
    if change.price or change.quantity:
        item: dict[str, Any] = {"id": _only_item(account, number)}
        if change.price:
            item["price"] = price_of(change.price)
        if change.quantity:
            item["quantity"] = quantity_of(change.quantity)
        params["items"] = [item]
        params["proration_behavior"] = change.proration
    if not any(value is not None for value in params.values()):
        raise FixInput("There is nothing to change: give a price, a quantity or metadata.", code="no_input")

    def reached(found: Mapping[str, Any]) -> bool:
        now, ends = subscription_of(found), params.get("cancel_at_period_end")
        return (
            said(change.price) in {"", now["price"]}
            and change.quantity in {0, now["quantity"]}
            and ends in {None, now["cancel_at_period_end"]}
            and all(now["metadata"].get(name, "") == value for name, value in metadata.items())
        )

    return _change(account, number, "change of a subscription", params, reached)


def cancel_subscription(account: Account, subscription: str, when: When) -> Written:
    """Cancel now, for good, or let it end with the period that is paid. What is canceled is left as it is."""
    number = id_segment(subscription, "sub_", "subscription")
    ends = choice_of(when, get_args(When), "when") == "at_period_end"

    def reached(found: Mapping[str, Any]) -> bool:
        return _is_canceled(found) or (ends and found.get("cancel_at_period_end") is True)

    found = account.read(f"{_COLLECTION}/{number}", _KIND, EXPAND)
    if reached(found):  # Stripe refuses to change a canceled one, and does not find it for a second DELETE
        return Written(found, "already_done")
    noun, params = "cancellation of a subscription", {"cancel_at_period_end": True}
    if ends:
        return _change(account, number, noun, params, reached)
    return _change(account, number, noun, {}, reached, method="DELETE")


def read_subscription(account: Account, subscription: str) -> dict[str, Any]:
    """Return a subscription as it is now, also one that has ended; FixInput if there is none."""
    return account.read(f"{_COLLECTION}/{id_segment(subscription, 'sub_', 'subscription')}", _KIND)


def result_of(done: Written, *, with_secret: bool = False) -> SubscriptionResult:
    """Return what a script tells of a subscription; the client secret only where it was asked for."""
    subscription = subscription_of(done.object)
    payment = client_secret_of(object_in(done.object.get("latest_invoice")))
    setup = id_of(object_in(done.object.get("pending_setup_intent")).get("client_secret"))
    remember(payment, setup)  # no log and no error is to quote them
    result: SubscriptionResult = {
        "outcome": done.outcome,
        "id": subscription["id"],
        "status": subscription["status"],
        "subscription": subscription,
        "client_secret": "",
        "secret_kind": "",
    }
    if with_secret and (setup or payment):  # a trial's invoice over nothing has a secret of no use
        result["client_secret"], result["secret_kind"] = setup or payment, "setup" if setup else "payment"
    return result


def subscription_of(found: Mapping[str, Any]) -> Subscription:
    """Return what we tell of a subscription. Since basil its items have the period, before that it had it."""
    items = object_in(found.get("items")).get("data")
    item = object_in(items[0]) if isinstance(items, list) and items else {}
    invoice = object_in(found.get("latest_invoice"))
    status, quantity = word_of(found.get("status")), item.get("quantity")
    return {
        "id": id_of(found.get("id")),
        "status": status,
        "customer": id_in(found.get("customer")),
        "price": id_in(item.get("price")),
        "quantity": quantity if isinstance(quantity, int) else 0,
        "current_period_end": when_of(item.get("current_period_end") or found.get("current_period_end")),
        "trial_end": when_of(found.get("trial_end")),
        "cancel_at_period_end": found.get("cancel_at_period_end") is True,
        "canceled_at": when_of(found.get("canceled_at")),
        "ended_at": when_of(found.get("ended_at")),
        "invoice": id_in(found.get("latest_invoice")),
        "invoice_paid": is_paid(invoice),
        "payment": payment_of(invoice),
        "next_step": _NEXT.get(status, ""),
        "metadata": metadata_in(found),
    }


def _is_canceled(found: Mapping[str, Any]) -> bool:
    return found.get("status") in {"canceled", "incomplete_expired"}


def _only_item(account: Account, number: str) -> str:
    """Return the item that a price or quantity belongs to; FixInput where there are several."""
    found = account.read(f"{_COLLECTION}/{number}", _KIND)
    items = object_in(found.get("items")).get("data")
    if not isinstance(items, list) or len(items) != 1:
        count = len(items) if isinstance(items, list) else 0
        raise FixInput(
            f"This subscription has {count} items: change its price or quantity in Stripe's dashboard.",
            code="several_items",
        )
    return id_in(items[0])


def _change(
    account: Account, number: str, noun: str, params: Mapping[str, Any], reached: Any, method: str = "POST"
) -> Written:
    return account.write(
        Write(
            path=f"{_COLLECTION}/{number}",
            collection=_COLLECTION,
            kind=_KIND,
            noun=noun,
            params=params,
            method=method,
            target=number,
            reached=reached,
            expand=() if method == "DELETE" else EXPAND,
        )
    )
