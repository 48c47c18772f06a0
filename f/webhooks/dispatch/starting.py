"""From due tasks to jobs of handlers, each written down before it is started."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from f.webhooks.dispatch.failures import failure_of_error
from f.webhooks.dispatch.jobs import job_id, start
from f.webhooks.dispatch.middleware import Dropped
from f.webhooks.dispatch.sources import SourceFault
from f.webhooks.inbox.handed import handed
from f.webhooks.inbox.work import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from f.webhooks.dispatch.routing_resource import Route
    from f.webhooks.dispatch.shift import Shift
    from f.webhooks.inbox.work import StoredEvent, Task
    from f.webhooks.requests.event import Event

_BLOCK = 500
_AT_ONCE = 25  # events whose bodies are in memory together
BATCH = 500
_BATCH_BYTES = 1_000_000

_NO_ROUTE = Failure(
    "FixSettings",
    "The routing has no route of this name any more.",
    "no_route",
    "Give a route this name, then replay the event; or leave it.",
)
_PURGED = Failure("FixInput", "The event's body was purged.", "purged", "Nothing is left to replay.")
_NO_EVENT = Failure("FixInput", "The event was purged.", "purged", "Nothing is left to replay.")


class _Batch:
    """What one job will get: tasks of one route and one attempt, and their events."""

    def __init__(self, route: Route, attempts: int) -> None:
        self.route = route
        self.tasks: list[Task] = []
        self.events: list[Event] = []
        # One event that fails all others is found by taking fewer at once each time.
        self._most = max(1, BATCH // 10**attempts) if route.batch else 1
        self._bytes = 0

    def takes(self, size: int) -> bool:
        """Return whether an event of so many bytes has room here."""
        return not self.tasks or (len(self.tasks) < self._most and self._bytes + size <= _BATCH_BYTES)

    def add(self, task: Task, event: Event, size: int) -> None:
        self.tasks.append(task)
        self.events.append(event)
        self._bytes += size


def start_due(shift: Shift, most: int) -> int:
    """Start jobs for a block of due tasks; return how many tasks have left the state of being due."""
    tasks = shift.work.due(min(most, _BLOCK), without=shift.sources.faults)
    open_batches: dict[tuple[str, int], _Batch] = {}
    begun = 0
    for task, event in _with_events(shift, tasks):
        if shift.is_over():
            break
        shift.hold()
        route = shift.routing.named(task.route)
        if route is None or event is None or not event.body:
            failure = _NO_ROUTE if route is None else _NO_EVENT if event is None else _PURGED
            shift.bury(task, event, failure)
            begun += 1
            continue
        try:
            given = _input(shift, task, event)
        except SourceFault as fault:
            shift.tally.problems[event.source] = str(fault)
            continue
        if given is None:
            begun += 1
            continue
        size = len(json.dumps(given)) if route.batch else 0
        place = (route.name, task.attempts)
        batch = open_batches.setdefault(place, _Batch(route, task.attempts))
        if not batch.takes(size):
            begun += _start(shift, batch)
            batch = open_batches[place] = _Batch(route, task.attempts)
        batch.add(task, given, size)
        if not route.batch:
            begun += _start(shift, open_batches.pop(place))
    return begun + sum(_start(shift, batch) for batch in open_batches.values())


def _with_events(shift: Shift, tasks: Sequence[Task]) -> Iterator[tuple[Task, StoredEvent | None]]:
    for first in range(0, len(tasks), _AT_ONCE):
        some = tasks[first : first + _AT_ONCE]
        events = shift.work.events(list({task.event for task in some}))
        for task in some:
            yield task, events.get(task.event)


def _input(shift: Shift, task: Task, event: StoredEvent) -> Event | None:
    """Return what a handler gets; None if there is nothing for it, which is dealt with here."""
    attempt = task.attempts + 1
    try:
        body = shift.chain.body_for_handlers(event, shift.sources.open(event), attempt)
    except SourceFault:
        raise
    except Dropped as dropped:  # it was let through when it was routed
        shift.bury(task, event, Failure("Dropped", str(dropped), "dropped"), tell=False)
        return None
    except Exception as error:  # noqa: BLE001 - other people's code: whatever it raises concerns this event
        job = job_id(task.route, [task])
        if _begin(shift, [task], job):
            shift.fail([replace(task, attempts=attempt)], job, failure_of_error(error))
        return None
    return handed(event, body, attempt)


def _start(shift: Shift, batch: _Batch) -> int:
    shift.hold()
    job = job_id(batch.route.name, batch.tasks)
    if not _begin(shift, batch.tasks, job):
        return 0
    begun = [replace(task, attempts=task.attempts + 1) for task in batch.tasks]
    _post(shift, batch.route, begun, job, batch.events)
    return len(batch.tasks)


def _begin(shift: Shift, tasks: Sequence[Task], job: str) -> bool:
    """Write down that a job is about to be started; False if one of its tasks was replayed since it was read.

    What was written of the others is started when it is settled, and what was replayed when it is read again.
    """
    if shift.work.begin(shift.lease, tasks, job):
        return True
    shift.permit.renew()  # raises if it is because another has taken over
    return False


def start_anew(shift: Shift, tasks: Sequence[Task], job: str) -> None:
    """Start a job that was written down and that Windmill does not know: once more, under the same id."""
    route = shift.routing.named(tasks[0].route)
    if route is None:
        shift.give_up(tasks, job, _NO_ROUTE)
        return
    if len(tasks) > 1 and not route.batch:  # it was a batch when this was written down: one job each now
        shift.require(shift.work.again(shift.lease, tasks, job, shift.store.now(), None))
        return
    events: list[Event] = []
    for task, event in _with_events(shift, tasks):
        if event is None or not event.body:
            shift.give_up([task], job, _NO_EVENT if event is None else _PURGED)
            continue
        try:
            body = shift.chain.body_for_handlers(event, shift.sources.open(event), task.attempts)
        except SourceFault as fault:
            shift.tally.problems[event.source] = str(fault)
            return
        except Dropped as dropped:
            shift.give_up([task], job, Failure("Dropped", str(dropped), "dropped"), tell=False)
            continue
        except Exception as error:  # noqa: BLE001 - as above
            shift.fail(tasks, job, failure_of_error(error))
            return
        events.append(handed(event, body, task.attempts))
    if events:
        _post(shift, route, tasks, job, events)


def _post(shift: Shift, route: Route, tasks: Sequence[Task], job: str, events: Sequence[Event]) -> None:
    inputs: dict[str, Any] = {"events": list(events)} if route.batch else {"event": events[0]}
    failure = start(route, job, inputs)
    if failure is None:
        shift.tally.counts["started"] += 1
    else:
        shift.fail(tasks, job, failure)
