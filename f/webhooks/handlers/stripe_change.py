"""What an event of Stripe is believed: which object changed, and whose it is. What it says of it is not.

A snapshot event holds the object as it was, in the shape of the API version of its endpoint; a thin event
names it. Either may come late, twice, or before one that is older: who handles it fetches the object.
https://docs.stripe.com/webhooks#event-ordering, https://docs.stripe.com/event-destinations
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from f.connect.errors import FixSettings, GiveUpRecord
from f.payments.stripe.client import is_live_key, is_test_key
from f.webhooks.inbox.handed import as_sent

if TYPE_CHECKING:
    from f.webhooks.requests.event import Event

Kind = Literal["payment_intent", "subscription", "invoice", "invoice_payment"]

_PREFIXES: Mapping[Kind, str] = {
    "payment_intent": "pi_",
    "subscription": "sub_",
    "invoice": "in_",
    "invoice_payment": "inpay_",
}
# Stripe tells that an invoice is paid under three names.
HANDLED: Mapping[str, Kind] = {
    "payment_intent.succeeded": "payment_intent",
    "payment_intent.payment_failed": "payment_intent",
    "customer.subscription.created": "subscription",
    "customer.subscription.deleted": "subscription",
    "invoice.paid": "invoice",
    "invoice.payment_succeeded": "invoice",
    "invoice_payment.paid": "invoice_payment",
}
_SHAPES = _SNAPSHOT, _THIN = ("event", "v2.core.event")
_OF_V1 = "v1."  # before the type of a thin event about an object of the older API
_ID = re.compile(r"[A-Za-z0-9_]{1,255}")
_CONTEXT = re.compile(r"[A-Za-z0-9_]{1,255}(?:/[A-Za-z0-9_]{1,255})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeChange:
    """`type` without the prefix of thin events. `object_id` is empty if nobody here handles that type.

    `account`: the connected account it happened in; empty: the key's own. `headers`: what a call about it
    needs.
    """

    type: str
    event_id: str
    livemode: bool
    kind: Kind | None = None
    object_id: str = ""
    account: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def read_change(event: Mapping[str, Any]) -> StripeChange:
    """Return what a handler's event says. Stripe's own JSON, as its dashboard shows it, is taken too.

    FixSettings for an event of another service; GiveUpRecord for what is no event of Stripe's.
    """
    sent = _sent(event)
    thin = sent.get("object") == _THIN
    type_, event_id, livemode = sent.get("type"), sent.get("id"), sent.get("livemode")
    if not isinstance(type_, str) or not type_ or not isinstance(livemode, bool):
        raise _unreadable("an event's type and livemode")
    if not isinstance(event_id, str) or not _ID.fullmatch(event_id):
        raise _unreadable("an event's id")
    account, headers = _account_of(sent, thin=thin)
    name = type_.removeprefix(_OF_V1) if thin else type_
    change = StripeChange(
        type=name,
        event_id=event_id,
        livemode=livemode,
        account=account,
        headers=headers,
        kind=HANDLED.get(name),
    )
    if change.kind is None:
        return change
    return _about(change, change.kind, sent.get("related_object") if thin else _object(sent), thin=thin)


def check_mode(change: StripeChange, resource: Mapping[str, Any]) -> None:
    """Raise FixSettings if the key can only be of the other mode: live, or test."""
    other = is_test_key(resource) if change.livemode else is_live_key(resource)
    if other:
        raise other_mode(change)


def other_mode(change: StripeChange) -> FixSettings:
    """Return the error of a key that is not of the event's mode."""
    mode, key = ("live", "test") if change.livemode else ("test", "live")
    return FixSettings(
        f"The event {change.event_id} is of {mode} mode, and the key of the Stripe resource of {key} mode. "
        f"Give the route of this source the resource of its own mode, or send {key} events alone to it.",
        code="livemode_mismatch",
    )


def _sent(event: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(event, Mapping):
        raise _unreadable("an object")
    if event.get("object") in _SHAPES:
        return event
    if "kind" in event and event["kind"] != "stripe":
        raise FixSettings(
            f"This is an event of a source of kind {str(event['kind'])[:20]!r}. In the routing, give this "
            "handler the sources of kind stripe alone.",
            code="wrong_source",
        )
    try:
        sent = as_sent(cast("Event", {"escaped": [], **event}))
    except (
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        AttributeError,
    ):  # not as the inbox hands events over
        sent = None
    if not isinstance(sent, Mapping) or sent.get("object") not in _SHAPES:
        raise _unreadable(f"an object that is {_SNAPSHOT} or {_THIN}")
    return sent


def _object(sent: Mapping[str, Any]) -> object:
    data = sent.get("data")
    return data.get("object") if isinstance(data, Mapping) else None


def _about(change: StripeChange, kind: Kind, found: object, *, thin: bool) -> StripeChange:
    """Return the change with the object's id. `found`: the snapshot, or the reference of a thin event."""
    told = found.get("type" if thin else "object") if isinstance(found, Mapping) else None
    number = found.get("id") if isinstance(found, Mapping) else None
    fits = isinstance(number, str) and number.startswith(_PREFIXES[kind]) and _ID.fullmatch(number)
    if told != kind or not fits:
        raise _unreadable(f"which {kind.replace('_', ' ')} the event {change.event_id} is about")
    return StripeChange(
        type=change.type,
        event_id=change.event_id,
        livemode=change.livemode,
        kind=kind,
        object_id=str(number),
        account=change.account,
        headers=change.headers,
    )


def _account_of(sent: Mapping[str, Any], *, thin: bool) -> tuple[str, Mapping[str, str]]:
    """Return whose the object is, and the header that a call names it in."""
    name, header, form = (
        ("context", "Stripe-Context", _CONTEXT) if thin else ("account", "Stripe-Account", _ID)
    )
    value = sent.get(name)
    if value is None or value == "":
        return "", {}
    if not isinstance(value, str) or not form.fullmatch(value):
        raise _unreadable(f"an event's {name}")
    return value.rpartition("/")[2], {header: value}


def _unreadable(what: str) -> GiveUpRecord:
    return GiveUpRecord(f"This is no event of Stripe's: it lacks {what}.", code="bad_event")
