"""From what is wrong to what people are told: when it begins, a reminder, when it is over. Pure.

    bad --> told that it began --bad--> silent; a reminder every so many hours
                               --good for a while--> told that it is over
                               --good, bad, good, ...--> silent: it has not been good for long enough

What is neither bad nor good changes nothing. So a thing that flaps is one that has not ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from f.operate.alerts.findings import Finding, Kind

News = Literal["began", "reminder", "over"]
_FORGET_SECONDS = 7 * 86_400.0  # after which what nobody has seen again is dropped, without a word
# Of these every look sees all there are: what is not among them is over.
_COMPLETE = frozenset({"circuit", "imports", "dead_letters"})


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is wrong. Times in seconds since the epoch.

    `told_at` 0: nobody could be told yet. `good_since` 0: it is still bad. `seen_at`: when it was last bad.
    """

    kind: Kind
    subject: str
    message: str
    began_at: float
    told_at: float
    good_since: float
    seen_at: float


class Told(NamedTuple):
    """What is to be told of an alert."""

    key: str
    news: News
    alert: Alert


@dataclass(frozen=True, slots=True)
class Patience:
    """`remind_seconds`: between two reminders. `settle_seconds`: for which it must be good to be over."""

    remind_seconds: float = 86_400.0
    settle_seconds: float = 1800.0


class Step(NamedTuple):
    """The alerts after a look, and what is to be told of them."""

    alerts: dict[str, Alert]
    news: list[Told]


def step(
    alerts: Mapping[str, Alert],
    findings: Iterable[Finding],
    now: float,
    patience: Patience,
    *,
    is_complete: bool = True,
) -> Step:
    """Return what a look changes. Whoever tells sets `told_at`, by `after_telling`.

    `is_complete`: whether all stores could be read, so that what was not found is not there.
    """
    left: dict[str, Alert] = {}
    news: list[Told] = []
    found = {finding.key: finding for finding in findings}
    for key in sorted({*alerts, *found}):
        alert, finding = alerts.get(key), found.get(key)
        bad = finding.bad if finding else None
        if finding is None and alert is not None and alert.kind in _COMPLETE and is_complete:
            bad = False
        after, what = _next(alert, finding, bad, now, patience)
        if after is not None:
            left[key] = after
        told = after or alert
        if what is not None and told is not None:
            news.append(Told(key, what, told))
    return Step(left, news)


def _next(
    alert: Alert | None, finding: Finding | None, bad: bool | None, now: float, patience: Patience
) -> tuple[Alert | None, News | None]:
    if alert is None:
        if finding is None or not bad:
            return None, None
        return Alert(finding.kind, finding.subject, finding.message, now, 0.0, 0.0, now), "began"
    if bad:
        message = finding.message if finding else alert.message
        return _still_bad(replace(alert, message=message, good_since=0.0, seen_at=now), patience)
    if bad is None:
        is_forgotten = now - alert.seen_at >= _FORGET_SECONDS
        return (None, None) if is_forgotten else (alert, None if alert.told_at else "began")
    alert = replace(alert, good_since=alert.good_since or now)
    if now - alert.good_since < patience.settle_seconds:
        return alert, None
    # Of what nobody heard that it began, nobody needs to hear that it is over.
    return None, "over" if alert.told_at else None


def _still_bad(alert: Alert, patience: Patience) -> tuple[Alert, News | None]:
    if not alert.told_at:
        return alert, "began"
    return alert, "reminder" if alert.seen_at - alert.told_at >= patience.remind_seconds else None


def after_telling(alerts: dict[str, Alert], told: Told, now: float) -> None:
    """Note that people have heard of it. One that is over is gone."""
    if told.key in alerts:
        alerts[told.key] = replace(alerts[told.key], told_at=now)


def to_json(alert: Alert) -> dict[str, Any]:
    """Return what `from_json` takes."""
    return asdict(alert)


def from_json(values: Mapping[str, Any]) -> Alert | None:
    """Return an alert; None for what another version has written."""
    try:
        return Alert(**values)
    except TypeError:
        return None
