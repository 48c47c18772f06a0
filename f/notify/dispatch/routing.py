"""Which channels an event goes to, and when: pure decisions from the routing and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from f.notify.messages.message import rank

if TYPE_CHECKING:
    from f.notify.dispatch.routing_resource import QuietHours, Routing

When = Literal["now", "digest"]


@dataclass(frozen=True, slots=True)
class Plan:
    """One channel's part. `why` says what made it wait."""

    channel: str
    when: When
    why: str = ""


def plan(routing: Routing, event: str, severity: str, now: datetime) -> list[Plan]:
    """Return the channels of an event in the order of the routes, each once. `now` is aware of its zone.

    A channel that one route wants at once and another in the digest gets it at once.
    """
    wanted: dict[str, bool] = {}
    for route in routing.routes:
        if rank(severity) < rank(route.min_severity) or not {"*", event} & set(route.events):
            continue
        for name in route.channels:
            later = route.digest or routing.channels[name].digest
            wanted[name] = wanted.get(name, True) and later
    return [_planned(routing, name, later, severity, now) for name, later in wanted.items()]


def _planned(routing: Routing, name: str, later: bool, severity: str, now: datetime) -> Plan:
    if later:
        return Plan(name, "digest", "the routing collects it")
    if routing.quiet_hours and _is_quiet(routing.quiet_hours, name, severity, now):
        return Plan(name, "digest", "quiet hours")
    return Plan(name, "now")


def _is_quiet(quiet: QuietHours, channel: str, severity: str, now: datetime) -> bool:
    if quiet.channels is not None and channel not in quiet.channels:
        return False
    if rank(severity) >= rank(quiet.unless):
        return False
    return is_within(now.astimezone(ZoneInfo(quiet.timezone)).time(), quiet.start, quiet.end)


def is_within(now: time, start: time, end: time) -> bool:
    """Return whether a time lies from `start` to before `end`, over midnight if end is not after start."""
    if start < end:
        return start <= now < end
    return now >= start or now < end
