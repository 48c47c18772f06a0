"""What became of a run of a watch: of each notification, and of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from f.connect.calls.reply_reader import line_of


class WatchReport(TypedDict, total=False):
    """What a watch did. `wm_failure`, which makes the run fail, is there only if something failed."""

    vessels: int
    baseline: list[str]
    notified: int
    no_channel: int
    not_told: list[dict[str, str]]
    waiting: int
    failures: list[dict[str, str]]
    events: dict[str, int]
    wm_failure: str


def failure_in(notification: Mapping[str, Any] | None) -> str:
    """Return why a notification is to be tried again; empty if it was told.

    A channel whose answer was lost is not tried again: it may have told.
    """
    if not isinstance(notification, Mapping):
        return "The notification did not run."
    error = notification.get("error")
    if isinstance(error, Mapping):
        return line_of(error.get("message")) or "The notification failed."
    channels = notification.get("channels")
    if not isinstance(channels, Mapping):
        return "The notification returned no channels."
    failed = [
        f"{name}: {line_of(result.get('detail')) or 'failed'}"
        for name, result in channels.items()
        if isinstance(result, Mapping) and result.get("status") == "failed"
    ]
    return " ".join(failed)


def reached(notification: Mapping[str, Any] | None) -> bool:
    """Return whether a notification that did not fail has a channel that had it, or may have had it."""
    channels = (notification or {}).get("channels") or {}
    return any(isinstance(one, Mapping) and one.get("status") != "suppressed" for one in channels.values())


def report_of(found: Mapping[str, Any], marked: Sequence[Any]) -> WatchReport:
    """Return what a run did."""
    marks = [one for one in marked if isinstance(one, Mapping) and "status" in one]
    lost = len(marked) - len(marks)
    not_told = [
        {"key": str(one["key"]), "status": str(one["status"]), "detail": str(one["detail"])}
        for one in marks
        if one["status"] not in {"notified", "no_channel"}
    ]
    failures = list(found.get("failures") or [])
    report: WatchReport = {
        "vessels": len(found.get("looked_at") or []),
        "baseline": list(found.get("baseline") or []),
        "notified": sum(one["status"] == "notified" for one in marks),
        "no_channel": sum(one["status"] == "no_channel" for one in marks),
        "not_told": not_told,
        "waiting": int(found.get("waiting") or 0),
        "failures": failures,
        "events": dict(Counter(str(one["event"]) for one in marks if one["status"] == "notified")),
    }
    words = [f"IMO {one['imo']}: {one['error']}" for one in failures]
    words += [f"{one['key']} was not told: {one['detail']}" for one in not_told]
    words += [f"{lost} events were told and could not be marked."] * bool(lost)
    if words:
        report["wm_failure"] = " ".join(words)
    return report
