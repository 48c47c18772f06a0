"""What is told of an alert: which event, in which words, to whoever the routing names.

Of many at once the first are told now, and the others at the next look: a phone that rings forty times helps
nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.events import raise_event
from f.connect.times import to_iso
from f.operate.alerts.states import after_telling
from f.store.sent_keys import key_of, was_sent

if TYPE_CHECKING:
    from f.operate.alerts.states import Alert, News, Step, Told
    from f.store.store import Store

MOST_AT_ONCE = 20

_EVENTS = {
    "failing": "service_failing",
    "slow": "service_failing",
    "circuit": "service_failing",
    "credential": "credential_expiring",
    "imports": "work_waiting",
    "dead_letters": "work_waiting",
}
_TITLES = {
    "failing": "fails too often",
    "slow": "answers too slowly",
    "circuit": "is not called any more",
    "credential": "has a credential that ends",
    "imports": "wait",
    "dead_letters": "wait",
}


class ToldNews(TypedDict):
    """What was told, or would be. `told`: whether a job was started that tells it."""

    news: News
    event: str
    subject: str
    message: str
    since: str
    told: bool


def event_of(told: Told) -> tuple[str, dict[str, Any]]:
    """Return the event and its data. Pure."""
    alert, kind = told.alert, told.alert.kind
    if told.news == "over":
        message = f"It was wrong since {to_iso(alert.began_at)}: {alert.message}"
        return "trouble_over", {"subject": alert.subject, "problem": _TITLES[kind], "message": message}
    message = f"Still so: {alert.message}" if told.news == "reminder" else alert.message
    data = {
        "subject": alert.subject,
        "problem": _TITLES[kind],
        "message": message,
        "since": to_iso(alert.began_at),
    }
    return _EVENTS[kind], data


def tell(step: Step, store: Store, now: float, settle_seconds: float) -> list[ToldNews]:
    """Raise the events, and note in the step's alerts what people have heard of."""
    found = []
    for told in step.news[:MOST_AT_ONCE]:
        event, data = event_of(told)
        about = f"{told.key} {told.news}"
        # A job that was killed between telling and remembering has told; the next one does not tell again.
        is_told = raise_event(event, data, store, about=about, window=settle_seconds) or was_sent(
            store, key_of("event", event, about), settle_seconds
        )
        if is_told:
            after_telling(step.alerts, told, now)
        found.append(news_of(told, told=is_told))
    return found


def news_of(news: Told, *, told: bool) -> ToldNews:
    """Return one line of the result."""
    event, data = event_of(news)
    return ToldNews(
        news=news.news,
        event=event,
        subject=f"{news.alert.subject} {data['problem']}",
        message=data["message"],
        since=to_iso(news.alert.began_at),
        told=told,
    )


def open_alerts(alerts: dict[str, Alert]) -> list[dict[str, str]]:
    """Return what is wrong now, for people, what began first before the others."""
    ranked = sorted(alerts.values(), key=lambda one: (one.began_at, one.subject))
    return [
        {
            "what": f"{one.subject} {_TITLES[one.kind]}",
            "since": to_iso(one.began_at),
            "message": one.message,
            "told": to_iso(one.told_at) if one.told_at else "",
        }
        for one in ranked
    ]
