"""What is wrong now, out of what was counted, checked and found: each finding has a key that stays. Pure.

A finding is bad, good, or neither: a rate between the threshold and its half, a service hardly called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from f.connect.histogram import Histogram
from f.connect.metrics import BUCKET, OUTCOME
from f.connect.times import parse_iso, to_text

if TYPE_CHECKING:
    from f.operate.services.check import Check
    from f.records.sending.pauses import Pause

Kind = Literal["failing", "slow", "circuit", "credential", "imports", "dead_letters"]
# What is wrong with one record is for whoever sent it; a quota that is used up is no failure of the service.
_OF_THE_CALLER = frozenset({"success", "cancelled", "FixInput", "GiveUpRecord", "WaitForQuota"})
_OF_THE_SERVICE = frozenset({"http_401", "http_403", "http_407", "http_408", "http_429"})
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that people hear of once it is bad. `subject` in its title; `message`: a sentence or two.

    `bad`: None where it says nothing either way.
    """

    kind: Kind
    key: str
    subject: str
    message: str
    bad: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From when on something is bad. Percents of the calls of a window, which has at least so many."""

    failure_percent: float = 10.0
    slow_seconds: float = 10.0
    slow_percent: float = 5.0
    minimum_calls: int = 20
    credential_days: float = 14.0


class Window(NamedTuple):
    """The calls of one integration between two looks."""

    calls: int
    failed: int
    slow: int
    minutes: float
    errors: Mapping[str, int]


def window_of(
    before: Mapping[str, float], now: Mapping[str, float], seconds: float, slow_seconds: float
) -> Window:
    """Return what was counted between two looks at totals; of totals that were reset, what is there now."""
    if any(now.get(name, 0.0) < value for name, value in before.items()):
        before = {}
    grown = {name: int(value - before.get(name, 0.0)) for name, value in now.items()}
    outcomes = {name.removeprefix(OUTCOME): n for name, n in grown.items() if name.startswith(OUTCOME) and n}
    errors = {name: count for name, count in outcomes.items() if is_of_the_service(name)}
    slow = sum(
        count
        for name, count in grown.items()
        if name.startswith(BUCKET) and _is_longer(int(name.removeprefix(BUCKET)), slow_seconds)
    )
    return Window(sum(outcomes.values()), sum(errors.values()), slow, seconds / 60, errors)


def is_of_the_service(outcome: str) -> bool:
    """Return whether a call that ended so speaks against the service, and not against one record."""
    if outcome.startswith("http_"):
        return outcome in _OF_THE_SERVICE or outcome.startswith("http_5")
    return outcome not in _OF_THE_CALLER


def _is_longer(bucket: int, seconds: float) -> bool:
    """Return whether all calls of a bucket took longer; that of the threshold itself counts for neither."""
    return Histogram.edge_ms(bucket - 1) >= seconds * 1000


def of_calls(integration: str, window: Window, limits: Thresholds) -> list[Finding]:
    """Return what a window says of an integration: does it fail, is it slow."""
    most = sorted(window.errors.items(), key=lambda item: (-item[1], item[0]))[:_NAMED]
    errors = ", ".join(f"{count:,} {name}" for name, count in most)
    failed = (
        f"{window.failed:,} of {window.calls:,} calls failed in {_minutes(window.minutes)}"
        f"{f': {errors}' if errors else ''}."
    )
    slow = (
        f"{window.slow:,} of {window.calls:,} calls took longer than {limits.slow_seconds:g} s in "
        f"{_minutes(window.minutes)}."
    )
    return [
        Finding(
            kind="failing",
            key=f"failing {integration}",
            subject=integration,
            message=failed,
            bad=_judged(window.failed, window.calls, limits.failure_percent, limits.minimum_calls),
        ),
        Finding(
            kind="slow",
            key=f"slow {integration}",
            subject=integration,
            message=slow,
            bad=_judged(window.slow, window.calls, limits.slow_percent, limits.minimum_calls),
        ),
    ]


def _judged(count: int, calls: int, percent: float, minimum: int) -> bool | None:
    """Return True above the threshold, False at its half or below, None between and with too few calls."""
    if calls < max(1, minimum):
        return None
    share = 100 * count / calls
    if share > percent:
        return True
    return False if share <= percent / 2 else None


def _minutes(minutes: float) -> str:
    if minutes < 1.5:
        return "the last minute"
    return f"the last {minutes:.0f} minutes" if minutes < 120 else f"the last {minutes / 60:.0f} hours"


def of_circuits(keys: Iterable[str]) -> list[Finding]:
    """Return a finding for each breaker that is open, by its key: an origin, and whose account it is."""
    found = []
    for key in keys:
        origin, _, account = key.partition(" ")
        refused = account.startswith("credential ")
        text = "Its credential was refused: sign in again or replace it." if refused else (
            "Too many calls failed, so no job calls it for a while; then one call tries it."
        )  # fmt: skip
        host = origin.partition("://")[2] or origin
        found.append(
            Finding(
                kind="circuit",
                key=f"circuit {key}",
                subject=host,
                message=f"{text} No call is sent.",
                bad=True,
            )
        )
    return found


def of_checks(checks: Iterable[Check], now: float, days: float) -> list[Finding]:
    """Return what checks say of credentials: about to end, ended, or good for longer."""
    found = []
    for one in checks:
        ends = parse_iso(one["credential_expires"])
        if ends is None and one["status"] != "ok":
            continue  # whether it ends soon is not known; that it fails is told by the calls
        left = None if ends is None else (ends - now) / 86_400
        bad = left is not None and left < days
        when = "ended" if left is not None and left < 0 else "ends"
        message = (
            f"The credential in {one['path']} {when} at {to_text(ends)}. Renew it."
            if ends
            else "It has no end."
        )
        found.append(
            Finding(
                kind="credential",
                key=f"credential {one['path']}",
                subject=one["title"],
                message=message,
                bad=bad,
            )
        )
    return found


def of_pauses(pauses: Mapping[str, Pause]) -> list[Finding]:
    """Return a finding for each target to which no import sends now."""
    return [
        Finding(
            kind="imports",
            key=f"imports {target}",
            subject=f"Rows for {target.partition(' ')[0]}",
            message=f"{pause.why}; nothing is sent until {to_text(pause.until)}.",
            bad=True,
        )
        for target, pause in pauses.items()
    ]


def of_dead_letters(by_source: Mapping[str, int]) -> list[Finding]:
    """Return one finding for all dead letters of webhooks."""
    total = sum(by_source.values())
    if not total:
        return []
    ranked = sorted(by_source.items(), key=lambda item: (-item[1], item[0]))
    names = ", ".join(f"{count:,} of {source}" for source, count in ranked[:_NAMED])
    more = f" and {len(ranked) - _NAMED} more sources" if len(ranked) > _NAMED else ""
    verb = "webhook event was" if total == 1 else "webhook events were"
    return [
        Finding(
            kind="dead_letters",
            key="dead letters",
            subject="Dead letters of webhooks",
            message=f"{total:,} {verb} given up: {names}{more}. list_events shows them.",
            bad=True,
        )
    ]
