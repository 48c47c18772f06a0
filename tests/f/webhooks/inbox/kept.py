"""Events in an inbox, in every state, for the tests of what is done with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from f.connect.errors import FixSettings
from f.store.store import Lease, Store, take
from f.webhooks.inbox.inbox import Inbox, event_id
from f.webhooks.inbox.listing import Found, Listing
from f.webhooks.inbox.sealing import open_body
from f.webhooks.inbox.work import Failure, Work
from f.webhooks.requests.event import IncomingEvent
from f.webhooks.requests.source import Source

KEY = "k" * 32
SOURCE = Source(name="stripe", kind="stripe", secrets=("s",), storage_key=KEY)
FAILURE = Failure("TryLater", "The service is busy.", "busy", "Wait.")
DAY = 86_400.0


def key_of_source(source: str) -> str:
    """Return the storage key of the one source that there is."""
    if source != "stripe":
        raise FixSettings(f"There is no resource f/webhooks/{source}.", code="no_resource")
    return KEY


class Kept:
    """An inbox, and the dispatcher's hand in it."""

    def __init__(self, store: Store) -> None:
        self.store, self.work, self.listing = store, Work(store), Listing(store)
        lease = take(store, "webhooks", "me", 600)
        assert lease
        self.lease: Lease = lease

    def add(
        self, key: str, *, type: str = "invoice.paid", body: Any = None, source: Source = SOURCE, **more: Any
    ) -> str:
        """Keep a new event; return its id."""
        event = IncomingEvent(
            key=key, type=type, body=body or {"id": key}, content_hash=key, provider_id=key, **more
        )
        Inbox(self.store).receive(source, [event])
        return event_id(source.name, key)

    def routed(self, key: str, routes: Mapping[str, str], **more: Any) -> str:
        """Keep an event whose tasks are in these states; none: unhandled."""
        one = self.add(key, **more)
        self.work.plan(self.lease, {one: list(routes)})
        for route, state in routes.items():
            self.settle(one, route, state)
        return one

    def settle(self, event: str, route: str, state: str) -> None:
        """Bring a due task into a state, by its job."""
        task = self.task(event, route)
        if state == "due":
            return
        job = f"job {event} {route} {task.round} {task.attempts}"
        assert self.work.begin(self.lease, [task], job)
        running = [self.task(event, route)]
        if state == "done":
            assert self.work.done(self.lease, running, job)
        if state == "dead":
            assert self.work.dead(self.lease, running, job, FAILURE)
        if state == "later":
            assert self.work.again(self.lease, running, job, self.store.now() + 600, FAILURE)

    def task(self, event: str, route: str) -> Any:
        return next(task for task in self.work.tasks_of([event]) if task.route == route)

    def states(self, event: str) -> dict[str, tuple[str, int, int]]:
        """Return state, attempts and round of the event's tasks."""
        tasks = self.work.tasks_of([event])
        return {task.route: (task.state, task.attempts, task.round) for task in tasks}

    def state(self, event: str) -> str:
        return self.work.events([event])[event].state

    def found(self, *events: str) -> list[Found]:
        return self.listing.named(events)

    def body(self, event: str) -> Any:
        sealed = self.work.events([event])[event].body
        return open_body(sealed, event, KEY) if sealed else None

    def age(self, event: str, days: float) -> None:
        """Have an event received and told so many days ago."""
        at = self.store.now() - days * DAY
        sql = "UPDATE webhook_event SET received_at = :at, last_seen_at = :at WHERE id = :id"
        self.store.execute(sql, {"at": at, "id": event})

    def count(self, table: str) -> int:
        return int(self.store.execute(f"SELECT COUNT(*) FROM {table}")[0][0])

    def whole(self) -> str:
        """Return all that the tables hold, as text."""
        tables = ("webhook_event", "webhook_task", "webhook_replay")
        return json.dumps([self.store.execute(f"SELECT * FROM {table}") for table in tables])
