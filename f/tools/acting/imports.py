"""A plan applied: one job of the import flow, however often it is asked for.

The job's id is made of the once_key, so a call that was lost or repeated starts no second one; the flow
itself sends nothing if the plan no longer holds, and no row twice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput, TryLater
from f.records.planning.plan_text import check_hash
from f.store.stores import open_store
from f.tools.effects.ledger import Effect, Ledger
from f.tools.effects.once_only import Acted, Write, checked_key, once_prepared
from f.tools.guards.approvers import check_approver
from f.windmill.failures import failure_in
from f.windmill.named_jobs import JobState, job_named, progress_of, start_or_raise, state_of

if TYPE_CHECKING:
    from f.tools.effects.written import Written
    from f.tools.guards.desk import Desk
    from f.tools.guards.file import FileChoice

TOOL = "apply_plan"
FLOW = "f/customers/import_csv"
MOST_WAIT = 60  # seconds
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """A plan to apply, who approved it, and the inputs that it was made of."""

    plan_hash: str
    approved_by: str
    source: FileChoice
    target: str
    on_duplicate: str
    default_country: str


def apply(desk: Desk, once_key: str, order: ImportOrder, wait_seconds: int) -> Written:
    """Apply the plan once, and wait up to so many seconds for its end. FixInput for what is refused."""
    once_key = checked_key(once_key)
    if not 0 <= wait_seconds <= MOST_WAIT:
        raise FixInput(f"wait_seconds must be a whole number from 0 to {MOST_WAIT}.", code="bad_argument")
    arguments = {
        "plan_hash": order.plan_hash,
        "approved_by": order.approved_by,
        **order.source.described(),
        "target": f"$res:{order.target.strip() or desk.guards.target}",
        "on_duplicate": order.on_duplicate,
        "default_country": order.default_country,
    }
    with open_store(desk.database(), "tools") as store:
        return once_prepared(
            Ledger(store), once_key, TOOL, arguments, lambda: _prepared(desk, order, arguments, wait_seconds)
        )


def _prepared(desk: Desk, order: ImportOrder, arguments: Mapping[str, object], wait_seconds: int) -> Write:
    """Return the write of an import that the guards allow."""
    check_hash(order.plan_hash.strip())
    check_approver(order.approved_by, desk.guards.approvers)
    order.source.check(desk.guards.files)
    inputs = _inputs(desk, order)

    def act(effect: Effect, in_doubt: bool) -> Acted:
        job = job_of(effect.key)
        known = state_of(job, is_young=False) if in_doubt else JobState("unknown")
        if known.state == "unknown":
            start_or_raise("flow", FLOW, job, inputs)
            known = JobState("running")
        return _ended(job, known, wait_seconds)

    kept = {"approved_by": order.approved_by.strip(), "plan_hash": order.plan_hash.strip()}
    return Write(TOOL, arguments, act, kept)


def look_up(effect: Effect) -> Acted | None:
    """Return how the import stands; None if no job of it was ever started."""
    job = job_of(effect.key)
    known = state_of(job, is_young=False)
    return None if known.state == "unknown" else _as_acted(job, known)


def job_of(key: str) -> str:
    """Return the id of the job that a once_key stands for, by what the ledger calls the key."""
    return job_named("f/tools/apply_plan", key)


def _inputs(desk: Desk, order: ImportOrder) -> dict[str, Any]:
    """Return the flow's inputs. Resources go by their path: the flow's own jobs look them up."""
    guards = desk.guards
    inputs = {
        **order.source.inputs(),
        "api": f"$res:{desk.target_path(order.target)}",
        "on_duplicate": order.on_duplicate,
        "dry_run": False,
        "apply_plan": order.plan_hash.strip(),
    }
    if order.default_country.strip():
        inputs["default_country"] = order.default_country.strip()
    if guards.ask_person:
        inputs["ask_first"] = True
    if guards.database:
        inputs["journal"] = f"$res:{guards.database}"
    return inputs


def _ended(job: str, known: JobState, wait_seconds: float) -> Acted:
    """Return how the job stands once it has ended, or after so many seconds."""
    deadline = time.monotonic() + wait_seconds
    while known.state in {"running", "unknown"} and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        try:
            known = state_of(job, is_young=True)
        except TryLater:  # it runs or not, whether or not Windmill says so just now
            continue
    return _as_acted(job, known)


def _as_acted(job: str, known: JobState) -> Acted:
    if known.state in {"running", "unknown"}:
        percent = progress_of(job)
        progress = {} if percent is None else {"progress_percent": percent}
        return Acted(
            "running",
            "The import runs, or waits for a person's approval. Call this again with the same once_key and "
            "arguments, or ask effect_status, to see how it stands.",
            {"job": job, **progress},
        )
    summary = known.result if isinstance(known.result, dict) else {}
    result = {"job": job, "outcome": known.state, **_limited(summary)}
    if known.state == "succeeded":
        return Acted("done", f"The import has ended: {_counted(result)}.", result)
    return Acted("done", f"The import stopped: {_why(summary)} {_counted(result)}.", result)


def _limited(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return of the import's summary what names no person: counts, and where the report and rejects lie."""
    files = {
        name: summary[name]["s3"]
        for name in ("report", "rejects")
        if isinstance(summary.get(name), dict) and isinstance(summary[name].get("s3"), str)
    }
    counts = summary.get("counts")
    kept = {"counts": counts} if isinstance(counts, dict) else {}
    return {"import_id": str(summary.get("import_id", "")), **kept, **files}


def _counted(result: Mapping[str, Any]) -> str:
    counts = result.get("counts") or {}
    return (
        ", ".join(f"{number:,} {name}" for name, number in counts.items() if number) or "no row was counted"
    )


def _why(summary: Mapping[str, Any]) -> str:
    error = summary.get("stopped") or summary.get("error")
    return failure_in({"error": error}).message
