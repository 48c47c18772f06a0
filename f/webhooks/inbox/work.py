"""The work that events make: routed into tasks, each of which is a handler's job until it has succeeded.

    new event -> plan -> due task -> begin -> running -> done
                                     begin -> running -> again, later -> ... -> dead

One dispatch job at a time works here: it holds a lease, and every write names it, so that one that was
stopped and overtaken writes nothing. A task's job has an id before it is started, so that it can be asked for
whatever became of the dispatch job, and be started once more without running twice.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from f.store.store import HELD, write_held
from f.webhooks.inbox.tables import prepare

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from f.store.store import Lease, Row, Store, Values

_EVENT = """id, source, kind, type, provider_id, origin, occurred_at, received_at, last_seen_at, repeats,
    headers, body, state, attempts, failure"""
_WITHOUT_BODY = _EVENT.replace(" body,", " '' AS body,")
_LEFT_OUT = "(SELECT j.value ->> 0 FROM each_row(:rows) AS j)"
# By turns, each source's oldest first: thousands of one hold up no other. So many are looked at at most.
_TURNS = 20_000
_NEW = f"""SELECT {_WITHOUT_BODY} FROM webhook_event AS e JOIN (
    SELECT id AS one, ROW_NUMBER() OVER (PARTITION BY source ORDER BY received_at, id) AS turn FROM (
    SELECT id, source, received_at FROM webhook_event WHERE state = 'new' AND due_at <= :now
    AND source NOT IN {_LEFT_OUT} ORDER BY due_at LIMIT {_TURNS}) AS waiting) AS turns
    ON turns.one = e.id ORDER BY turn, received_at, id LIMIT :most"""  # noqa: S608 - made of constants
_EVENTS = f"""SELECT {_EVENT} FROM webhook_event
    WHERE id IN each_key(:rows)"""  # noqa: S608 - made of constants
_TASK = "event, route, state, attempts, round, due_at, job, failure, at"
_TASK_OF_T = ", ".join(f"t.{column}" for column in _TASK.split(", "))
# By turns, too: each route's and source's oldest first.
_DUE = f"""SELECT {_TASK} FROM (SELECT {_TASK}, ROW_NUMBER() OVER (
    PARTITION BY route, source ORDER BY due_at, event) AS turn FROM (
    SELECT {_TASK_OF_T}, e.source AS source FROM webhook_task AS t
    LEFT JOIN webhook_event AS e ON e.id = t.event
    WHERE t.state = 'due' AND t.due_at <= :now AND (e.source IS NULL OR e.source NOT IN {_LEFT_OUT})
    ORDER BY t.due_at LIMIT {_TURNS}) AS waiting) AS turns
    ORDER BY turn, due_at, event, route LIMIT :most"""  # noqa: S608 - made of constants
_RUNNING = f"""SELECT {_TASK} FROM webhook_task WHERE state = 'running' AND job IN (
    SELECT job FROM webhook_task WHERE state = 'running' GROUP BY job ORDER BY MIN(due_at), job LIMIT :most)
    ORDER BY job, event, route"""  # noqa: S608 - made of constants
_OF_EVENTS = f"""SELECT {_TASK} FROM webhook_task WHERE event IN (
    SELECT j.value ->> 0 FROM each_row(:rows) AS j) ORDER BY event, route"""  # noqa: S608 - made of constants

# A task that is there already was planned before: by a dispatch job that was killed, or for an event that is
# routed anew. What was done stays done.
_ADD_TASKS = f"""INSERT INTO webhook_task AS t
    (event, route, state, attempts, round, due_at, job, failure, at)
    SELECT j.value ->> 0, j.value ->> 1, 'due', 0, 0, CAST(:now AS DOUBLE PRECISION), '', '',
    CAST(:now AS DOUBLE PRECISION) FROM each_row(:rows) AS j WHERE {HELD}
    ON CONFLICT (event, route) DO NOTHING"""  # noqa: S608 - made of constants
_SET_EVENTS = f"""UPDATE webhook_event SET state = (
    SELECT MAX(j.value ->> 1) FROM each_row(:rows) AS j WHERE j.value ->> 0 = webhook_event.id), failure = ''
    WHERE state = 'new' AND id IN each_key(:rows) AND {HELD}"""  # noqa: S608 - made of constants
_SET_NEW = f"""UPDATE webhook_event SET state = :state, attempts = :attempts, due_at = :due_at,
    failure = :failure WHERE state = 'new' AND id = :id AND {HELD}"""  # noqa: S608 - made of constants
_THESE = """EXISTS (SELECT 1 FROM each_row(:rows) AS j
    WHERE j.value ->> 0 = webhook_task.event AND j.value ->> 1 = webhook_task.route)"""
# Only what was not replayed since it was read: its event may have been changed for that.
_BEGIN = f"""UPDATE webhook_task SET state = 'running', job = :job, attempts = attempts + 1, at = :now,
    due_at = :now WHERE state = 'due' AND EXISTS (SELECT 1 FROM each_row(:rows) AS j WHERE j.value ->> 0 =
    webhook_task.event AND j.value ->> 1 = webhook_task.route AND j.value ->> 2 = CAST(round AS TEXT))
    AND {HELD} RETURNING event"""  # noqa: S608 - made of constants
_LOOKED = f"""UPDATE webhook_task SET due_at = :now WHERE state = 'running' AND job IN (
    SELECT j.value ->> 0 FROM each_row(:rows) AS j) AND {HELD}"""  # noqa: S608 - made of constants
# Only of the job that was asked about: a task may have been replayed meanwhile.
_SETTLE = f"""UPDATE webhook_task SET state = :state, due_at = :due_at, failure = :failure, at = :now
    WHERE state = 'running' AND job = :job AND {_THESE} AND {HELD}"""  # noqa: S608 - made of constants
_BURY = f"""UPDATE webhook_task SET state = 'dead', failure = :failure, at = :now
    WHERE state = 'due' AND {_THESE} AND {HELD}"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, fit to be read by anybody: secrets and addresses are masked.

    `error`: the class, such as TryLater; `code`: ours, if it is one of ours; `hint`: what to do about it.
    """

    error: str
    message: str
    code: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A row of an event; `body` is sealed, and empty once it was purged."""

    id: str
    source: str
    kind: str
    type: str
    provider_id: str
    origin: str
    occurred_at: float | None
    received_at: float
    last_seen_at: float
    repeats: int
    headers: dict[str, str]
    body: str
    state: str
    attempts: int
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Task:
    """An event in the hands of one route. `round`: how often it was replayed; `job`: of the last attempt.

    `due_at`: of a due one, when it may begin; of a running one, when its job was last asked for. `at`: when
    it got into its state.
    """

    event: str
    route: str
    state: str
    attempts: int
    round: int
    due_at: float
    job: str
    failure: Failure | None
    at: float


class Work:
    """What is to be done. Writes are given a lease and return whether it is still held."""

    def __init__(self, store: Store) -> None:
        prepare(store)
        self._store = store

    def new_events(self, most: int, *, without: Collection[str] = ()) -> list[StoredEvent]:
        """Return events that are to be routed, sources by turns, but for some; without the bodies."""
        values = {"now": self._store.now(), "most": most, "rows": _column(without)}
        return [event_of(row) for row in self._store.execute(_NEW, values)]

    def events(self, ids: Sequence[str]) -> dict[str, StoredEvent]:
        """Return events by their id."""
        rows = self._store.execute(_EVENTS, {"rows": _block([[one] for one in ids])})
        return {event.id: event for event in map(event_of, rows)}

    def due(self, most: int, *, without: Collection[str] = ()) -> list[Task]:
        """Return tasks that may begin, routes and sources by turns, but for some sources."""
        values = {"now": self._store.now(), "most": most, "rows": _column(without)}
        return [task_of(row) for row in self._store.execute(_DUE, values)]

    def running(self, most: int) -> list[Task]:
        """Return the tasks of so many jobs, those first that were not asked for the longest."""
        return [task_of(row) for row in self._store.execute(_RUNNING, {"most": most})]

    def tasks_of(self, events: Sequence[str]) -> list[Task]:
        """Return all tasks of these events."""
        return [
            task_of(row)
            for row in self._store.execute(_OF_EVENTS, {"rows": _block([[one] for one in events])})
        ]

    def plan(self, lease: Lease, routes: dict[str, Sequence[str]]) -> bool:
        """Route new events: each becomes a task for each of its routes, or unhandled without one."""
        tasks = [[event, route] for event, names in sorted(routes.items()) for route in sorted(set(names))]
        states = [[event, "routed" if names else "unhandled"] for event, names in sorted(routes.items())]
        return self._write(
            lease, (_ADD_TASKS, {"rows": _block(tasks)}), (_SET_EVENTS, {"rows": _block(states)})
        )

    def drop(self, lease: Lease, event: StoredEvent, why: str) -> bool:
        """Leave an event alone, as a middleware decided."""
        failure = Failure("Dropped", why)
        return self._set_new(lease, event.id, "dropped", event.attempts, 0.0, failure)

    def route_later(self, lease: Lease, event: StoredEvent, due_at: float, failure: Failure) -> bool:
        """Try again to route an event whose middleware failed."""
        return self._set_new(lease, event.id, "new", event.attempts + 1, due_at, failure)

    def give_up_routing(self, lease: Lease, event: StoredEvent, failure: Failure) -> bool:
        """Make an event that could not be routed a dead letter."""
        return self._set_new(lease, event.id, "dead", event.attempts + 1, 0.0, failure)

    def begin(self, lease: Lease, tasks: Sequence[Task], job: str) -> bool:
        """Note that a job will be started for these, before it is.

        False also if one of them was replayed since it was read: then the job must not be started from here.
        """
        rows = _block([[task.event, task.route, str(task.round)] for task in tasks])
        values = {"rows": rows, "job": job, "now": self._store.now()}
        written = write_held(self._store, lease, (_BEGIN, values))
        return written is not None and len(written[0]) == len(tasks)

    def still_running(self, lease: Lease, jobs: Sequence[str]) -> bool:
        """Note that these jobs were asked for, so that others come first the next time."""
        return self._write(lease, (_LOOKED, {"rows": _block([[job] for job in jobs])}))

    def done(self, lease: Lease, tasks: Sequence[Task], job: str) -> bool:
        """Note that the job of these has succeeded."""
        return self._settle(lease, tasks, job, "done", 0.0, None)

    def again(
        self, lease: Lease, tasks: Sequence[Task], job: str, due_at: float, failure: Failure | None
    ) -> bool:
        """Note that the job of these failed, and when the next one may begin."""
        return self._settle(lease, tasks, job, "due", due_at, failure)

    def dead(self, lease: Lease, tasks: Sequence[Task], job: str, failure: Failure) -> bool:
        """Make tasks whose job failed dead letters."""
        return self._settle(lease, tasks, job, "dead", 0.0, failure)

    def bury(self, lease: Lease, tasks: Sequence[Task], failure: Failure) -> bool:
        """Make due tasks that cannot be begun dead letters: their route is gone, say."""
        return self._write(lease, (_BURY, {"rows": _names(tasks), "failure": _text(failure)}))

    def _settle(
        self,
        lease: Lease,
        tasks: Sequence[Task],
        job: str,
        state: str,
        due_at: float,
        failure: Failure | None,
    ) -> bool:
        values = {"rows": _names(tasks), "job": job, "state": state, "due_at": due_at}
        return self._write(lease, (_SETTLE, {**values, "failure": _text(failure)}))

    def _set_new(
        self, lease: Lease, event: str, state: str, attempts: int, due_at: float, failure: Failure
    ) -> bool:
        values = {"id": event, "state": state, "attempts": attempts, "due_at": due_at}
        return self._write(lease, (_SET_NEW, {**values, "failure": _text(failure)}))

    def _write(self, lease: Lease, *statements: tuple[str, Values]) -> bool:
        now = self._store.now()
        written = write_held(
            self._store, lease, *((sql, {**values, "now": now}) for sql, values in statements)
        )
        return written is not None


def event_of(row: Row) -> StoredEvent:
    """Return the event of a row with the columns above."""
    one, source, kind, name, provider_id, origin, occurred, received, seen, repeats, *rest = row
    headers, body, state, attempts, failure = rest
    told = (one, source, kind, name, provider_id, origin, occurred, received, seen, int(repeats))
    return StoredEvent(*told, json.loads(headers), body, state, int(attempts), failure_of(failure))


def task_of(row: Row) -> Task:
    """Return the task of a row with the columns above."""
    event, route, state, attempts, rounds, due_at, job, failure, at = row
    return Task(event, route, state, int(attempts), int(rounds), due_at, job, failure_of(failure), at)


def failure_of(text: str) -> Failure | None:
    """Return what `failure` of a row says; None if nothing failed."""
    return Failure(**json.loads(text)) if text else None


def _text(failure: Failure | None) -> str:
    return json.dumps(asdict(failure)) if failure else ""


def _names(tasks: Sequence[Task]) -> str:
    return _block([[task.event, task.route] for task in tasks])


def _column(texts: Collection[str]) -> str:
    return _block([[text] for text in sorted(texts)])


def _block(rows: Sequence[Sequence[str]]) -> str:
    return json.dumps(rows)
