"""Stripe's objects as the twin keeps them: by id, listed newest first, expanded on request.

https://docs.stripe.com/api/pagination, https://docs.stripe.com/expand
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mill.twins.services.stripe.errors import InvalidParams, no_such
from mill.twins.store import Records

Body = dict[str, Any]
PREFIXES = {
    "customer": "cus",
    "payment_intent": "pi",
    "payment_method": "pm",
    "setup_intent": "seti",
    "charge": "ch",
    "refund": "re",
    "subscription": "sub",
    "subscription_item": "si",
    "invoice": "in",
    "invoice_payment": "inpay",
    "invoice_line_item": "il",
    "price": "price",
    "event": "evt",
}
_KINDS = {prefix: kind for kind, prefix in PREFIXES.items()}
_LETTERS = string.ascii_letters + string.digits
# The fields that name another object and can be shown as it.
_EXPANDABLE = frozenset(
    (
        *("customer", "payment_method", "latest_charge", "charge", "payment_intent", "latest_invoice"),
        *("invoice", "subscription", "default_payment_method", "pending_setup_intent"),
    )
)
# Lists and objects that are only shown on request; kept under the name with an underscore before it.
_INCLUDABLE = frozenset({"confirmation_secret", "payments"})
_KEYED_BY = ("email", "customer", "payment_intent", "charge", "invoice", "subscription")
_DEEPEST = 4


class Objects:
    """All objects of the account. What begins with an underscore is not shown.

    `changed` hears of each change by its name, such as "invoice.paid", and of the object after it. `samples`:
    by id, found where nothing is kept under it.
    """

    def __init__(self, records: Records, clock: Callable[[], float]) -> None:
        self._records = records
        self._clock = clock
        self.changed: Callable[[str, Body], None] = lambda _type, _body: None
        self.samples: Mapping[str, Body] = {}

    @property
    def now(self) -> int:
        """Seconds since the epoch."""
        return int(self._clock())

    @property
    def exact(self) -> float:
        """The same, and parts of them."""
        return self._clock()

    def new(self, kind: str, body: Mapping[str, Any]) -> Body:
        """Keep a new object and return it with its id."""
        made = {"id": new_id(PREFIXES[kind]), "object": kind, "created": self.now, "livemode": False, **body}
        self._records.add(kind, made, _keys(made))
        return made

    def get(self, kind: str, id: str, param: str = "id") -> Body:
        """Return an object. Raises StripeError if there is none."""
        found = self._records.find(kind, "id", id)
        body = self._records.get(kind, found[0]) if found else self.samples.get(id)
        if body is None or body["object"] != kind:
            raise no_such(kind, id, param)
        return body

    def save(self, body: Body) -> Body:
        """Keep an object as it is now."""
        found = self._records.find(body["object"], "id", body["id"])
        if found:
            self._records.replace(body["object"], found[0], body, _keys(body))
        else:  # a sample that is changed is kept like any other
            self._records.add(body["object"], body, _keys(body))
        return body

    def having(self, kind: str, name: str, value: str) -> list[Body]:
        """Return those with this value of an indexed field, newest first."""
        numbers = reversed(self._records.find(kind, name, value))
        return [body for number in numbers if (body := self._records.get(kind, number)) is not None]

    def all(self, kind: str) -> list[Body]:
        """Return every object of a kind, newest first."""
        bodies: list[Body] = []
        after = 0
        while page := self._records.page(kind, after=after, limit=1000):
            bodies.extend(body for _number, body in page)
            after = page[-1][0]
        return bodies[::-1]

    def page(self, url: str, kind: str, found: Sequence[Body], asked: Mapping[str, Any]) -> Body:
        """Return one page of a list, by the parameters of PAGE."""
        limit = asked.get("limit", 10)
        created = asked.get("created")
        if created is not None:
            found = [body for body in found if _is_within(body["created"], created)]
        start, end = asked.get("starting_after"), asked.get("ending_before")
        if start:
            self.get(kind, start, "starting_after")
            found = found[_place(found, start) + 1 :]
        has_more = len(found) > limit
        chosen = found[:limit]
        if end:
            self.get(kind, end, "ending_before")
            before = found[: _place(found, end)]
            has_more, chosen = len(before) > limit, before[-limit:]
        return {"object": "list", "data": list(chosen), "has_more": has_more, "url": url}

    def shown(self, body: Body, expand: Sequence[str]) -> Body:
        """Return what a reply shows of an object or a page. Raises InvalidParams for a wrong `expand`."""
        shown: Body = public(body)
        for index, path in enumerate(expand):
            steps = path.split(".")
            problem = InvalidParams(f"This property cannot be expanded ({path}).", f"expand[{index}]")
            if len(steps) > _DEEPEST or not all(steps):
                raise problem
            self._expand(shown, body, steps, problem)
        return shown

    def _expand(self, shown: Body, kept: Body, steps: Sequence[str], problem: InvalidParams) -> None:
        name, further = steps[0], steps[1:]
        if name == "data" and isinstance(kept.get("data"), list) and further:
            for shown_one, kept_one in zip(shown["data"], kept["data"], strict=True):
                self._expand(shown_one, kept_one, further, problem)
            return
        hidden = f"_{name}"
        if name in _INCLUDABLE and hidden in kept:
            value = kept[hidden]
            shown.setdefault(name, public(value) if isinstance(value, dict) else value)
            if further and isinstance(value, dict):
                self._expand(shown[name], value, further, problem)
            return
        if name not in kept or name not in _EXPANDABLE:
            inner = kept.get(name)
            if isinstance(inner, dict) and further:
                self._expand(shown[name], inner, further, problem)
                return
            raise problem
        named = kept[name]
        if named is None:
            return
        target = self.get(_KINDS[named.partition("_")[0]], named)
        if isinstance(shown[name], str):
            shown[name] = public(target)
        if further:
            self._expand(shown[name], target, further, problem)


def new_id(prefix: str, length: int = 24) -> str:
    """Return an id of Stripe's form."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(14 if prefix == "cus" else length))
    return f"{prefix}_{letters}"


def merged(old: Mapping[str, str], change: Any) -> dict[str, str]:
    """Return metadata after a change: an empty text unsets a name, or all."""
    if change == "":
        return {}
    return {name: value for name, value in {**old, **change}.items() if value != ""}


def public(value: Any) -> Any:
    """Return what of a value is shown."""
    if isinstance(value, dict):
        return {name: public(one) for name, one in value.items() if not name.startswith("_")}
    return [public(one) for one in value] if isinstance(value, list) else value


def _keys(body: Mapping[str, Any]) -> dict[str, str]:
    keys = {"id": body["id"]}
    for name in _KEYED_BY:
        value = body.get(name, body.get(f"_{name}"))
        if isinstance(value, str):
            keys[name] = value
    if body["object"] == "customer":
        keys |= {f"metadata.{name}": value for name, value in body.get("metadata", {}).items()}
    return keys


def _place(found: Sequence[Body], id: str) -> int:
    return next((index for index, body in enumerate(found) if body["id"] == id), len(found))


def _is_within(created: int, asked: Any) -> bool:
    if isinstance(asked, int):
        return created == asked
    tests = {"gt": created.__gt__, "gte": created.__ge__, "lt": created.__lt__, "lte": created.__le__}
    return all(tests[name](bound) for name, bound in asked.items())
