"""What an import would do, in the shapes that travel between its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

if TYPE_CHECKING:
    from f.records.planning.forecast import Forecast
    from f.records.rows.row_store import StoredRows
    from f.windmill.objects import FileRef

Action = Literal["create", "update", "unchanged", "skip", "refuse", "hold", "unread"]

ACTIONS: dict[Action, str] = {
    "create": "is not in the target; would be created",
    "update": "is there with other values; they would be replaced",
    "unchanged": "is there just so, or was imported before; would not be sent",
    "skip": "is there; would be left as it is",
    "refuse": "must not or cannot be sent",
    "hold": "an earlier sending of it is under way or without an answer",
    "unread": "the target could not be asked about it, so nobody knows",
}

# What a dry run says of the file's rows, in place of the outcomes of an import and in their order: no row has
# an outcome before it was sent. The rows refused here, and those that repeat another, have theirs already.
WOULD: dict[str, str] = {
    "would_create": "not in the target",
    "would_update": "there with other values, which would be replaced",
    "would_leave": "there already, or sent by an earlier import; nothing would be sent",
    "duplicate": "earlier in this file",
    "invalid": "refused here; would not be sent",
    "would_refuse": "cannot or must not be sent to this target",
    "would_hold": "an earlier sending of it is under way or without an answer",
    "not_known": "the target could not be asked",
}
_WOULD_BY_ACTION: dict[Action, str] = {
    "create": "would_create",
    "update": "would_update",
    "unchanged": "would_leave",
    "skip": "would_leave",
    "refuse": "would_refuse",
    "hold": "would_hold",
    "unread": "not_known",
}


class Change(TypedDict):
    """A value that an update would replace. Both are masked."""

    line: int
    field: str
    before: str
    after: str


class PlannedReason(TypedDict):
    """Why rows have their action: `code` is one of REASONS; `lines` are the first of them."""

    action: Action
    code: str
    rows: int
    lines: list[int]


class Plan(TypedDict):
    """What an import would do. `hash` stays the same while file, settings and the target's rows do.

    `counts` are rows by action, `fields` rows by the target's field that would change. `reads_target` is
    False if the target cannot be asked. `file` names every row's key and action, with the values unmasked.
    The hash is empty if rows could not be planned: such a plan cannot be applied.
    """

    hash: str
    reads_target: bool
    counts: dict[Action, int]
    fields: dict[str, int]
    examples: list[Change]
    requests: int
    file: FileRef
    reasons: NotRequired[list[PlannedReason]]


class Gate(TypedDict):
    """Whether an import may send, and to which target.

    `planned_outcomes` has by chunk the rows that need no sending, by a plan, and without a code those whose
    record it has found and updates. `parallel_jobs`: how many chunks are sent at the same time. `would_stop`
    has, of a dry run, what would end an import or have it ask a person before it sends, a sentence each;
    `stop_codes` the codes of those errors, in the same order.
    """

    decision: Literal["go", "ask"]
    message: str
    target: str
    guarantee: str
    plan: Plan | None
    planned_outcomes: list[StoredRows]
    parallel_jobs: int
    forecast: NotRequired[Forecast]
    would_stop: NotRequired[list[str]]
    stop_codes: NotRequired[list[str]]


def planned_counts(plan: Plan | None, parsed: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of a dry run: `rows`, and under the names of WOULD numbers that add up to it.

    `parsed` are the counts of the file. Without a plan nothing is known of the rows that could be sent.
    """
    counts = {"rows": parsed["rows"], **dict.fromkeys(WOULD, 0)}
    for name in ("duplicate", "invalid"):
        counts[name] += parsed[name]
    if plan is None:
        counts["not_known"] += parsed["valid"]
    else:
        for action, rows in plan["counts"].items():
            counts[would(action)] += rows
    return counts


def would(action: Action) -> str:
    """Return under which name of WOULD a row with this action is counted."""
    return _WOULD_BY_ACTION[action]
