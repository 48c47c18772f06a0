"""Invoices of subscriptions, and which payment pays which: the invoice itself names none.

https://docs.stripe.com/api/invoices, https://docs.stripe.com/api/invoice-payment
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mill.twins.services.stripe.errors import StripeError
from mill.twins.services.stripe.objects import Body, Objects, new_id
from mill.twins.services.stripe.params import EXPAND, PAGE, Params, anything, choice, flag, group, text
from mill.twins.services.stripe.payment_intents import PaymentIntents
from mill.twins.store import Ledger

KIND, PAYMENT = "invoice", "invoice_payment"
LIST = Params(
    {
        **PAGE,
        **dict.fromkeys(("customer_account", "due_date"), anything),
        "collection_method": choice("charge_automatically", "send_invoice"),
        "customer": text(),
        "status": choice("draft", "open", "paid", "uncollectible", "void"),
        "subscription": text(),
    }
)
RETRIEVE = Params(EXPAND)
PAY = Params(
    {
        **EXPAND,
        **dict.fromkeys(("forgive", "off_session", "paid_out_of_band"), flag),
        "mandate": text(),
        "payment_method": text(),
        "source": text(),
    }
)
LIST_PAYMENTS = Params(
    {
        **PAGE,
        "invoice": text(),
        "payment": group({"payment_intent": text(), "payment_record": text(), "type": text()}),
        "status": choice("canceled", "open", "paid"),
    }
)


class Invoices:
    """The invoices of the account. `paid` hears of each that has been paid later than it was made."""

    def __init__(self, objects: Objects, ledger: Ledger, intents: PaymentIntents) -> None:
        self._objects, self._ledger, self._intents = objects, ledger, intents
        self.paid: Callable[[str], None] = lambda _subscription: None
        intents.paid = self._note_payment

    def new(self, subscription: Body, lines: Sequence[Body], reason: str, customer: Body) -> Body:
        """Make the invoice of a period: paid at once if it is about nothing, else open."""
        total = sum(line["amount"] for line in lines)
        now = self._objects.now
        sends = subscription["collection_method"] == "send_invoice"
        invoice = self._objects.new(
            KIND,
            {
                "amount_due": total,
                "amount_paid": 0,
                "amount_remaining": total,
                "attempt_count": 0,
                "attempted": total == 0,
                "auto_advance": False,
                "billing_reason": reason,
                "collection_method": subscription["collection_method"],
                "currency": subscription["currency"],
                "customer": customer["id"],
                "customer_email": customer["email"],
                "customer_name": customer["name"],
                "default_payment_method": None,
                "description": None,
                "due_date": now + 86_400 * subscription["days_until_due"] if sends else None,
                "lines": {"object": "list", "data": list(lines), "has_more": False},
                "metadata": {},
                "parent": {
                    "type": "subscription_details",
                    "quote_details": None,
                    "subscription_details": {"subscription": subscription["id"], "metadata": {}},
                },
                "period_end": now,
                "period_start": now,
                "status": "open" if total else "paid",
                "status_transitions": {"finalized_at": now, "paid_at": None if total else now},
                "subtotal": total,
                "total": total,
                "_confirmation_secret": None,
                "_payments": {"object": "list", "data": [], "has_more": False},
                "_subscription": subscription["id"],
            },
        )
        invoice["number"] = f"MILL-{invoice['id'][-8:].upper()}"
        invoice["hosted_invoice_url"] = f"https://invoice.stripe.com/i/{invoice['id']}"
        if total:
            self._ask_for(invoice, subscription["default_payment_method"])
        about = {"id": invoice["id"], "total": total, "subscription": subscription["id"]}
        self._ledger.append("invoice.created", subscription["id"], about)
        return self._tell_new(self._objects.save(invoice))

    def pay(self, id: str, given: Body) -> Body:
        """Charge an open invoice now."""
        invoice = self._objects.get(KIND, id)
        if invoice["status"] != "open":
            problem = "is already paid" if invoice["status"] == "paid" else "cannot be paid any more"
            raise StripeError(400, f"Invoice {problem}")
        if given.get("paid_out_of_band"):
            self._settle(invoice)
            return self._objects.get(KIND, id)
        customer = self._objects.get("customer", invoice["customer"])
        method = given.get("payment_method") or invoice["default_payment_method"]
        method = method or customer["invoice_settings"]["default_payment_method"]
        if not method:
            message = (
                "There is no default_payment_method set on this Customer or Invoice. Please set a default "
                "payment method."
            )
            raise StripeError(400, message, code="resource_missing")
        self.attempt(invoice, {"payment_method": method, "off_session": given.get("off_session", True)})
        return self._objects.get(KIND, id)

    def attempt(self, invoice: Body, given: Body) -> None:
        """Try to charge an invoice. Raises StripeError 402 if the card is refused; the invoice stays open."""
        attempts = {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
        self._objects.save({**invoice, **attempts})
        [payment] = invoice["_payments"]["data"]
        try:
            self._intents.confirm(payment["payment"]["payment_intent"], given)
        except StripeError as problem:
            if problem.status == 402:
                self._objects.changed("invoice.payment_failed", self._objects.get(KIND, invoice["id"]))
            raise

    def void(self, id: str) -> None:
        """Give up an open invoice and its payment."""
        invoice = self._objects.get(KIND, id)
        if invoice["status"] == "open":
            self._change_payment(invoice, "canceled", None)
            self._objects.save({**invoice, "status": "void"})

    def retrieve(self, id: str) -> Body:
        """Return one."""
        return self._objects.get(KIND, id)

    def retrieve_payment(self, id: str) -> Body:
        """Return what pays an invoice, or a part of it."""
        return self._objects.get(PAYMENT, id)

    def list(self, asked: Body) -> Body:
        """Return a page, of a customer's or a subscription's if one is named."""
        for name in ("subscription", "customer"):
            if asked.get(name):
                found = self._objects.having(KIND, name, asked[name])
                break
        else:
            found = self._objects.all(KIND)
        for name in ("status", "collection_method", "customer"):
            found = [invoice for invoice in found if asked.get(name) in {None, invoice[name]}]
        return self._objects.page("/v1/invoices", KIND, found, asked)

    def list_payments(self, asked: Body) -> Body:
        """Return a page of what pays invoices."""
        about = asked.get("payment") or {}
        invoice, intent = asked.get("invoice"), about.get("payment_intent")
        found = self._objects.having(PAYMENT, "invoice", invoice) if invoice else self._objects.all(PAYMENT)
        if intent:
            found = [one for one in found if one["payment"]["payment_intent"] == intent]
        if wanted := asked.get("status"):
            found = [one for one in found if one["status"] == wanted]
        return self._objects.page("/v1/invoice_payments", PAYMENT, found, asked)

    def _ask_for(self, invoice: Body, method: str | None) -> None:
        """Make the payment of an open invoice; what pays it in the browser is shown on request."""
        intent = self._intents.for_invoice(invoice, method)
        asked = {
            "amount_paid": None,
            "amount_requested": invoice["total"],
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
        payment = self._objects.new(PAYMENT, asked)
        invoice["_payments"]["data"] = [payment]
        secret = intent["client_secret"]
        invoice["_confirmation_secret"] = {"type": "payment_intent", "client_secret": secret}

    def _note_payment(self, intent: Body) -> None:
        if intent.get("_invoice"):
            self._settle(self._objects.get(KIND, intent["_invoice"]))

    def _settle(self, invoice: Body) -> None:
        now, total = self._objects.now, invoice["total"]
        self._change_payment(invoice, "paid", total)
        done = {"status": "paid", "amount_paid": total, "amount_remaining": 0}
        times = {**invoice["status_transitions"], "paid_at": now}
        settled = self._objects.save({**invoice, **done, "status_transitions": times})
        self._ledger.append("invoice.paid", invoice["_subscription"], {"id": invoice["id"], "total": total})
        self._tell_paid(settled)
        self.paid(invoice["_subscription"])

    def _tell_new(self, invoice: Body) -> Body:
        self._objects.changed("invoice.created", invoice)
        if invoice["status"] == "paid":
            self._tell_paid(invoice)
        return invoice

    def _tell_paid(self, invoice: Body) -> None:
        """One change, told under three names, as Stripe does."""
        for payment in invoice["_payments"]["data"]:
            self._objects.changed("invoice_payment.paid", payment)
        for change in ("invoice.paid", "invoice.payment_succeeded"):
            self._objects.changed(change, invoice)

    def _change_payment(self, invoice: Body, status: str, amount: int | None) -> None:
        for payment in invoice["_payments"]["data"]:
            at = "paid_at" if status == "paid" else "canceled_at"
            payment |= {"status": status, "amount_paid": amount}
            payment["status_transitions"][at] = self._objects.now
            self._objects.save(payment)


def line_of(price: Body, quantity: int, start: int, end: int, *, free: bool) -> Body:
    """Return the line of an item for a period; in a trial it costs nothing."""
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": 0 if free else price["unit_amount"] * quantity,
        "currency": price["currency"],
        "period": {"start": start, "end": end},
        "pricing": {"type": "price_details", "price_details": {"price": price["id"]}},
        "quantity": quantity,
    }
