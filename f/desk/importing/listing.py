"""The imports of the desk, everybody's, the newest first."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal, TypedDict

from f.connect.errors import ConnectError
from f.desk.drafts.arguments import check_arguments
from f.desk.drafts.digest import digest_of, is_checked
from f.desk.importing.runs import settle
from f.windmill.named_jobs import phase_of

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft, Drafts, Ended

Stage = Literal[
    "uploading", "reading", "mending", "planned", "applying", "waiting", "done", "failed", "canceled"
]
_BY_STATE: dict[str, Stage] = {"succeeded": "done", "failed": "failed", "canceled": "canceled"}
MOST = 200  # drafts in one answer


class ListedDraft(TypedDict):
    """A draft in the list. `counts` are those of the import, else of its plan, else of its check.

    `cleared`: it is old, and of what was kept of it only the reports are left.
    """

    id: str
    name: str
    created_at: str
    created_by: str
    stage: Stage
    counts: dict[str, int]
    import_id: str
    rows: int
    cleared: bool


class DraftList(TypedDict):
    """Drafts, and whether there are older ones."""

    drafts: list[ListedDraft]
    more: bool


def list_of(drafts: Drafts, before: str, limit: int) -> DraftList:
    """Return the drafts that are older than the one with the id `before`, at most MOST."""
    check_arguments({"before": before}, {"limit": limit})
    limit = min(max(limit, 1), MOST)
    found = drafts.listed(before, limit + 1)
    return {"drafts": [_listed(drafts, one) for one in found[:limit]], "more": len(found) > limit}


def _listed(drafts: Drafts, draft: Draft) -> ListedDraft:
    waits = False
    if any("ended" not in run for run in draft["runs"].values()):
        with contextlib.suppress(ConnectError):  # then as it is known
            draft = settle(drafts, draft)
            waits = _waits(draft)
    counts = _counts(draft)
    return {
        "id": draft["id"],
        "name": draft["name"],
        "created_at": draft["created_at"],
        "created_by": draft["created_by"],
        "stage": stage_of(draft, waits=waits),
        "counts": {name: rows for name, rows in counts.items() if name != "rows"},
        "import_id": draft["import_id"],
        "rows": counts.get("rows", 0),
        "cleared": "cleared_at" in draft,
    }


def stage_of(draft: Draft, *, waits: bool = False) -> Stage:
    """Return how far a draft is, by what is recorded of it; `waits`: its import waits for a person. Pure."""
    if draft["file"] is None:
        return "uploading"
    apply, plan = draft["runs"].get("apply"), draft["runs"].get("plan")
    if apply and (plan is None or plan["at"] <= apply["at"] or "cleared_at" in draft):
        ended = apply.get("ended")
        return _BY_STATE[ended["state"]] if ended else "waiting" if waits else "applying"
    if draft["plan_hash"] and draft["plan_digest"] == digest_of(draft):
        return "planned"
    return "mending" if is_checked(draft) or draft["corrections"] else "reading"


def _waits(draft: Draft) -> bool:
    run = draft["runs"].get("apply")
    return run is not None and "ended" not in run and phase_of(run["job"]).phase == "waiting"


def _counts(draft: Draft) -> dict[str, int]:
    for kind in ("apply", "plan"):
        run = draft["runs"].get(kind)
        ended: Ended | None = run.get("ended") if run else None
        if ended and ended["counts"]:
            return dict(ended["counts"])
    return dict(draft["checked"]["counts"]) if draft["checked"] else {}
