"""Keep what Twilio and SendGrid tell of messages, so that `f/notify/get_delivery` has an answer.

A handler of `message.*` events of sources of the kinds twilio and sendgrid, many at once. Events may come in
any order and more than once: the record is the same. A reply of STOP or START that Twilio has understood, an
unsubscribe and a spam report also set whether the address is written to (f/notify/set_opt_out). What is no
fact of a message is counted and left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.deliveries.facts import Told
    from f.store.store import Store

_PREFIX = "message."


class RecordedDeliveries(TypedDict):
    """Each event is in one of the first five counts.

    `older`: of a state that the message had left by then. `repeated`: of a kind that was told before.
    `not_named`: SendGrid does not say of which e-mail. `other`: no fact of a message. Beside these:
    `not_ours`, of messages that no script of f/notify is known to have sent, yet kept; `confirmed`, sendings
    whose answer had been lost.
    """

    recorded: int
    older: int
    repeated: int
    not_named: int
    other: int
    not_ours: int
    confirmed: int
    opted_out: int
    opted_in: int


def main(events: list[dict], database: postgresql | None = None) -> RecordedDeliveries:
    from f.store.stores import open_store

    with open_store(database, "notify") as store:
        return _record(store, [_read(event) for event in events])


def _record(store: Store, told: list[Told]) -> RecordedDeliveries:
    from f.notify.deliveries.record import Deliveries
    from f.notify.messages.opt_outs import OptOuts
    from f.store.sent_keys import confirm_by_mark, sent_times

    facts = [one.fact for one in told if one.fact is not None]
    wishes = [one.wish for one in told if one.wish is not None]
    marks = {one.mark: one.fact.id for one in told if one.mark and one.fact is not None}
    # First what people wish: if the job is killed in between, it is run again.
    OptOuts(store).hear(wishes)
    counted = Deliveries(store).record(facts)
    confirmed = confirm_by_mark(store, marks)
    ours = sent_times(store, [fact.id for fact in facts])
    abouts = Counter(one.about for one in told)
    return {
        "recorded": counted.new,
        "older": counted.older,
        "repeated": counted.repeated,
        "not_named": abouts["message not named"],
        "other": abouts["something else"],
        "not_ours": len(list(_strangers(told, ours))),
        "confirmed": confirmed,
        "opted_out": sum(wish.opted_out for wish in wishes),
        "opted_in": sum(not wish.opted_out for wish in wishes),
    }


def _strangers(told: list[Told], ours: dict[str, float]) -> Iterator[Told]:
    return (one for one in told if one.fact is not None and not one.mark and one.fact.id not in ours)


def _read(event: dict[str, Any]) -> Told:
    """Read one event. What cannot be read is about something else: to try it again would change nothing."""
    from f.connect.times import parse_iso
    from f.notify.deliveries.facts import Told
    from f.notify.deliveries.sendgrid_events import read_event
    from f.notify.deliveries.twilio_callbacks import read_callback

    readers = {"twilio": read_callback, "sendgrid": read_event}
    reader = readers.get(str(event.get("kind")))
    kind, body = event.get("type"), event.get("body")
    if reader is None or not isinstance(kind, str) or not isinstance(body, dict):
        return Told()
    at = parse_iso(event.get("occurred_at")) or parse_iso(event.get("received_at"))
    if at is None or not kind.startswith(_PREFIX):
        return Told()
    return reader(kind.removeprefix(_PREFIX), body, at)
