"""Events handled again: given up handlers are due once more, unrouted events are routed by today's routing.

    dead task        -> due, no attempts, next round      so are due ones, and done ones if that is asked for
    running task     stays: it may still succeed
    dead, unhandled or dropped event -> new

For an event all of it happens or nothing, and only to what is as it was read: a task that a dispatch job has
begun meanwhile is not made due, and a dispatch job begins no task that was replayed since it was read. So
both never act on one task. A changed body is what handlers get from then on; the one before is kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from f.connect.errors import FixInput, TryLater
from f.webhooks.inbox.patching import merged
from f.webhooks.inbox.sealing import open_body, seal_body
from f.webhooks.inbox.tables import WAKE_FOR_REPLAY, WAKE_SECONDS, prepare, storable
from f.webhooks.inbox.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from f.store.store import Statement, Store
    from f.webhooks.inbox.listing import Found
    from f.webhooks.inbox.work import StoredEvent, Task

_BLOCK = 100
_TRIES = 3  # each time only for what has changed since it was read
_LONGEST_NOTE = 500
PATCH = "patch"  # the part as which a replay's change is sealed

_ROWS = "FROM each_row(:rows) AS j"
_IDS = f"(SELECT j.value ->> 0 {_ROWS})"
# So that Postgres lets nobody else change them, or purge them, before the end of the transaction.
_LOCK_EVENTS = f"UPDATE webhook_event SET repeats = repeats WHERE id IN {_IDS}"  # noqa: S608 - made of constants
_LOCK_TASKS = f"UPDATE webhook_task SET round = round WHERE event IN {_IDS}"  # noqa: S608 - made of constants
_MAY_CHANGE = """(:changed = 0 OR NOT EXISTS (
    SELECT 1 FROM webhook_task AS r WHERE r.event = e.id AND r.state = 'running'))"""
# A row of a block of tasks: event, route, state, round, how many of the event, all its routes.
_RECORD_TASKS = f"""INSERT INTO webhook_replay (event, at, routes, who, note, patch)
    SELECT j.value ->> 0, CAST(:now AS DOUBLE PRECISION), MAX(j.value ->> 5), :who, :note, :patch
    {_ROWS} JOIN webhook_task AS t ON t.event = j.value ->> 0 AND t.route = j.value ->> 1
    AND t.state = j.value ->> 2 AND CAST(t.round AS TEXT) = j.value ->> 3
    JOIN webhook_event AS e ON e.id = t.event AND e.state = 'routed' AND e.body <> '' AND {_MAY_CHANGE}
    GROUP BY j.value ->> 0 HAVING CAST(COUNT(*) AS TEXT) = MAX(j.value ->> 4) RETURNING event"""
# A row of a block of events: id, state. One that is new and due may be in the hands of a dispatch job.
_RECORD_EVENTS = f"""INSERT INTO webhook_replay (event, at, routes, who, note, patch)
    SELECT e.id, CAST(:now AS DOUBLE PRECISION), '[]', :who, :note, :patch
    {_ROWS} JOIN webhook_event AS e ON e.id = j.value ->> 0 AND e.state = j.value ->> 1 AND e.body <> ''
    AND (e.state <> 'new' OR e.due_at > :now) RETURNING event"""
_RECORDED = "EXISTS (SELECT 1 FROM webhook_replay AS p WHERE p.event = {event} AND p.at = :now)"
_TASKS_DUE = f"""UPDATE webhook_task SET state = 'due', attempts = 0, round = round + 1, due_at = :now,
    failure = '', at = :now WHERE EXISTS (SELECT 1 {_ROWS} WHERE j.value ->> 0 = webhook_task.event
    AND j.value ->> 1 = webhook_task.route) AND {_RECORDED.format(event="webhook_task.event")}"""  # noqa: S608 - made of constants
_EVENTS_NEW = f"""UPDATE webhook_event SET state = 'new', attempts = 0, due_at = :now, failure = ''
    WHERE id IN {_IDS} AND {_RECORDED.format(event="webhook_event.id")}"""  # noqa: S608 - made of constants
# A dispatch job that has read another due task of the event, with the body of before, is not to begin it.
_OTHERS_ANEW = f"""UPDATE webhook_task SET round = round + 1 WHERE event = :event AND state = 'due'
    AND at <> :now AND {_RECORDED.format(event="webhook_task.event")}"""  # noqa: S608 - made of constants
_CHANGE = f"""UPDATE webhook_event SET body = :body WHERE id = :event
    AND {_RECORDED.format(event="webhook_event.id")}"""  # noqa: S608 - made of constants
_OF_EVENT = "SELECT at, routes, who, note, patch FROM webhook_replay WHERE event = :event ORDER BY at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for. `routes`: none - all that have not succeeded; `changes`: to the body of one event.

    `as_received`: the event's body is again what the provider sent.
    """

    who: str
    note: str = ""
    routes: tuple[str, ...] = ()
    include_done: bool = False
    changes: dict[str, Any] | None = None
    as_received: bool = False

    def is_change(self) -> bool:
        """Return whether the event gets another body."""
        return self.changes is not None or self.as_received

    def check(self) -> None:
        """FixInput for a change of which a part would not be made, or more than was asked for."""
        changes: object = self.changes
        if changes is not None and not isinstance(changes, dict):
            # RFC 7396 would put anything else in the place of the whole body.
            raise FixInput("changes must be an object: what is to be other in the body.", code="bad_argument")
        if self.as_received and changes is not None:
            raise FixInput("Give changes or as_received, and not both.", code="bad_argument")


@dataclass(frozen=True, slots=True)
class Planned:
    """What a replay does with an event. `running`: routes that are left alone; `why`: nothing is done."""

    event: StoredEvent
    tasks: tuple[Task, ...] = ()
    running: tuple[str, ...] = ()
    why: str = ""
    outcome: Literal["replayed", "left", "purged"] = "replayed"


@dataclass(slots=True)
class Replayed:
    """What was done. `wake`: the caller is the one who has to start a dispatch job."""

    plans: list[Planned] = field(default_factory=list)
    wake: bool = False

    def is_written(self) -> bool:
        """Return whether any event is handled again."""
        return any(plan.outcome == "replayed" for plan in self.plans)


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay that was made. `patch`: sealed; empty if nothing was changed, or once it was purged."""

    at: float
    routes: tuple[str, ...]
    who: str
    note: str
    patch: str


class Replays:
    """Has events handled again. `keys`: the storage key of a source, which only a change needs."""

    def __init__(self, store: Store, keys: Callable[[str], str]) -> None:
        prepare(store)
        self._store, self._work, self._keys = store, Work(store), keys

    def of(self, event: str) -> list[Replay]:
        """Return the replays of an event, oldest first."""
        rows = self._store.execute(_OF_EVENT, {"event": event})
        return [
            Replay(at, tuple(json.loads(routes)), who, note, patch) for at, routes, who, note, patch in rows
        ]

    def replay(self, found: Sequence[Found], order: Order, *, dry_run: bool = False) -> Replayed:
        """Have these handled again, a block at a time, and record who wanted it.

        FixInput or TryLater if the body that is to be changed cannot be. With `dry_run` it only says what it
        would do.
        """
        order.check()
        if order.is_change() and len(found) != 1:
            raise FixInput("Give exactly one event to change its body.", code="bad_argument")
        done = Replayed()
        ids = [one.event.id for one in found]
        for start in range(0, len(ids), _BLOCK):
            self._replay_block(ids[start : start + _BLOCK], order, done, dry_run=dry_run)
        return done

    def _replay_block(self, ids: list[str], order: Order, done: Replayed, *, dry_run: bool) -> None:
        left, wanted = ids, list[Planned]()
        for _ in range(_TRIES):
            plans = self._plan(left, order)
            wanted = [plan for plan in plans if not plan.why]
            written = {plan.event.id for plan in wanted} if dry_run else self._write(wanted, order, done)
            left = [plan.event.id for plan in wanted if plan.event.id not in written]
            done.plans += [plan for plan in plans if plan.event.id not in left]
            if not left:
                return
        if order.is_change():
            raise _busy(left[0])
        why = "A handler of it is being started just now."
        done.plans += [
            Planned(plan.event, why=why, outcome="left") for plan in wanted if plan.event.id in left
        ]

    def _plan(self, ids: list[str], order: Order) -> list[Planned]:
        events = self._work.events(ids)
        tasks: dict[str, list[Task]] = {}
        for task in self._work.tasks_of(ids):
            tasks.setdefault(task.event, []).append(task)
        plans = [plan_for(events[one], tasks.get(one, []), order) for one in ids if one in events]
        if order.is_change():
            _require_change(plans)
        return plans

    def _write(self, plans: Sequence[Planned], order: Order, done: Replayed) -> set[str]:
        """Write what is planned; return the events that were as they had been read."""
        if not plans:
            return set()
        now = self._store.now()
        patch, body = self._changed(plans[0].event, order) if order.is_change() else ("", "")
        ids = json.dumps([[plan.event.id] for plan in plans])
        new = json.dumps([[plan.event.id, plan.event.state] for plan in plans if not plan.tasks])
        tasks = json.dumps([row for plan in plans for row in _task_rows(plan)])
        record = {"who": order.who, "note": _note(order.note), "patch": patch, "now": now}
        statements: list[Statement] = [
            (_LOCK_EVENTS, {"rows": ids}),
            (_LOCK_TASKS, {"rows": ids}),
            (_RECORD_TASKS, {"rows": tasks, "changed": int(bool(patch)), **record}),
            (_RECORD_EVENTS, {"rows": new, **record}),
            (_TASKS_DUE, {"rows": tasks, "now": now}),
            (_EVENTS_NEW, {"rows": new, "now": now}),
        ]
        if body:
            values = {"event": plans[0].event.id, "now": now}
            statements += [(_OTHERS_ANEW, values), (_CHANGE, {**values, "body": body})]
        statements.append((WAKE_FOR_REPLAY, {"rows": ids, "now": now, "stale": now - WAKE_SECONDS}))
        _, _, of_tasks, of_events, *_, wake = self._store.together(statements)
        done.wake = done.wake or bool(wake)
        return {str(one) for (one,) in [*of_tasks, *of_events]}

    def _changed(self, event: StoredEvent, order: Order) -> tuple[str, str]:
        """Return the record of the change and the new body, both sealed."""
        key = self._keys(event.source)
        before = open_body(event.body, event.id, key)
        after = self._received(event, key) if order.as_received else merged(before, order.changes)
        change = {"changes": order.changes, "as_received": order.as_received, "before": before}
        return seal_body(change, event.id, key, PATCH), seal_body(after, event.id, key)

    def _received(self, event: StoredEvent, key: str) -> Any:
        """Return the body that the provider sent, whatever replays have made of it."""
        for replay in self.of(event.id):
            if replay.patch:
                return open_body(replay.patch, event.id, key, PATCH)["before"]
        return open_body(event.body, event.id, key)


def plan_for(event: StoredEvent, tasks: Sequence[Task], order: Order) -> Planned:
    """Return what a replay does with an event."""
    if not event.body:
        why = "Its body was purged, so there is nothing left to hand to a handler."
        return Planned(event, why=why, outcome="purged")
    if event.state == "routed":
        return _plan_tasks(event, tasks, order)
    if event.state == "new" and not event.attempts:
        return Planned(event, why="It waits to be routed already.", outcome="left")
    if order.routes:
        why = "It was given to no route yet. Replay it without naming routes."
        return Planned(event, why=why, outcome="left")
    return Planned(event)


def _plan_tasks(event: StoredEvent, tasks: Sequence[Task], order: Order) -> Planned:
    named = [task for task in tasks if not order.routes or task.route in order.routes]
    running = tuple(task.route for task in named if task.state == "running")
    again = tuple(
        task
        for task in named
        if task.state in {"due", "dead"} or (task.state == "done" and order.include_done)
    )
    if again:
        return Planned(event, again, running)
    if running:
        return Planned(event, (), running, "Its handler runs just now.", "left")
    if not named:
        routes = ", ".join(task.route for task in tasks)
        return Planned(event, why=f"It has no such route, only {routes}.", outcome="left")
    return Planned(event, why="It was handled. With include_done it is handled again.", outcome="left")


def _require_change(plans: Sequence[Planned]) -> None:
    """A change that is not made must not be taken for one that is."""
    for plan in plans:
        if plan.running:
            raise _busy(plan.event.id)
        if plan.why:
            raise FixInput(f"Event {plan.event.id} is not changed. {plan.why}", code="not_replayed")


def _busy(event: str) -> TryLater:
    return TryLater(
        f"A handler of event {event} runs just now, with the body as it is. Change it when that has ended.",
        code="still_running",
    )


def _task_rows(plan: Planned) -> list[list[str]]:
    routes = json.dumps([task.route for task in plan.tasks])
    return [
        [task.event, task.route, task.state, str(task.round), str(len(plan.tasks)), routes]
        for task in plan.tasks
    ]


def _note(text: str) -> str:
    return storable(text)[:_LONGEST_NOTE]
