"""The runs of a draft: a job is recorded before it is started, and what it came to once it has ended.

    recorded --start--> runs --> has ended --settle--> recorded as ended
        `- whoever recorded it died: the next who asks for it starts it

A run's job has an id that is made of what it is for. Of two people who ask for the same at once one records
it, and the other finds it recorded; both may start it, and Windmill starts it once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixSettings
from f.desk.drafts.run_records import age_of, is_under_way, with_run
from f.desk.importing.conclusions import Conclusion, conclude, lost, of_import_summary
from f.desk.importing.journal_rows import counted_rows, in_words
from f.desk.importing.results import keep_result, summary_of_import
from f.windmill.named_jobs import JobState, start_or_raise, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from f.desk.drafts.draft import Draft, Drafts, Ended, RunKind
    from f.windmill.named_jobs import Kind


def ended_of(draft: Draft, kind: RunKind) -> Ended | None:
    """Return how the last run of this kind ended; None if there is none, or it has not."""
    run = draft["runs"].get(kind)
    return run.get("ended") if run else None


def runs_now(draft: Draft, kind: RunKind) -> bool:
    """Return whether a run of this kind was recorded and has not ended, as far as is recorded."""
    run = draft["runs"].get(kind)
    return run is not None and "ended" not in run


def start_run(
    drafts: Drafts, draft: Draft, kind: RunKind, path: str, inputs: Mapping[str, Any], *, what: Kind = "flow"
) -> None:
    """Start a run that is recorded; FixSettings if it certainly does not run, which is recorded too."""
    job = draft["runs"][kind]["job"]
    try:
        start_or_raise(what, path, job, inputs)
    except FixSettings as error:
        if state_of(job, is_young=False).state == "unknown":
            _record(drafts, draft, kind, Conclusion("failed", str(error), error.code or ""))
        raise


def settle(drafts: Drafts, draft: Draft) -> Draft:
    """Write down how those runs ended that have, and return the draft; TryLater if Windmill does not say."""
    for kind in list(draft["runs"]):
        run = draft["runs"][kind]
        if "ended" in run:
            continue
        known = state_of(run["job"], is_young=False)
        if is_under_way(run, known):
            continue
        draft = _record(drafts, draft, kind, _concluded(draft, kind, known))
    return draft


def _concluded(draft: Draft, kind: RunKind, known: JobState) -> Conclusion:
    if known.state != "unknown":
        conclusion = conclude(kind, known.result, success=known.state == "succeeded")
    else:
        conclusion = _left_behind(draft, kind) or lost(kind)
    if kind == "apply" and conclusion.summary is None:
        counted = counted_rows(draft["runs"][kind])
        conclusion.import_id = conclusion.import_id or (counted.import_id if counted else "")
        conclusion.message = " ".join(filter(None, (conclusion.message, in_words(counted))))
    return conclusion


def _left_behind(draft: Draft, kind: RunKind) -> Conclusion | None:
    """Return how an import ended whose job is gone, by the summary that it has left."""
    counted = counted_rows(draft["runs"][kind]) if kind == "apply" else None
    import_id = counted.import_id if counted else ""
    summary = summary_of_import(import_id) if import_id else None
    if summary is None:
        return None
    from f.records.report.reconciliation import (  # seldom needed, and much
        ImportIncomplete,
        raise_if_incomplete,
    )

    conclusion = of_import_summary(summary)
    try:
        raise_if_incomplete(summary)
    except ImportIncomplete as error:
        conclusion.state, conclusion.message, conclusion.code = "failed", str(error), error.code or ""
    return conclusion


def _record(drafts: Drafts, draft: Draft, kind: RunKind, conclusion: Conclusion) -> Draft:
    run = draft["runs"][kind]
    ended: Ended = {
        "state": conclusion.state,
        "message": conclusion.message,
        "code": conclusion.code,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": round(age_of(run), 1) if conclusion.seconds is None else conclusion.seconds,
        "counts": _counts(draft, kind, conclusion),
        "result": keep_result(draft, run, conclusion),
        "import_id": conclusion.import_id,
        "files": sorted(conclusion.files),
    }

    def recorded(now: Draft) -> Draft:
        then = now["runs"].get(kind)
        if then is None or then["job"] != run["job"] or "ended" in then:
            return now  # somebody else has asked, or a new one was started
        new = with_run(now, kind, {**then, "ended": ended})
        if kind == "plan" and conclusion.state == "succeeded" and conclusion.summary:
            plan = conclusion.summary["plan"]
            new["plan_hash"], new["plan_digest"] = plan["hash"] if plan else "", run["digest"]
        if kind == "apply" and conclusion.import_id:
            new["import_id"] = conclusion.import_id
        return new

    return drafts.note(draft["id"], recorded)


def _counts(draft: Draft, kind: RunKind, conclusion: Conclusion) -> dict[str, int]:
    """Return the counts of the summary; without one, of an import what its journal knows."""
    if kind == "verify":
        return {}
    counts = conclusion.counts
    if kind == "apply" and not counts and (counted := counted_rows(draft["runs"][kind])):
        counts = {"rows": rows_in(draft), **counted.applied}
        if counted.in_doubt:
            counts["unknown"] = counted.in_doubt
    return counts


def rows_in(draft: Draft) -> int:
    """Return how many rows the file has, as the last plan counted them, or the last check."""
    plan = ended_of(draft, "plan")
    counts = (plan["counts"] if plan else None) or (draft["checked"]["counts"] if draft["checked"] else {})
    return counts.get("rows", 0)
