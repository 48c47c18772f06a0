"""What an import would do, in the shapes that travel between its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from f.records.planning.forecast import Forecast
    from f.records.rows.row_store import StoredRows
    from f.windmill.objects import FileRef

Action = Literal["create", "update", "unchanged", "skip", "refuse", "hold"]

ACTIONS: dict[Action, str] = {
    "create": "is not in the target; would be created",
    "update": "is there with other values; they would be replaced",
    "unchanged": "is there just so, or was imported before; would not be sent",
    "skip": "is there; would be left as it is",
    "refuse": "must not or cannot be sent",
    "hold": "an earlier sending of it is under way or without an answer",
}


class Change(TypedDict):
    """A value that an update would replace. Both are masked."""

    line: int
    field: str
    before: str
    after: str


class Plan(TypedDict):
    """What an import would do. `hash` stays the same while file, settings and the target's rows do.

    `counts` are rows by action, `fields` rows by the target's field that would change. `reads_target` is
    False if the target cannot be asked. `file` names every row's action, with the values unmasked.
    """

    hash: str
    reads_target: bool
    counts: dict[Action, int]
    fields: dict[str, int]
    examples: list[Change]
    requests: int
    file: FileRef


class Gate(TypedDict):
    """Whether an import may send, and to which target.

    `planned_outcomes` has by chunk the rows that need no sending, by a plan. `parallel_jobs`: how many chunks
    are sent at the same time.
    """

    decision: Literal["go", "ask"]
    message: str
    target: str
    guarantee: str
    plan: Plan | None
    planned_outcomes: list[StoredRows]
    parallel_jobs: int
    forecast: NotRequired[Forecast]
