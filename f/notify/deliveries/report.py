"""Was it delivered? What was sent and what was told of it, as one answer for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from f.connect.times import to_iso
from f.notify.deliveries.facts import STATES, Fact, state_of
from f.notify.deliveries.record import Deliveries
from f.notify.deliveries.twilio_callbacks import words_of
from f.store.sent_keys import IN_DOUBT, prepare, read, sent_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from f.store.store import Store

Answer = Literal["delivered", "not_delivered", "on_its_way", "nothing_heard", "in_doubt", "not_known"]
# Of several recipients the worst decides.
_WORST: tuple[Answer, ...] = ("not_delivered", "nothing_heard", "on_its_way", "delivered")
_ANSWERS: Mapping[str, Answer] = {
    "on its way": "on_its_way",
    "delivered": "delivered",
    "not delivered": "not_delivered",
}
_SENTENCES: Mapping[Answer, str] = {
    "delivered": "It was delivered.",
    "not_delivered": "It was not delivered.",
    "on_its_way": "It is on its way, as far as was told; not every operator tells of the delivery.",
    "nothing_heard": "It was sent, and the service has told nothing of a delivery.",
    "in_doubt": "It was sent or may have been: the answer was lost, or a job is sending it just now.",
    "not_known": "Nothing is known of such a message: it was never sent, or too long ago.",
}


class DeliveryFact(TypedDict):
    """One kind of thing that was told; `at` the first time, `last_at` the last."""

    fact: str
    at: str
    last_at: str
    reason: str


class DeliveryReport(TypedDict):
    """`state` is the service's word and `since` its time, empty while none was told.

    `final`: no other state is expected, though an e-mail may still come back. `recipients`: how many were
    told of; of several `states` counts them, and `history` is empty.
    """

    answer: Answer
    says: str
    service: str
    id: str
    sent_at: str
    state: str
    since: str
    final: bool
    reason: str
    recipients: int
    states: dict[str, int]
    history: list[DeliveryFact]


@dataclass(frozen=True, slots=True)
class Sent:
    """What our own record says of a message: the service's id is empty while it is in doubt."""

    service: str
    id: str
    at: float | None
    in_doubt: bool = False


def sent_under(store: Store, keys: Sequence[tuple[str, str]]) -> Sent | None:
    """Return what was sent under the first of these keys that is known; each stands beside its service."""
    prepare(store)
    for service, key in keys:
        known = read(store, key)
        if known is None:
            continue
        if known.id.startswith(IN_DOUBT):  # one of a batch, under whose key the answer may have come since
            known = read(store, known.id.removeprefix(IN_DOUBT)) or known
        in_doubt = known.state != "sent" or known.id.startswith(IN_DOUBT)
        return Sent(service, "" if in_doubt else known.id, known.at, in_doubt)
    return None


def sent_as(store: Store, service: str, service_id: str) -> Sent:
    """Return what is known of a service's own id."""
    return Sent(service, service_id, sent_times(store, [service_id]).get(service_id))


def report(store: Store, sent: Sent | None, recipient: str = "") -> DeliveryReport:
    """Return the answer for one recipient, given as a digest, or for all that were told of."""
    if sent is None:
        return _report(Sent("", "", None), "not_known")
    if sent.in_doubt:
        return _report(sent, "in_doubt")
    told = Deliveries(store).of(sent.service, sent.id, recipient) if sent.id else {}
    if not told:
        return _report(sent, "not_known" if sent.at is None else "nothing_heard")
    return _of_one(sent, *told.values()) if len(told) == 1 else _of_several(sent, told.values())


def _of_one(sent: Sent, facts: Sequence[Fact]) -> DeliveryReport:
    state, answer = state_of(facts), _answer(facts)
    reason = _reason(state) if state is not None and answer != "delivered" else ""
    says = f"{_SENTENCES[answer]} Reason: {reason}." if reason else _SENTENCES[answer]
    return {
        **_report(sent, answer, says),
        "state": state.name if state else "",
        "since": to_iso(state.first_at) if state else "",
        "final": bool(state and STATES[state.service][state.name].final),
        "reason": reason,
        "recipients": 1,
        "history": [_told(fact) for fact in facts],
    }


def _of_several(sent: Sent, recipients: Iterable[Sequence[Fact]]) -> DeliveryReport:
    answers, states = Counter[Answer](), Counter[str]()
    for facts in recipients:
        state = state_of(facts)
        answers[_answer(facts)] += 1
        states[state.name if state else "untold"] += 1
    counts = dict(sorted(states.items()))
    counted = ", ".join(f"{number} {name}" for name, number in counts.items())
    says = f"{answers.total()} recipients were told of: {counted}. Give one in `to` for its own answer."
    worst = min(answers, key=_WORST.index)
    return {**_report(sent, worst, says), "recipients": answers.total(), "states": counts}


def _report(sent: Sent, answer: Answer, says: str = "") -> DeliveryReport:
    return {
        "answer": answer,
        "says": says or _SENTENCES[answer],
        "service": sent.service,
        "id": sent.id,
        "sent_at": "" if sent.at is None else to_iso(sent.at),
        "state": "",
        "since": "",
        "final": False,
        "reason": "",
        "recipients": 0,
        "states": {},
        "history": [],
    }


def _answer(facts: Sequence[Fact]) -> Answer:
    state = state_of(facts)
    return _ANSWERS[STATES[state.service][state.name].meaning] if state else "nothing_heard"


def _reason(fact: Fact) -> str:
    if fact.service == "twilio":
        return words_of(fact.code)
    return " ".join(filter(None, [fact.reason, f"({fact.code})" if fact.code else ""])).rstrip(".")


def _told(fact: Fact) -> DeliveryFact:
    return {
        "fact": fact.name,
        "at": to_iso(fact.first_at),
        "last_at": to_iso(fact.last_at),
        "reason": _reason(fact),
    }
