"""How the last run of a draft stands."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypedDict

from f.desk.importing.conclusions import only_reported, with_certificate
from f.desk.importing.journal_rows import rows_so_far
from f.desk.importing.results import result_of
from f.desk.importing.runs import ended_of, rows_in, settle
from f.windmill.named_jobs import APPROVAL, flow_state, phase_of, progress_of

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft, Drafts, Ended, Run, RunKind
    from f.desk.importing.conclusions import Summary

State = Literal["none", "queued", "running", "waiting", "succeeded", "failed", "canceled"]
# Rows that an import has nothing to send of, by their names in a plan's counts.
_NOT_SENT = ("duplicate", "invalid", "would_leave", "would_refuse")
_MOST_PERCENT = 99  # of what has not ended


class Approval(TypedDict):
    """Where a person decides on an import that waits."""

    page: str


class Status(TypedDict):
    """How the last run of a draft stands, whose `kind` is empty if there is none.

    While an import runs, `outcomes` has the rows that its journal knows as applied and those that need no
    sending; `rows_done` is how many that are. `percent` is None where nobody knows it. `started_at` is in
    ISO 8601, `seconds` how long it has taken until now, or took.
    """

    draft: Draft
    kind: RunKind | Literal[""]
    state: State
    message: str
    code: str
    percent: int | None
    rows_done: int
    rows_total: int
    outcomes: dict[str, int]
    started_at: str
    seconds: float
    result: Summary | None
    approval: Approval | None


def status_of(drafts: Drafts, draft: Draft) -> Status:
    """Return how the last run stands; what has ended is written down. TryLater if Windmill does not say."""
    draft = settle(drafts, draft)
    kind = last_kind(draft)
    if kind is None:
        return _status(draft, "", "none")
    run = draft["runs"][kind]
    if ended := run.get("ended"):
        return _ended(draft, kind, run, ended)
    return _unfinished(drafts, draft, kind, run)


def last_kind(draft: Draft) -> RunKind | None:
    """Return the kind of the run that was started last; None if there is none."""
    runs = draft["runs"]
    return max(runs, key=lambda kind: runs[kind]["at"], default=None)


def _status(draft: Draft, kind: RunKind | Literal[""], state: State) -> Status:
    return {
        "draft": draft,
        "kind": kind,
        "state": state,
        "message": "",
        "code": "",
        "percent": None,
        "rows_done": 0,
        "rows_total": rows_in(draft),
        "outcomes": {},
        "started_at": "",
        "seconds": 0.0,
        "result": None,
        "approval": None,
    }


def _ended(draft: Draft, kind: RunKind, run: Run, ended: Ended) -> Status:
    counts = dict(ended["counts"])
    total = counts.pop("rows", 0) or rows_in(draft)
    result = result_of(run)["summary"]
    if kind == "verify" and result and (certificate := result["certificate"]):
        result = with_certificate(result_of(draft["runs"].get("apply"))["summary"], certificate)
    if result and "cleared_at" in draft:
        result = only_reported(result)
    done = sum(counts.values()) if counts else (total if ended["state"] == "succeeded" else 0)
    return {
        **_status(draft, kind, ended["state"]),
        "message": ended["message"],
        "code": ended["code"],
        "percent": 100 if ended["state"] == "succeeded" else None,
        "rows_done": done,
        "rows_total": total,
        "outcomes": {name: rows for name, rows in counts.items() if rows},
        "started_at": run["at"],
        "seconds": ended["seconds"],
        "result": result,
    }


def _unfinished(drafts: Drafts, draft: Draft, kind: RunKind, run: Run) -> Status:
    phase = phase_of(run["job"])
    status: Status = {**_status(draft, kind, phase.phase), "started_at": phase.started_at or run["at"]}
    began = datetime.fromisoformat(status["started_at"])
    status["seconds"] = round(max((datetime.now(UTC) - began).total_seconds(), 0.0), 1)
    if kind == "apply":
        _count(drafts, status, run)
    else:
        status["percent"] = progress_of(run["job"])
    if status["state"] == "waiting":
        page = flow_state(run["job"], APPROVAL)
        status["message"] = "The import waits for a person's approval. Nothing was sent yet."
        if isinstance(page, dict) and isinstance(page.get("page"), str):
            status["approval"] = {"page": page["page"]}
    return status


def _count(drafts: Drafts, status: Status, run: Run) -> None:
    """Add what the journal knows of an import that runs, and note in the draft that it has begun."""
    counted, draft = rows_so_far(run), status["draft"]
    if counted is None:
        return
    if counted.import_id and counted.import_id != draft["import_id"]:
        status["draft"] = drafts.note(draft["id"], lambda now: {**now, "import_id": counted.import_id})
    plan = ended_of(draft, "plan")
    planned = plan["counts"] if plan else {}
    not_sent = sum(planned.get(name, 0) for name in _NOT_SENT) if status["state"] == "running" else 0
    known = {name: planned[name] for name in ("duplicate", "invalid") if planned.get(name)}
    total = status["rows_total"]
    status["outcomes"] = dict(counted.applied + Counter(known))
    status["rows_done"] = min(counted.applied.total() + not_sent, total)
    status["percent"] = min(100 * status["rows_done"] // max(total, 1), _MOST_PERCENT)
