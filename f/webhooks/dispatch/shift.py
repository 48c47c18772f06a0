"""A shift: what a run of the dispatcher has at hand while it alone may work, and how failed work ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from f.connect.errors import TryLater
from f.connect.events import raise_event
from f.store.store import LEASE_LOST
from f.webhooks.dispatch.failures import is_final, wait_before

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from f.connect.times import Clock
    from f.store.store import Lease, Permit, Store
    from f.webhooks.dispatch.middleware import Chain
    from f.webhooks.dispatch.report import Tally
    from f.webhooks.dispatch.routing_resource import Routing
    from f.webhooks.dispatch.sources import Sources
    from f.webhooks.inbox.work import Failure, StoredEvent, Task, Work

AGAIN = "The event is tried again by itself."
REPLAY = "Then replay the event."
_TELL_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Shift:
    """`is_over`: whether the time of this run is used up."""

    store: Store
    work: Work
    routing: Routing
    chain: Chain
    sources: Sources
    tally: Tally
    lease: Lease
    permit: Permit
    clock: Clock
    is_over: Callable[[], bool]

    def hold(self) -> None:
        """Stay the only one; TryLater (LEASE_LOST) if another has taken over meanwhile."""
        if not self.permit.is_valid():
            self.permit.renew()

    def require(self, written: bool) -> None:
        """Go on only if a write was made: it is not once another has taken over."""
        if not written:
            raise TryLater(
                "Another run of the dispatcher has taken over. Nothing more is written from here.",
                code=LEASE_LOST,
            )

    def fail(self, tasks: Sequence[Task], job: str, failure: Failure, *, after: float | None = None) -> None:
        """Have tasks whose attempt failed run again later, or make them dead letters.

        A batch is not given up as a whole, however few attempts there are: it runs again in smaller ones,
        until it is known which of its events fails.
        """
        retry, chance = self.routing.retry, self.clock.draw()
        by_attempt: dict[int, list[Task]] = {}
        for task in tasks:
            by_attempt.setdefault(task.attempts, []).append(task)
        for attempt, some in by_attempt.items():
            if len(tasks) == 1 and (is_final(failure) or attempt >= retry.attempts):
                self.give_up(some, job, replace(failure, hint=f"{failure.hint} {REPLAY}".strip()))
                continue
            due = self.store.now() + wait_before(attempt, retry, after, chance)
            told = replace(failure, hint=f"{failure.hint} {AGAIN}".strip())
            self.require(self.work.again(self.lease, some, job, due, told))
            self.tally.counts["again"] += len(some)

    def give_up(self, tasks: Sequence[Task], job: str, failure: Failure, *, tell: bool = True) -> None:
        """Make tasks that were begun dead letters."""
        events = self.work.events([task.event for task in tasks]) if tell else {}
        for task in tasks:  # told first: a run that is killed in between tells again, and once in an hour
            if event := events.get(task.event):
                self.tell(event, task.route, task.attempts, failure, job)
        self.hold()
        self.require(self.work.dead(self.lease, tasks, job, failure))
        self.tally.counts["dead"] += len(tasks)

    def bury(self, task: Task, event: StoredEvent | None, failure: Failure, *, tell: bool = True) -> None:
        """Make a task that cannot be begun a dead letter."""
        if event is not None and tell:
            self.tell(event, task.route, task.attempts, failure, "")
        self.hold()
        self.require(self.work.bury(self.lease, [task], failure))
        self.tally.counts["dead"] += 1

    def tell(self, event: StoredEvent, route: str, attempts: int, failure: Failure, job: str) -> None:
        """Tell people of a dead letter, once in an hour for each source, type and route."""
        facts = {
            "source": event.source,
            "type": event.type,
            "handler": route,
            "event_id": event.id,
            "provider_id": event.provider_id,
            "attempts": attempts,
            "error": failure.error,
            "code": failure.code,
            "message": failure.message,
            "hint": failure.hint,
            "handler_job": job,
        }
        given = {name: value for name, value in facts.items() if value not in ("", None)}
        about = f"{event.source} {event.type} {route}"
        raise_event("webhook_failed", given, self.store, about=about, window=_TELL_SECONDS)
