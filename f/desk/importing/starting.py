"""Plans, imports and verifications of a draft: when they may begin, and each begun once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.errors import ConnectError, FixInput
from f.desk.drafts.arguments import check_arguments
from f.desk.drafts.digest import digest_of, is_checked
from f.desk.drafts.draft import refuse_cleared
from f.desk.drafts.run_records import new_run, read_json, with_run
from f.desk.importing.flow_inputs import (
    FLOW,
    VERIFY,
    inputs_of,
    refuse_outdated_plan,
    refuse_unchecked,
    target_of,
)
from f.desk.importing.runs import ended_of, runs_now, settle, start_run
from f.records.planning.plan_text import check_hash
from f.windmill.named_jobs import cancel, job_named

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft, Drafts, Run, RunKind


class Applied(TypedDict):
    """An import: whether this call has started it, else who did, and when (ISO 8601)."""

    draft: Draft
    started: bool
    by: str
    at: str


def plan(drafts: Drafts, id: str) -> Draft:
    """Start the dry run of a draft as it is now, unless it runs already. FixInput for what cannot be planned.

    The plan before it can no longer be applied.
    """
    before = settle(drafts, drafts.get(id))["runs"].get("plan")

    def begin(draft: Draft) -> Draft:
        refuse_cleared(draft)
        inputs_of(draft)
        refuse_unchecked(draft, is_checked=is_checked(draft))
        _refuse_while_importing(draft)
        run, digest = draft["runs"].get("plan"), digest_of(draft)
        if run and runs_now(draft, "plan") and run["digest"] == digest:
            return draft
        number = _next(run)
        job = job_named("desk", id, "plan", digest, number)
        made_of = {"settings": draft["settings"], "corrections_file": draft["corrections_file"]}
        return {
            **_with_new(drafts, draft, "plan", new_run(job, digest, number=number, **made_of)),
            "plan_hash": "",
            "plan_digest": "",
        }

    draft = drafts.note(id, begin)
    if before and "ended" not in before and before["job"] != draft["runs"]["plan"]["job"]:
        with contextlib.suppress(ConnectError):  # it sends nothing, and nobody waits for it
            cancel(before["job"], "another plan of this import was started")
    start_run(drafts, draft, "plan", FLOW, inputs_of(draft, dry_run=True))
    return draft


def apply(drafts: Drafts, id: str, plan_hash: str, *, approval: bool) -> Applied:
    """Start the import of the plan that was seen, once; FixInput if it is not the draft's plan, or outdated.

    One that has failed or was cancelled may be started again: the flow refuses a plan that does not hold.
    """
    check_arguments({"hash": plan_hash})
    check_hash(plan_hash)
    settle(drafts, drafts.get(id))
    own = ""

    def begin(draft: Draft) -> Draft:
        nonlocal own
        own = ""
        run, ended = draft["runs"].get("apply"), ended_of(draft, "apply")
        if run and run.get("hash") == plan_hash and (ended is None or ended["state"] == "succeeded"):
            return draft
        refuse_cleared(draft)
        _refuse_while_importing(draft)
        _refuse_unseen(draft, plan_hash)
        number = _next(run)
        own = job_named("desk", id, "apply", plan_hash, number)
        new = new_run(own, digest_of(draft), number=number, hash=plan_hash, asks_first=approval)
        return {**_with_new(drafts, draft, "apply", new), "import_id": ""}

    draft = drafts.note(id, begin)
    run = draft["runs"]["apply"]
    # Whoever has recorded it may have died before starting it. What was chosen since then is not applied.
    if runs_now(draft, "apply") and run["digest"] == digest_of(draft):
        start_run(drafts, draft, "apply", FLOW, _import_inputs(draft, plan_hash, run))
    return {"draft": draft, "started": run["job"] == own, "by": run["by"], "at": run["at"]}


def verify(drafts: Drafts, id: str, rows: Literal["sample", "all"]) -> Draft:
    """Start to read an import's rows back from the target, unless that runs already."""
    if rows not in ("sample", "all"):
        raise FixInput("rows has to be sample or all.", code="bad_argument")
    settle(drafts, drafts.get(id))

    def begin(draft: Draft) -> Draft:
        refuse_cleared(draft)
        _refuse_while_importing(draft)
        if not draft["import_id"] or draft["checked"] is None:
            raise FixInput(
                "Nothing was imported here yet, so there is nothing to read back. Apply a plan first.",
                code="not_applied",
            )
        if runs_now(draft, "verify"):
            return draft
        # Rows are read back as they were checked last: they have to be those that were sent.
        if draft["runs"]["apply"]["digest"] != digest_of(draft) or not is_checked(draft):
            raise FixInput(
                "Settings or rows were changed since this import was applied, so that other rows would be "
                "read back than were sent. Take the changes back and check the file, or import it anew.",
                code="changed_since_import",
            )
        number = _next(draft["runs"].get("verify"))
        job = job_named("desk", id, "verify", draft["import_id"], rows, number)
        return _with_new(drafts, draft, "verify", new_run(job, digest_of(draft), number=number))

    draft = drafts.note(id, begin)
    inputs = {
        "parsed": _parsed(draft),
        "api": target_of(draft["settings"]),
        "verify": rows,
        "import_id": draft["import_id"],
    }
    start_run(drafts, draft, "verify", VERIFY, inputs, what="script")
    return draft


def _with_new(drafts: Drafts, draft: Draft, kind: RunKind, run: Run) -> Draft:
    """A draft with a run that is to begin; the record of the one whose place it takes is kept."""
    drafts.keep_run(draft, kind)
    return with_run(draft, kind, run)


def _parsed(draft: Draft) -> Any:
    checked = draft["checked"]
    return read_json(checked["s3"]) if checked else None


def _import_inputs(draft: Draft, plan_hash: str, run: Run) -> dict[str, Any]:
    return inputs_of(
        draft, dry_run=False, apply_plan=plan_hash, ask_first=bool(run.get("asks_first")), verify="none"
    )


def _refuse_unseen(draft: Draft, plan_hash: str) -> None:
    """Raise FixInput unless the hash is of the draft's plan, and of the draft as it is now."""
    made, digest = draft["runs"].get("plan"), digest_of(draft)
    if made and runs_now(draft, "plan"):
        raise FixInput(
            "A new plan is being made. Nothing was sent. Wait for it, look at it, and apply that one.",
            code="plan_runs",
        )
    if made and draft["plan_digest"] and draft["plan_digest"] != digest:
        refuse_outdated_plan(draft, made)
    if not draft["plan_hash"]:
        raise FixInput(
            "There is no plan that can be applied. Nothing was sent. Make one and look at it first.",
            code="no_plan",
        )
    if draft["plan_hash"] != plan_hash:
        raise FixInput(
            "This is not the plan that you saw: another was made since. Nothing was sent. Look at the new "
            "one, and apply that.",
            code="plan_outdated",
        )


def _refuse_while_importing(draft: Draft) -> None:
    if runs_now(draft, "apply"):
        run = draft["runs"]["apply"]
        raise FixInput(
            f"This import is running: {run['by']} has started it. Wait for its end, or cancel it.",
            code="import_runs",
        )


def _next(run: Run | None) -> int:
    return (run.get("number", 0) if run else 0) + 1
