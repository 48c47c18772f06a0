# test:
# script/f/notify/notify_event
# script/f/notify/send_*
# flow/f/notify/**
"""Whether people would still be told: a test that Windmill runs by itself after a deploy.

Reads the routing, and writes the message of every event that there is, those of the routing's own included.
Sends nothing. Fails for a routing that cannot be used, for a template that cannot be filled, and if no event
goes anywhere.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# jinja2==3.1.6
# markupsafe==3.0.4
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.dispatch.routing_resource import Routing
    from f.notify.messages.events import Event

ROUTING = "f/notify/routing"
_COUNTS = ("rows", "created", "updated", "duplicate", "invalid", "rejected", "failed", "unknown")


class NotifyCheck(TypedDict):
    """How many events and channels there are, and which events go nowhere even if they are critical."""

    channels: int
    events: int
    unrouted: list[str]
    message: str


def main() -> NotifyCheck:
    from f.connect.errors import FixSettings
    from f.notify.dispatch.routing_resource import read_routing
    from f.notify.messages.events import EVENTS, Event
    from f.windmill.values import resource_at

    routing = read_routing(resource_at(ROUTING))
    own = {name: Event(one.title, one.text, one.severity) for name, one in routing.events.items()}
    names = sorted({*EVENTS, *own})
    for name in names:
        _write(name, own)
    unrouted = [name for name in names if not _goes_somewhere(routing, name)]
    if len(unrouted) == len(names):
        raise FixSettings(
            f"No event goes to any channel. Give {ROUTING} a route with events *.", code="check_notify_failed"
        )
    message = f"{len(names)} events can be written, for {len(routing.channels)} channels."
    if unrouted:
        message += f" Nobody is told of {', '.join(unrouted)}."
    print(message)
    return NotifyCheck(channels=len(routing.channels), events=len(names), unrouted=unrouted, message=message)


def _write(name: str, own: Mapping[str, Event]) -> None:
    """Write an event's message. What data the routing's own events get is not known: their syntax is read."""
    from f.connect.errors import FixInput, FixSettings
    from f.notify.messages.events import EVENTS, message_of

    event = own.get(name) or EVENTS[name]
    data = {field: dict.fromkeys(_COUNTS, 1) if field == "counts" else "sample" for field in event.needs}
    try:
        message_of(name, data, own)
    except FixInput as error:
        if name not in own or error.code != "missing_field":
            raise FixSettings(
                f"The event {name} cannot be written: {error}", code="check_notify_failed"
            ) from error


def _goes_somewhere(routing: Routing, event: str) -> bool:
    from f.notify.dispatch.routing import plan
    from f.notify.messages.message import SEVERITIES

    return bool(plan(routing, event, SEVERITIES[-1], datetime.now(UTC)))
