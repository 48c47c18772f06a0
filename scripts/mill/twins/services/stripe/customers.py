"""Customers: their e-mail need not be unique, and a deleted one stays known as deleted.

https://docs.stripe.com/api/customers
"""

from __future__ import annotations

from typing import Any

from mill.twins.services.stripe import search
from mill.twins.services.stripe.errors import no_such
from mill.twins.services.stripe.objects import Body, Objects, merged
from mill.twins.services.stripe.params import (
    ADDRESS,
    EXPAND,
    PAGE,
    SHIPPING,
    Params,
    anything,
    choice,
    email,
    group,
    listing,
    metadata,
    text,
    whole,
)
from mill.twins.store import Ledger

KIND = "customer"
_UNSEEN = ("cash_balance", "tax", "tax_id_data", "test_clock", "validate", "invoice_prefix")
_FIELDS = {
    **EXPAND,
    **dict.fromkeys(_UNSEEN, anything),
    "address": ADDRESS,
    "balance": whole(),
    "business_name": text(150),
    "description": text(),
    "email": email,
    "individual_name": text(150),
    "invoice_settings": group(
        {"default_payment_method": text(), "footer": text(), "custom_fields": anything}
        | {"rendering_options": anything}
    ),
    "metadata": metadata,
    "name": text(256),
    "next_invoice_sequence": whole(1),
    "phone": text(20),
    "preferred_locales": listing(text()),
    "shipping": SHIPPING,
    "source": text(),
    "tax_exempt": choice("", "none", "exempt", "reverse"),
}
CREATE = Params({**_FIELDS, "payment_method": text()})
_ONLY_NEW = frozenset({"tax_id_data", "test_clock"})
UPDATE = Params({name: check for name, check in _FIELDS.items() if name not in _ONLY_NEW})
LIST = Params({**PAGE, "email": text(512), "test_clock": anything})
SEARCH = Params({**EXPAND, "query": text(), "limit": whole(1, 100), "page": text()}, ("query",))
DELETE = Params({})
RETRIEVE = Params(EXPAND)
_NEW: Body = {
    "address": None,
    "balance": 0,
    "business_name": None,
    "currency": None,
    "default_source": None,
    "delinquent": False,
    "description": None,
    "discount": None,
    "email": None,
    "individual_name": None,
    "invoice_settings": {
        "custom_fields": None,
        "default_payment_method": None,
        "footer": None,
        "rendering_options": None,
    },
    "metadata": {},
    "name": None,
    "next_invoice_sequence": 1,
    "phone": None,
    "preferred_locales": [],
    "shipping": None,
    "tax_exempt": "none",
    "test_clock": None,
}
_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


class Customers:
    """The customers of the account. `lag`: seconds until a search sees what was written."""

    def __init__(self, objects: Objects, ledger: Ledger, lag: float) -> None:
        self._objects, self._ledger, self._lag = objects, ledger, lag

    def create(self, given: Body) -> Body:
        """Add a customer, also if there is one with this e-mail."""
        made = self._objects.new(KIND, {**_NEW, **self._changes(_NEW, given), **self._indexed(None)})
        self._note("created", made)
        self._objects.changed("customer.created", made)
        return made

    def update(self, id: str, given: Body) -> Body:
        """Set what is given; an empty text unsets a field."""
        old = self._living(id)
        changed = {**old, **self._changes(old, given), **self._indexed(old)}
        self._note("updated", self._objects.save(changed))
        self._objects.changed("customer.updated", changed)
        return changed

    def retrieve(self, id: str) -> Body:
        """Return a customer, of a deleted one only that it is."""
        return self._objects.get(KIND, id)

    def delete(self, id: str) -> Body:
        """Delete a customer for good; its id is never used again."""
        old = self._living(id)
        gone = {"id": id, "object": KIND, "deleted": True}
        self._objects.save({**gone, "_email": old["email"]})
        self._note("deleted", old)
        self._objects.changed("customer.deleted", old)
        return gone

    def list(self, asked: Body) -> Body:
        """Return a page, of those with exactly this e-mail if one is given. It is up to date."""
        address = asked.get("email")
        found = self._objects.having(KIND, "email", address) if address else self._objects.all(KIND)
        living = [body for body in found if not body.get("deleted")]
        return self._objects.page("/v1/customers", KIND, living, asked)

    def search(self, asked: Body) -> Body:
        """Return what a query finds among what was written long enough ago."""
        return search.answer(self._objects, asked, self._lag)

    def named(self, id: str, param: str = "customer") -> Body:
        """Return the customer that another object names."""
        body = self._objects.get(KIND, id, param)
        if body.get("deleted"):
            raise no_such(KIND, id, param)
        return body

    def _living(self, id: str) -> Body:
        return self.named(id, "id")

    def _changes(self, old: Body, given: Body) -> Body:
        settings = given.get("invoice_settings") or {}
        for param, pm in (
            ("payment_method", given.get("payment_method")),
            ("invoice_settings[default_payment_method]", settings.get("default_payment_method")),
        ):
            if pm:
                self._objects.get("payment_method", pm, param)
        changes: dict[str, Any] = {
            name: None if value == "" else value
            for name, value in given.items()
            if name in _NEW and name not in {"metadata", "address", "invoice_settings"}
        }
        if "metadata" in given:
            changes["metadata"] = merged(old["metadata"], given["metadata"])
        if "address" in given:
            address = given["address"] or None
            changes["address"] = address and {
                **(old["address"] or _ADDRESS),
                **{name: value or None for name, value in address.items()},
            }
        if settings:
            changes["invoice_settings"] = {**old["invoice_settings"], **settings}
        return changes

    def _indexed(self, old: Body | None) -> Body:
        """What the search's index still holds while it lags behind."""
        before = None if old is None else {name: value for name, value in old.items() if name[0] != "_"}
        return {"_changed": self._objects.exact, "_before": before}

    def _note(self, kind: str, body: Body) -> None:
        key = (body["email"] or "").lower() or body["id"]
        self._ledger.append(kind, key, {"id": body["id"], "metadata": body["metadata"]})
