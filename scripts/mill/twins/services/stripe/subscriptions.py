"""Subscriptions: trials, first payments that are still to be made, and their end.

incomplete -> active, or incomplete_expired after 23 hours; trialing -> active; each -> canceled. Later
periods are not billed here. https://docs.stripe.com/billing/subscriptions/overview
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mill.twins.services.stripe import cards
from mill.twins.services.stripe.charges import declined, last_error
from mill.twins.services.stripe.customers import Customers
from mill.twins.services.stripe.errors import InvalidParams, StripeError, no_such
from mill.twins.services.stripe.invoices import Invoices, line_of
from mill.twins.services.stripe.objects import Body, Objects, merged, new_id
from mill.twins.services.stripe.params import (
    EXPAND,
    PAGE,
    Params,
    anything,
    choice,
    either,
    flag,
    group,
    listing,
    metadata,
    text,
    whole,
)
from mill.twins.services.stripe.prices import Prices, end_of_period
from mill.twins.store import Ledger

KIND = "subscription"
Items = Sequence[Any]  # prices and quantities, or what is asked for
_UNSEEN = (
    *("add_invoice_items", "application_fee_percent", "automatic_tax", "billing_cycle_anchor"),
    *("billing_schedules", "billing_thresholds", "cancel_at", "default_source", "default_tax_rates"),
    *("discounts", "invoice_settings", "on_behalf_of", "payment_settings", "pending_invoice_item_interval"),
    *("transfer_data", "trial_settings"),
)
_ITEM = {
    **dict.fromkeys(("billing_thresholds", "discounts", "price_data", "tax_rates", "plan"), anything),
    "metadata": metadata,
    "price": text(),
    "quantity": whole(0),
}
_DETAILS = group({"comment": text(), "feedback": text()})
_SHARED = {
    **EXPAND,
    **dict.fromkeys(_UNSEEN, anything),
    "cancel_at_period_end": flag,
    "collection_method": choice("charge_automatically", "send_invoice"),
    "days_until_due": whole(0),
    "default_payment_method": text(),
    "description": text(500),
    "metadata": metadata,
    "off_session": flag,
    "payment_behavior": choice(
        "allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"
    ),
    "proration_behavior": choice("always_invoice", "create_prorations", "none"),
    "trial_end": either(choice("now", ""), whole(0)),
    "trial_from_plan": flag,
}
_ONLY_NEW = ("backdate_start_date", "billing_cycle_anchor_config", "billing_mode", "customer_account")
CREATE = Params(
    {
        **_SHARED,
        **dict.fromkeys(_ONLY_NEW, anything),
        "currency": text(),
        "customer": text(),
        "items": listing(group(_ITEM, unset=False)),
        "trial_period_days": whole(1, 730),
    },
)
UPDATE = Params(
    {
        **_SHARED,
        **dict.fromkeys(("pause_collection", "proration_date"), anything),
        "cancellation_details": _DETAILS,
        "items": listing(group({**_ITEM, "id": text(), "deleted": flag, "clear_usage": flag}, unset=False)),
    }
)
CANCEL = Params({**EXPAND, "cancellation_details": _DETAILS, "invoice_now": flag, "prorate": flag})
LIST = Params(
    {
        **PAGE,
        **dict.fromkeys(("automatic_tax", "current_period_end", "current_period_start", "plan"), anything),
        **dict.fromkeys(("customer_account", "test_clock"), anything),
        "collection_method": choice("charge_automatically", "send_invoice"),
        "customer": text(),
        "price": text(),
        "status": choice(
            *("active", "all", "canceled", "ended", "incomplete", "incomplete_expired"),
            *("past_due", "paused", "trialing", "unpaid"),
        ),
    }
)
RETRIEVE = Params(EXPAND)
_DAY, _INCOMPLETE_FOR = 86_400, 23 * 3600
_ENDED = frozenset({"canceled", "incomplete_expired"})
NEW: Body = {
    "billing_mode": {"type": "flexible"},
    "cancel_at": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "cancellation_details": {"comment": None, "feedback": None, "reason": None},
    "collection_method": "charge_automatically",
    "days_until_due": None,
    "default_payment_method": None,
    "description": None,
    "discounts": [],
    "ended_at": None,
    "latest_invoice": None,
    "metadata": {},
    "pause_collection": None,
    "pending_setup_intent": None,
    "trial_end": None,
    "trial_start": None,
}
_KEPT = ("cancel_at_period_end", "collection_method", "days_until_due", "description")


class Subscriptions:
    """The subscriptions of the account."""

    def __init__(
        self, objects: Objects, ledger: Ledger, customers: Customers, prices: Prices, invoices: Invoices
    ) -> None:
        self._objects, self._ledger = objects, ledger
        self._customers, self._prices, self._invoices = customers, prices, invoices
        invoices.paid = self._activate

    def create(self, given: Body) -> Body:
        """Begin one: in trial, active, or incomplete until its first invoice is paid."""
        if not given.get("customer"):  # an account in its place is beyond this twin
            raise InvalidParams("Missing required param: customer.", "customer", "parameter_missing")
        customer = self._customers.named(given["customer"])
        items = self._items(given)
        trial_end = self._trial_end(given)
        method = self._method(given, customer)
        body: Body = {**NEW, **{name: given[name] for name in _KEPT if name in given}}
        sends = body["collection_method"] == "send_invoice"
        if sends and body["days_until_due"] is None:
            message = "If invoice_settings or days_until_due is not set, send_invoice needs `days_until_due`."
            raise StripeError(400, message, param="days_until_due")
        behaviour = given.get("payment_behavior", "allow_incomplete")
        total = sum(price["unit_amount"] * quantity for price, quantity in items)
        charges = not sends and trial_end is None and total > 0
        if charges and behaviour != "default_incomplete":
            self._check_payable(method, behaviour)
        body |= self._start(items, trial_end, charges=charges)
        body |= {"customer": customer["id"], "metadata": merged({}, given.get("metadata", {}))}
        body["default_payment_method"] = method if given.get("default_payment_method") else None
        made = self._objects.new(KIND, body)
        starts, ends = made["start_date"], trial_end or _first_end(made["start_date"], items)
        made["items"] = _item_list(made["id"], items, starts, ends)
        if trial_end and method is None:
            made["pending_setup_intent"] = self._setup_intent(customer["id"])
        lines = [line_of(price, number, starts, ends, free=bool(trial_end)) for price, number in items]
        payer = {**made, "default_payment_method": method}
        invoice = self._invoices.new(payer, lines, "subscription_create", customer)
        made["latest_invoice"] = invoice["id"]
        self._objects.save(made)
        self._note("subscription.created", made)
        self._objects.changed("customer.subscription.created", made)
        if charges and behaviour != "default_incomplete":
            self._pay(invoice, off_session=given.get("off_session", False), method=method)
        return self._objects.get(KIND, made["id"])

    def _start(self, items: Items, trial_end: int | None, *, charges: bool) -> Body:
        now = self._objects.now
        return {
            "billing_cycle_anchor": trial_end or now,
            "currency": items[0][0]["currency"],
            "start_date": now,
            "status": "trialing" if trial_end else "incomplete" if charges else "active",
            "trial_end": trial_end,
            "trial_start": now if trial_end else None,
        }

    def update(self, id: str, given: Body) -> Body:
        """Change what is given. A price that changes in the middle of a period is not invoiced here."""
        old = self._current(id)
        beyond = given.keys() - {"metadata", "cancellation_details"}
        if old["status"] in _ENDED and beyond:
            message = "A canceled subscription can only update its cancellation_details and metadata."
            raise StripeError(400, message)
        changed = {**old, **{name: given[name] for name in _KEPT if name in given}}
        if "metadata" in given:
            changed["metadata"] = merged(old["metadata"], given["metadata"])
        if given.get("default_payment_method"):
            method = cards.resolve(
                self._objects, given["default_payment_method"], old["customer"], "default_payment_method"
            )
            changed["default_payment_method"] = method["id"]
        if "items" in given:
            changed["items"] = self._changed_items(old, given["items"])
        if "trial_end" in given:
            changed["trial_end"] = self._trial_end(given) or self._objects.now
            changed["status"] = "active" if given["trial_end"] == "now" else "trialing"
        if "cancel_at_period_end" in given:
            ends = changed["items"]["data"][0]["current_period_end"]
            stays = not given["cancel_at_period_end"]
            changed["cancel_at"] = None if stays else ends
            changed["canceled_at"] = None if stays else self._objects.now
        self._note("subscription.updated", self._objects.save(changed))
        self._objects.changed("customer.subscription.updated", changed)
        return changed

    def cancel(self, id: str, given: Body) -> Body:
        """End it now."""
        old = self._current(id)
        if old["status"] in _ENDED:
            raise no_such(KIND, id)
        details = {**old["cancellation_details"], "reason": "cancellation_requested"}
        details |= given.get("cancellation_details") or {}
        return self._end(old, "canceled", {"cancellation_details": details})

    def retrieve(self, id: str) -> Body:
        """Return one as it is now."""
        return self._current(id)

    def list(self, asked: Body) -> Body:
        """Return a page: of those that have not ended, unless others are asked for."""
        customer = asked.get("customer")
        found = self._objects.having(KIND, "customer", customer) if customer else self._objects.all(KIND)
        found = [self._current(body["id"]) for body in found]
        status = asked.get("status")
        if status == "ended":
            found = [body for body in found if body["status"] in _ENDED]
        elif status != "all":
            found = [body for body in found if body["status"] == (status or body["status"])]
            found = found if status else [body for body in found if body["status"] not in _ENDED]
        if price := asked.get("price"):
            found = [body for body in found if price in {one["price"]["id"] for one in body["items"]["data"]}]
        return self._objects.page("/v1/subscriptions", KIND, found, asked)

    def _items(self, given: Body) -> Items:
        """Return the prices and quantities that are asked for."""
        asked = given.get("items")
        if not asked:
            raise InvalidParams("Missing required param: items.", "items", "parameter_missing")
        items: Any = []
        for index, item in enumerate(asked):
            if not item.get("price"):
                path = f"items[{index}][price]"
                raise InvalidParams(f"Missing required param: {path}.", path, "parameter_missing")
            price = self._prices.recurring(item["price"], f"items[{index}][price]")
            items.append((price, item.get("quantity", 1)))
        if len({price["currency"] for price, _quantity in items}) > 1:
            raise StripeError(400, "All prices of a subscription must have one currency.", param="items")
        return tuple(items)

    def _trial_end(self, given: Body) -> int | None:
        days: int | None = given.get("trial_period_days")
        end = given.get("trial_end")
        if days is not None and end is not None:
            raise InvalidParams("You may only specify one of these parameters: trial_end, trial_period_days.")
        if days is not None:
            return int(self._objects.now + days * _DAY)
        if isinstance(end, int) and end <= self._objects.now:
            message = "Invalid timestamp: must be an integer Unix timestamp in the future."
            raise StripeError(400, message, param="trial_end")
        return int(end) if isinstance(end, int) else None

    def _method(self, given: Body, customer: Body) -> str | None:
        named = given.get("default_payment_method")
        if not named:
            usual: str | None = customer["invoice_settings"]["default_payment_method"]
            return usual
        return str(cards.resolve(self._objects, named, customer["id"], "default_payment_method")["id"])

    def _check_payable(self, method: str | None, behaviour: str) -> None:
        """Raise StripeError if nothing can be charged, or if that must not leave a subscription behind."""
        if method is None:
            message = (
                "This customer has no attached payment source or default payment method. Please consider "
                "adding a default payment method."
            )
            raise StripeError(400, message, code="resource_missing")
        card = self._objects.get("payment_method", method)
        decline = cards.decline_of(card, off_session=True)
        if behaviour == "error_if_incomplete" and decline is not None:
            raise declined(last_error(decline, None, card), {})

    def _pay(self, invoice: Body, *, off_session: bool, method: str | None) -> None:
        """Charge the first invoice; a card that is refused leaves the subscription incomplete."""
        try:
            self._invoices.attempt(invoice, {"payment_method": method, "off_session": off_session})
        except StripeError as problem:
            if problem.status != 402:
                raise

    def _activate(self, id: str) -> None:
        body = self._current(id)
        if body["status"] == "incomplete":
            active = self._objects.save({**body, "status": "active"})
            self._note("subscription.active", active)
            self._objects.changed("customer.subscription.updated", active)

    def _current(self, id: str) -> Body:
        """Return it with what time has done to it."""
        body = self._objects.get(KIND, id)
        now = self._objects.now
        if body["status"] == "incomplete" and now - body["created"] > _INCOMPLETE_FOR:
            self._invoices.void(body["latest_invoice"])
            return self._end(body, "incomplete_expired", {})
        if body["status"] not in _ENDED and body["cancel_at"] is not None and body["cancel_at"] <= now:
            return self._end(body, "canceled", {})
        return body

    def _end(self, body: Body, status: str, more: Body) -> Body:
        now = self._objects.now
        ended = {**body, "status": status, "ended_at": now, "canceled_at": body["canceled_at"] or now, **more}
        self._note(f"subscription.{status}", ended)
        # What was never paid for has not begun: Stripe tells of its end as of a change.
        change = "deleted" if status == "canceled" else "updated"
        self._objects.changed(f"customer.subscription.{change}", self._objects.save(ended))
        return ended

    def _changed_items(self, body: Body, asked: Items) -> Body:
        data = {item["id"]: item for item in body["items"]["data"]}
        some = body["items"]["data"][0]
        for index, item in enumerate(asked):
            path = f"items[{index}]"
            price = item.get("price") and self._prices.recurring(item["price"], f"{path}[price]")
            if not item.get("id"):
                if not price:
                    path = f"{path}[price]"
                    raise InvalidParams(f"Missing required param: {path}.", path, "parameter_missing")
                period = (some["current_period_start"], some["current_period_end"])
                [new] = _item_list(body["id"], [(price, item.get("quantity", 1))], *period)["data"]
                data[new["id"]] = new
                continue
            if item["id"] not in data:
                raise no_such("subscription_item", item["id"], f"{path}[id]")
            if item.get("deleted"):
                del data[item["id"]]
                continue
            old = data[item["id"]]
            quantity = item.get("quantity", old["quantity"])
            data[item["id"]] = {**old, "price": price or old["price"], "quantity": quantity}
        if not data:
            raise StripeError(400, "A subscription must have at least one active plan.", param="items")
        return {**body["items"], "data": list(data.values())}

    def _setup_intent(self, customer: str) -> str:
        """What a customer in trial gives a card with, for later."""
        about = {"customer": customer, "status": "requires_payment_method", "usage": "off_session"}
        made = self._objects.new("setup_intent", about)
        secret = f"{made['id']}_secret_{new_id('x')[2:]}"
        return str(self._objects.save({**made, "client_secret": secret})["id"])

    def _note(self, kind: str, body: Body) -> None:
        about = {"id": body["id"], "status": body["status"], "metadata": body["metadata"]}
        self._ledger.append(kind, body["customer"], about)


def _first_end(start: int, items: Items) -> int:
    return end_of_period(start, items[0][0]["recurring"]["interval"])


def _item_list(id: str, items: Items, start: int, end: int) -> Body:
    data = [
        {
            "id": new_id("si", 14),
            "object": "subscription_item",
            "created": start,
            "current_period_end": end,
            "current_period_start": start,
            "metadata": {},
            "price": price,
            "quantity": quantity,
            "subscription": id,
        }
        for price, quantity in items
    ]
    return {
        "object": "list",
        "data": data,
        "has_more": False,
        "url": f"/v1/subscription_items?subscription={id}",
    }
