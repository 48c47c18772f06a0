"""All runs of a draft, not only the last: its plans, its imports, and what was read back of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from f.desk.drafts.run_records import kept_result
from f.desk.importing.runs import settle

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft, Drafts, Run, RunKind

MOST = 200  # runs in one answer


class ListedRun(TypedDict):
    """A run and how it ended, if it has. `files` are those that can be downloaded of it, its report for one.

    `counts` are those of the import's summary, or of the dry run's. `at` is in ISO 8601.
    """

    kind: RunKind
    job: str
    by: str
    at: str
    state: Literal["running", "succeeded", "failed", "canceled"]
    message: str
    code: str
    seconds: float
    counts: dict[str, int]
    files: list[str]


class RunList(TypedDict):
    """Runs, the one that was started last first; `total` counts all that there are."""

    total: int
    runs: list[ListedRun]


def list_runs(drafts: Drafts, id: str, limit: int) -> RunList:
    """Return the plans, imports and verifications of a draft; what has ended meanwhile is written down."""
    draft = settle(drafts, drafts.get(id))
    runs = [(kind, run) for kind, run in drafts.runs_of(draft) if kind != "check"]
    shown = runs[: min(max(limit, 1), MOST)]
    return {"total": len(runs), "runs": [_listed(draft, kind, run) for kind, run in shown]}


def _listed(draft: Draft, kind: RunKind, run: Run) -> ListedRun:
    listed: ListedRun = {
        "kind": kind,
        "job": run["job"],
        "by": run["by"],
        "at": run["at"],
        "state": "running",
        "message": "",
        "code": "",
        "seconds": 0.0,
        "counts": {},
        "files": [],
    }
    if ended := run.get("ended"):
        files = ended["files"] if "files" in ended else list(kept_result(run)["files"])
        listed["state"], listed["seconds"] = ended["state"], ended["seconds"]
        listed["message"], listed["code"] = ended["message"], ended["code"]
        listed["counts"] = {name: rows for name, rows in ended["counts"].items() if rows}
        listed["files"] = [name for name in files if name == "report" or "cleared_at" not in draft]
    elif draft["runs"][kind]["job"] != run["job"]:
        # Of these only a plan gives way to the next one before it has ended.
        listed["state"], listed["code"] = "canceled", "canceled"
        listed["message"] = "Another plan was asked for before this one was there."
    return listed
