"""Kept events for people: which there are, how many, and what became of each. No body is read for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from f.connect.errors import FixInput
from f.webhooks.inbox.handed import iso
from f.webhooks.inbox.selection import STATE_OF, STATES
from f.webhooks.inbox.tables import prepare
from f.webhooks.inbox.work import Work, event_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from f.store.store import Row, Store
    from f.webhooks.inbox.selection import Selection
    from f.webhooks.inbox.work import Failure, StoredEvent, Task

MOST_TYPES = 200
_SHORTEST_ID = 8  # digits of an id that stand for the whole
_ID_DIGITS = frozenset("0123456789abcdef")
_NAMED_AT_MOST = 5

# The columns that event_of takes, and of the body only whether it is there.
_FACTS = """e.id, e.source, e.kind, e.type, e.provider_id, e.origin, e.occurred_at, e.received_at,
    e.last_seen_at, e.repeats, e.headers, CASE WHEN e.body = '' THEN '' ELSE 'sealed' END, e.state,
    e.attempts, e.failure"""
_LIST = f"SELECT {_FACTS}, {STATE_OF} FROM webhook_event AS e WHERE"  # noqa: S608 - made of constants
_NEWEST = "ORDER BY e.received_at DESC, e.id DESC LIMIT :most"
_AFTER = "(e.received_at < :after_at OR (e.received_at = :after_at AND e.id < :after))"
_COUNT = f"""SELECT c.source, c.type, c.state, COUNT(*) FROM (
    SELECT e.source, e.type, {STATE_OF} AS state FROM webhook_event AS e WHERE"""  # noqa: S608 - made of constants
_EACH_TYPE = ") AS c GROUP BY c.source, c.type, c.state"
_BY_ID = f"{_LIST} e.id IN each_key(:rows)"
_BY_OTHER_NAMES = f"""{_LIST} (e.provider_id = :name OR e.alias = :name OR (e.id >= :first AND e.id < :end))
    {_NEWEST}"""


class FailureView(TypedDict):
    """Why something failed. `error`: the class; `hint`: what to do about it."""

    error: str
    code: str
    message: str
    hint: str


class TaskView(TypedDict):
    """An event in the hands of one route. `since`: when it got into its state; `job`: of the last attempt."""

    route: str
    state: str
    attempts: int
    replayed: int
    since: str
    due_at: str | None
    job: str
    failure: FailureView | None


class EventView(TypedDict):
    """An event as a list shows it. `failure`: of the routing; those of handlers stand at their tasks."""

    id: str
    source: str
    kind: str
    type: str
    provider_id: str
    state: str
    received_at: str
    occurred_at: str | None
    last_seen_at: str
    origin: str
    repeats: int
    body: Literal["kept", "purged"]
    failure: FailureView | None
    tasks: list[TaskView]


class TypeCount(TypedDict):
    """How many events of a type there are, and in which state."""

    source: str
    type: str
    events: int
    new: int
    waiting: int
    done: int
    dead: int
    unhandled: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Found:
    """An event without its body, and the state of it as a whole."""

    event: StoredEvent
    state: str


class Listing:
    """What is in the inbox. Changes nothing."""

    def __init__(self, store: Store) -> None:
        prepare(store)
        self._store = store

    def page(self, selection: Selection, most: int, after: Found | None = None) -> list[Found]:
        """Return events, newest first, those only that come after a given one."""
        where, values = selection.where()
        if after is not None:
            where = f"{where} AND {_AFTER}"
            values |= {"after_at": after.event.received_at, "after": after.event.id}
        rows = self._store.execute(f"{_LIST} {where} {_NEWEST}", {**values, "most": most})
        return [_found(row) for row in rows]

    def counts(self, selection: Selection) -> list[TypeCount]:
        """Return a count for each source and type, the most frequent first."""
        where, values = selection.where()
        counts: dict[tuple[str, str], TypeCount] = {}
        for source, name, state, number in self._store.execute(f"{_COUNT} {where} {_EACH_TYPE}", values):
            count = counts.setdefault((source, name), _no_events(source, name))
            count["events"] += int(number)
            count[state] += int(number)  # type: ignore[literal-required]  # STATE_OF yields these alone
        return sorted(counts.values(), key=lambda one: (-one["events"], one["source"], one["type"]))

    def named(self, names: Sequence[str]) -> list[Found]:
        """Return the events of these ids, in their order: ours, the first digits of one, or the provider's.

        FixInput for one that is not there, or that stands for several.
        """
        rows = json.dumps([[name] for name in dict.fromkeys(names)])
        exact = {found.event.id: found for found in map(_found, self._store.execute(_BY_ID, {"rows": rows}))}
        found = [exact.get(name) or self._by_other_name(name) for name in names]
        return list({one.event.id: one for one in found}.values())

    def views(self, found: Sequence[Found]) -> list[EventView]:
        """Return events with what became of them, for people."""
        tasks: dict[str, list[Task]] = {}
        for task in Work(self._store).tasks_of([one.event.id for one in found]):
            tasks.setdefault(task.event, []).append(task)
        return [view_of(one, tasks.get(one.event.id, [])) for one in found]

    def _by_other_name(self, name: str) -> Found:
        is_start = len(name) >= _SHORTEST_ID and set(name) <= _ID_DIGITS
        first, end = (name, f"{name}g") if is_start else ("", "")
        values = {"name": name, "first": first, "end": end, "most": _NAMED_AT_MOST + 1}
        rows = self._store.execute(_BY_OTHER_NAMES, values) if name else []
        if not rows:
            raise FixInput(
                f"There is no event {name!r}. Give the id that list_events shows, the first "
                f"{_SHORTEST_ID} digits of it, or the provider's. What is older than forget_days is gone.",
                code="no_event",
            )
        if len(rows) > 1:
            events = [_found(row).event for row in rows[:_NAMED_AT_MOST]]
            which = ", ".join(f"{event.id} ({event.type})" for event in events)
            more = " and more" if len(rows) > _NAMED_AT_MOST else ""
            raise FixInput(
                f"{name!r} stands for several events: {which}{more}. Give the id of one.",
                code="several_events",
            )
        return _found(rows[0])


def view_of(found: Found, tasks: Sequence[Task]) -> EventView:
    """Return an event with what became of it, for people."""
    event = found.event
    return {
        "id": event.id,
        "source": event.source,
        "kind": event.kind,
        "type": event.type,
        "provider_id": event.provider_id,
        "state": found.state,
        "received_at": iso(event.received_at),
        "occurred_at": None if event.occurred_at is None else iso(event.occurred_at),
        "last_seen_at": iso(event.last_seen_at),
        "origin": event.origin,
        "repeats": event.repeats,
        "body": "kept" if event.body else "purged",
        "failure": _failure_view(event.failure),
        "tasks": [_task_view(task) for task in tasks],
    }


def _task_view(task: Task) -> TaskView:
    return {
        "route": task.route,
        "state": task.state,
        "attempts": task.attempts,
        "replayed": task.round,
        "since": iso(task.at),
        "due_at": iso(task.due_at) if task.state == "due" else None,
        "job": task.job,
        "failure": _failure_view(task.failure),
    }


def _failure_view(failure: Failure | None) -> FailureView | None:
    if failure is None:
        return None
    return {
        "error": failure.error,
        "code": failure.code,
        "message": failure.message,
        "hint": failure.hint,
    }


def _found(row: Row) -> Found:
    *event, state = row
    return Found(event_of(tuple(event)), str(state))


def _no_events(source: str, name: str) -> TypeCount:
    none = dict.fromkeys(STATES, 0)
    return {"source": source, "type": name, "events": 0, **none}  # type: ignore[typeddict-item]  # all states


def totals(counts: Sequence[TypeCount]) -> dict[str, int]:
    """Return how many events are in each state."""
    return {state: sum(count[state] for count in counts) for state in STATES}
