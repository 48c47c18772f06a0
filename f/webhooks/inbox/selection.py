"""Which events are meant: a filter, and the state of an event as a whole, which is that of its tasks.

new          is to be routed, or to be routed again
waiting      a handler's job is due or runs
done         every handler has succeeded
dead         a handler was given up, or the event could not be routed: a dead letter, for people
unhandled    no route wanted it
dropped      a middleware left it out
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from f.connect.errors import FixInput
from f.connect.times import require_iso

if TYPE_CHECKING:
    from f.store.store import Store

EventState = Literal["new", "waiting", "done", "dead", "unhandled", "dropped"]
STATES: tuple[EventState, ...] = get_args(EventState)

_HAS = "EXISTS (SELECT 1 FROM webhook_task AS t WHERE t.event = e.id AND t.state IN {states})"
_HAS_DEAD = _HAS.format(states="('dead')")
_HAS_OPEN = _HAS.format(states="('due', 'running')")
STILL_WAITS = f"(e.state = 'new' OR {_HAS_OPEN})"
IS_DEAD = f"(e.state = 'dead' OR {_HAS_DEAD})"
STATE_OF = f"""CASE WHEN e.state <> 'routed' THEN e.state WHEN {_HAS_DEAD} THEN 'dead'
    WHEN {_HAS_OPEN} THEN 'waiting' ELSE 'done' END"""
# Such that the few that are not done are found by the index of the tasks.
_OF_TASKS = "e.state = 'routed' AND e.id IN (SELECT event FROM webhook_task WHERE state IN {states})"
_IN_STATE: dict[str, str] = {
    "waiting": f"({_OF_TASKS} AND NOT {_HAS_DEAD})".format(states="('due', 'running')"),
    "dead": f"(e.state = 'dead' OR ({_OF_TASKS}))".format(states="('dead')"),
    "done": f"(e.state = 'routed' AND NOT {_HAS})".format(states="('due', 'running', 'dead')"),
}
_FAILED = """(LOWER(e.failure) LIKE LOWER(:{name}) ESCAPE '!' OR EXISTS (SELECT 1 FROM webhook_task AS t
    WHERE t.event = e.id AND LOWER(t.failure) LIKE LOWER(:{name}) ESCAPE '!'))"""
_DAY_HOURS = 24
_MOST_HOURS = 10 * 365 * _DAY_HOURS
DEFAULT_HOURS = 7 * _DAY_HOURS


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A filter. An empty text and a time of 0 mean any.

    `type`: as in a route, with * for any text, but big and small letters are the same. `error`: the class of
    a failure, or its code. `since`, `until`: when it was received, in seconds since the epoch.
    """

    state: str = ""
    source: str = ""
    type: str = ""
    provider_id: str = ""
    error: str = ""
    since: float = 0.0
    until: float = 0.0

    def is_empty(self) -> bool:
        """Return whether every event is meant."""
        return self == Selection()

    def where(self) -> tuple[str, dict[str, object]]:
        """Return the condition on an event `e`, and its values."""
        terms, values = ["1 = 1"], dict[str, object]()
        if self.state:
            terms.append(_IN_STATE.get(self.state, "e.state = :state"))
            values |= {} if self.state in _IN_STATE else {"state": self.state}
        for name, column in (("source", self.source), ("provider_id", self.provider_id)):
            if column:
                terms.append(f"e.{name} = :{name}")
                values[name] = column
        if self.type and self.type != "*":
            terms.append("LOWER(e.type) LIKE LOWER(:type) ESCAPE '!'")
            values["type"] = _like(self.type).replace("*", "%")
        if self.error:
            terms.append(f"({_FAILED.format(name='error')} OR {_FAILED.format(name='code')})")
            values |= {name: f'%"{name}": "{_like(self.error)}"%' for name in ("error", "code")}
        if self.since:
            terms.append("e.received_at >= :since")
            values["since"] = self.since
        if self.until:
            terms.append("e.received_at < :until")
            values["until"] = self.until
        return " AND ".join(terms), values


def selection_of(
    store: Store,
    *,
    state: str = "",
    source: str = "",
    type: str = "",
    provider_id: str = "",
    error: str = "",
    since: str = "",
    until: str = "",
    hours: float | None = None,
) -> Selection:
    """Return the filter that a person gave: `since` and `until` as ISO 8601, or the last `hours`.

    FixInput if it cannot be meant.
    """
    if state and state not in STATES:
        raise FixInput(
            f"state must be one of {', '.join(STATES)}, and is {state!r}.",
            code="bad_argument",
        )
    if hours is not None and (since or not 0 < hours <= _MOST_HOURS):
        raise FixInput(
            "Give since, or hours as a number above 0 and of ten years at most, and not both.",
            code="bad_argument",
        )
    begin, end = require_iso(since), require_iso(until)
    if hours is not None:
        begin = store.now() - hours * 3600
    if begin and end and begin >= end:
        raise FixInput("until must be later than since.", code="bad_argument")
    return Selection(
        state=state, source=source.removeprefix("f/webhooks/"), type=type, provider_id=provider_id,
        error=error, since=begin, until=end,
    )  # fmt: skip


def _like(text: str) -> str:
    """Return a text as LIKE takes it to the letter, in which a star stands for itself."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
