"""From new events to tasks: through the middleware, and to the routes that are for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from f.webhooks.dispatch.failures import failure_of_error, wait_before
from f.webhooks.dispatch.middleware import Dropped
from f.webhooks.dispatch.shift import AGAIN, REPLAY
from f.webhooks.dispatch.sources import SourceFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from f.webhooks.dispatch.shift import Shift
    from f.webhooks.inbox.work import Failure, StoredEvent

_BLOCK = 100
_AT_ONCE = 25  # events whose bodies are in memory together
_ROUTING = "routing"  # in the place of a handler, where none was reached


def route_new(shift: Shift, most: int) -> int:
    """Route a block of new events; return how many have left the state of being new, or wait for later."""
    events = shift.work.new_events(min(most, _BLOCK), without=shift.sources.faults)
    routes: dict[str, Sequence[str]] = {}
    looked_at = 0
    for event in _with_bodies(shift, events):
        if shift.is_over():
            break
        try:
            if _passes(shift, event):
                routes[event.id] = shift.routing.routes_of(event.source, event.type)
            looked_at += 1
        except SourceFault as fault:
            shift.tally.problems[event.source] = str(fault)
    if routes:
        shift.require(shift.work.plan(shift.lease, routes))
        handled = sum(1 for names in routes.values() if names)
        shift.tally.counts["routed"] += handled
        shift.tally.counts["unhandled"] += len(routes) - handled
    return looked_at


def _with_bodies(shift: Shift, events: Sequence[StoredEvent]) -> Iterator[StoredEvent]:
    """Yield the events as the middleware wants them; without one nobody looks into the bodies."""
    if not shift.routing.middleware:
        yield from events
        return
    for first in range(0, len(events), _AT_ONCE):
        yield from shift.work.events([event.id for event in events[first : first + _AT_ONCE]]).values()


def _passes(shift: Shift, event: StoredEvent) -> bool:
    """Whether the middleware lets an event through; one that it drops, or fails over, is dealt with here."""
    if not shift.routing.middleware:
        return True
    shift.hold()
    try:
        shift.chain.body_for_handlers(event, shift.sources.open(event), 1)
    except Dropped as dropped:
        shift.require(shift.work.drop(shift.lease, event, str(dropped)))
        shift.tally.counts["dropped"] += 1
        return False
    except SourceFault:
        raise
    except Exception as error:  # noqa: BLE001 - other people's code: whatever it raises concerns this event
        _fail(shift, event, failure_of_error(error))
        return False
    return True


def _fail(shift: Shift, event: StoredEvent, failure: Failure) -> None:
    attempt, retry = event.attempts + 1, shift.routing.retry
    if attempt >= retry.attempts:
        told = replace(failure, hint=f"{failure.hint} {REPLAY}")
        shift.tell(event, _ROUTING, attempt, told, "")
        shift.hold()
        shift.require(shift.work.give_up_routing(shift.lease, event, told))
        shift.tally.counts["dead"] += 1
        return
    due = shift.store.now() + wait_before(attempt, retry, None, shift.clock.draw())
    told = replace(failure, hint=f"{failure.hint} {AGAIN}")
    shift.require(shift.work.route_later(shift.lease, event, due, told))
    shift.tally.counts["again"] += 1
