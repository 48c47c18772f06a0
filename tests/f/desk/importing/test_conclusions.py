"""How a run ended, by what Windmill or `mill` keeps of its job; and how far a draft is by that."""

from __future__ import annotations

from typing import Any, cast

import pytest

from f.desk.drafts.digest import check_digest_of, digest_of
from f.desk.drafts.draft import Draft, RunKind, new_settings
from f.desk.importing.conclusions import conclude
from f.desk.importing.listing import Stage, stage_of

SUMMARY: dict[str, Any] = {
    "import_id": "20261129-101500-abcdef12",
    "dry_run": False,
    "seconds": 1.5,
    "counts": {"rows": 2, "created": 1, "failed": 1},
    "reasons": [],
    "guarantee": "Exactly once.",
    "forecast": None,
    "plan": None,
    "rejects": {"filename": "rejects.csv", "s3": "imports/x/rejects.csv"},
    "report": None,
    "rest": {
        "rows": 1,
        "resume_at": "2026-11-30T00:00:00+00:00",
        "job": "j",
        "file": {"filename": "rest.csv"},
    },
    "certificate": None,
    "would_stop": [],
}
STOPS = {"would_stop": ["An import would stop here: Too many."], "stop_codes": ["too_many_bad_rows"]}
PLANNED = {**SUMMARY, "dry_run": True, "counts": {"rows": 2, "would_create": 1, "invalid": 1}, **STOPS}
INCOMPLETE = {
    **SUMMARY,
    "error": {"name": "ImportIncomplete", "message": "Not all.", "code": "import_incomplete"},
}
STALE = {
    "error": {"name": "FixInput", "message": "The target.", "extra": {"code": "plan_outdated"}, "stack": ""}
}
CANCELED = {"error": {"name": "Canceled", "message": "Job canceled: by ada", "reason": "by ada"}}
REFUSED = {**SUMMARY, "error": {"name": "SuspendedDisapproved", "message": "Disapproved by ada"}}
EXPIRED = {"error": {"name": "SuspendedTimedOut", "message": "Timed out waiting to be resumed"}}
KILLED = {"error": {"name": "ExecutionErr", "message": "log:\nkilled", "exit_code": 137}}


@pytest.mark.parametrize(
    ("kind", "result", "success", "state", "code"),
    [
        ("apply", SUMMARY, True, "succeeded", ""),
        ("plan", PLANNED, True, "failed", "too_many_bad_rows"),
        ("apply", INCOMPLETE, False, "failed", "import_incomplete"),
        ("apply", STALE, False, "failed", "plan_outdated"),
        ("apply", CANCELED, False, "canceled", "canceled"),
        ("apply", REFUSED, False, "failed", "approval_refused"),
        ("apply", EXPIRED, False, "failed", "approval_expired"),
        ("verify", KILLED, False, "failed", "ExecutionErr"),
        ("check", {"id": "x"}, True, "succeeded", ""),
    ],
    ids=["done", "would stop", "incomplete", "stale", "cancelled", "refused", "expired", "killed", "checked"],
)
def test_a_run_ends_in_one_state_with_a_code(
    kind: RunKind, result: Any, success: bool, state: str, code: str
) -> None:
    ended = conclude(kind, result, success=success)
    assert (ended.state, ended.code) == (state, code)
    assert bool(ended.message) == (state != "succeeded")


def test_an_import_that_failed_still_shows_what_it_came_to() -> None:
    ended = conclude("apply", INCOMPLETE, success=False)
    assert ended.summary is not None
    assert ended.summary["files"] == {"rejects": True, "report": False, "plan": False, "missing": False}
    assert ended.summary["parked"] == {"rows": 1, "resume_at": "2026-11-30T00:00:00+00:00"}
    assert (ended.counts["created"], ended.import_id) == (1, SUMMARY["import_id"])


def draft(**runs: Any) -> Draft:
    settings = new_settings()
    settings["encoding"] = runs.pop("encoding", "")
    made = {
        "file": runs.pop("file", {"s3": "desk/x/a.csv", "name": "a.csv", "size": 1}),
        "settings": settings,
        "corrections": {},
        "corrections_file": "",
        "checked": None,
        "plan_hash": "",
        "plan_digest": "",
        "runs": runs,
    }
    return cast("Draft", made)


def run(minute: int, state: str = "") -> dict[str, Any]:
    return {"at": f"2026-11-29T10:{minute:02}:00+00:00", **({"ended": {"state": state}} if state else {})}


def with_plan(of: Draft, **settings: Any) -> Draft:
    planned: Draft = {**of, "plan_hash": "h", "plan_digest": digest_of(of)}
    return cast("Draft", {**planned, "settings": {**planned["settings"], **settings}})


def with_check(of: Draft) -> Draft:
    return cast("Draft", {**of, "checked": {"digest": check_digest_of(of)}})


@pytest.mark.parametrize(
    ("made", "waits", "stage"),
    [
        (draft(file=None), False, "uploading"),
        (draft(), False, "reading"),
        (with_check(draft()), False, "mending"),
        (with_plan(draft(plan=run(1, "succeeded"))), False, "planned"),
        (with_plan(with_check(draft(plan=run(1, "succeeded"))), on_duplicate="update"), False, "mending"),
        (with_plan(draft(plan=run(1, "succeeded"), apply=run(2))), False, "applying"),
        (draft(plan=run(1, "succeeded"), apply=run(2)), True, "waiting"),
        (draft(plan=run(1, "succeeded"), apply=run(2, "succeeded")), False, "done"),
        (draft(plan=run(1, "succeeded"), apply=run(2, "failed"), verify=run(3)), False, "failed"),
        (draft(plan=run(1, "succeeded"), apply=run(2, "canceled")), False, "canceled"),
        (with_plan(draft(apply=run(1, "failed"), plan=run(2, "succeeded"))), False, "planned"),
    ],
    ids=[
        *("uploading", "read", "checked", "planned", "outdated", "applying", "waiting", "done", "failed"),
        *("cancelled", "planned anew"),
    ],
)
def test_how_far_a_draft_is_follows_from_its_runs(made: Draft, waits: bool, stage: Stage) -> None:
    assert stage_of(made, waits=waits) == stage
