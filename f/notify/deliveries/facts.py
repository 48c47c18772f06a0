"""What a service tells of a message after it took it: facts, and the state that they make.

Services promise no order and tell a thing twice, so facts are only ever added: of each kind the first time
and the last, with the reason told last. The state is read off them, the furthest one: it is the same in
whatever order they came.

Twilio    https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
SendGrid  https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event

SendGrid may tell of a bounce after it told of a delivery: a server took the e-mail and sent it back later
(a delayed, or asynchronous, bounce). So there not delivered outranks delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from f.notify.messages.opt_outs import Wish

Service = Literal["twilio", "sendgrid"]
Meaning = Literal["on its way", "delivered", "not delivered"]


@dataclass(frozen=True, slots=True)
class State:
    """`rank`: of two states the higher one stands; of equal ones the one that began later."""

    rank: int
    meaning: Meaning
    final: bool


_UNDER_WAY: Meaning = "on its way"
STATES: Mapping[Service, Mapping[str, State]] = {
    "twilio": {
        "scheduled": State(0, _UNDER_WAY, final=False),
        "accepted": State(1, _UNDER_WAY, final=False),
        "queued": State(2, _UNDER_WAY, final=False),
        "sending": State(3, _UNDER_WAY, final=False),
        "sent": State(4, _UNDER_WAY, final=False),
        "delivered": State(5, "delivered", final=True),
        "undelivered": State(5, "not delivered", final=True),
        "failed": State(5, "not delivered", final=True),
        "canceled": State(5, "not delivered", final=True),
        "read": State(6, "delivered", final=True),
    },
    "sendgrid": {
        "processed": State(0, _UNDER_WAY, final=False),
        "deferred": State(1, _UNDER_WAY, final=False),
        "delivered": State(2, "delivered", final=True),
        "blocked": State(3, "not delivered", final=True),
        "bounce": State(3, "not delivered", final=True),
        "dropped": State(3, "not delivered", final=True),
    },
}
# Told beside the states, and no state: a person may do it long after, and more than once.
BESIDE: Mapping[Service, frozenset[str]] = {
    "twilio": frozenset({"partially_delivered"}),
    "sendgrid": frozenset(
        {"open", "click", "spamreport", "unsubscribe", "group_unsubscribe", "group_resubscribe"}
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that was told of a message to one recipient. Nothing in it tells who that is.

    `id`: the service's, as sending keeps it. `recipient`: a digest; "" where an id has one recipient. Times
    are seconds since the epoch, by the service's clock where it tells them, else when we heard of it. `code`
    and `reason` are those told last, masked.
    """

    service: Service
    id: str
    recipient: str
    name: str
    first_at: float
    last_at: float
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What an event says, as far as it is sure.

    `fact` is None where it is no fact of a message, or SendGrid does not know of which. `mark`: ours, by
    which a sending is known whose answer was lost.
    """

    fact: Fact | None = None
    wish: Wish | None = None
    mark: str = ""
    about: Literal["message", "message not named", "something else"] = "something else"


def state_of(facts: Iterable[Fact]) -> Fact | None:
    """Return the fact that is the state of one message to one recipient; None if none of them is a state."""
    states = [fact for fact in facts if fact.name in STATES[fact.service]]
    return max(states, key=_place, default=None)


def _place(fact: Fact) -> tuple[int, float, str]:
    return STATES[fact.service][fact.name].rank, fact.first_at, fact.name


def is_known(service: Service, name: str) -> bool:
    """Return whether the service's word is one that we know as a fact."""
    return name in STATES[service] or name in BESIDE[service]
