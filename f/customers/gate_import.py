"""Decide whether an import may send: a usable target, few enough bad rows, the plan that was approved.

Fails with the reasons when too many rows are bad, or when file, settings or target are no longer those of
`apply_plan`; returns `decision: ask` when a person should decide. For a dry run, or if a person is to approve
the plan first, it reads the target and returns the plan. Forecasts the calls an import takes, against what
the target still takes today, and says how many jobs may send at once. Sends no row; a second run decides the
same.
"""

from itertools import zip_longest
from typing import Any, Literal, cast

from f.connect.errors import FixInput
from f.customers.targets.customer_api import customer_api, open_target
from f.records.planning.parallel_jobs import decide_parallel_jobs
from f.records.planning.plan import Gate, Plan
from f.records.planning.plan_file import PlanRecord
from f.records.planning.plan_text import check_hash, in_a_sentence, refuse_outdated
from f.records.planning.planner import open_planner, planned_chunks
from f.records.planning.quota import forecast_of
from f.records.reading.parsed import Parsed
from f.records.rows.row_store import StoredRows
from f.records.sending.session import journal_kind
from f.records.target.guarantee import guarantee_of
from f.records.target.target import OnDuplicate, Target
from f.store.stores import postgresql
from f.windmill.job import Progress


def main(
    parsed: dict,
    api: customer_api,
    max_bad_share: float = 0.2,
    on_too_many_bad: Literal["fail", "ask"] = "fail",
    on_duplicate: Literal["skip", "update", "fail"] = "skip",
    journal: postgresql | None = None,
    dry_run: bool = False,
    ask_first: bool = False,
    apply_plan: str = "",
    resend_unknown: bool = False,
    park_after: int = 300,
    parallel_jobs: int | None = None,
) -> Gate:
    target = open_target(api)
    if apply_plan:
        check_hash(apply_plan)
    parallel = decide_parallel_jobs(target, parallel_jobs)
    file = cast("Parsed", parsed)
    too_many, message = _judged(file, target, max_bad_share, on_too_many_bad)
    plan: Plan | None = None
    planned: list[StoredRows] = []
    if dry_run or ask_first or apply_plan:
        plan, planned, doubts = _planned(file, target, journal, on_duplicate, resend_unknown=resend_unknown)
        message = " ".join(filter(None, (message, in_a_sentence(plan), doubts)))
    left = _left_to_send(file, planned)
    forecast = forecast_of(target, left, on_duplicate, journal, park_after)
    message = " ".join(filter(None, (message, forecast["message"], parallel.message)))
    guarantee = guarantee_of(target, journal_kind(journal), on_duplicate)
    print(f"{message}\n{guarantee}")
    if plan and apply_plan:
        refuse_outdated(apply_plan, plan["hash"])
    # Nobody is asked about a plan that would send nothing.
    asks_for_plan = ask_first and any(left)
    return {
        "decision": "ask" if not dry_run and (too_many or asks_for_plan) else "go",
        "message": message,
        "target": target.title,
        "guarantee": guarantee,
        "plan": plan,
        "planned_outcomes": planned,
        "parallel_jobs": parallel.jobs,
        "forecast": forecast,
    }


def _judged(
    parsed: Parsed, target: Target, max_bad_share: float, on_too_many_bad: Literal["fail", "ask"]
) -> tuple[bool, str]:
    """Whether too many rows are bad, and a sentence on them. Raises FixInput if that fails the import."""
    counts = parsed["counts"]
    bad, rows = counts["invalid"], counts["rows"]
    share = bad / rows if rows else 0.0
    message = f"{counts['valid']} of {rows} rows can be sent to {target.title}; {bad} cannot ({share:.1%})."
    if share <= max_bad_share:
        return False, message
    message = f"{message} That is more than the {max_bad_share:.0%} allowed. {_worst(parsed['reasons'])}"
    if on_too_many_bad == "fail":
        raise FixInput(
            f"{message} Nothing was sent. Correct the file, or raise max_bad_share.",
            code="too_many_bad_rows",
        )
    return True, message


def _planned(
    parsed: Parsed,
    target: Target,
    journal: postgresql | None,
    on_duplicate: OnDuplicate,
    *,
    resend_unknown: bool,
) -> tuple[Plan, list[StoredRows], str]:
    """The plan, the outcomes by chunk that need no sending, and what the plan cannot be sure of."""
    record = PlanRecord(parsed["import_id"])
    with open_planner(parsed, target, journal, on_duplicate, resend_unknown=resend_unknown) as planner:
        written = record.write(planned_chunks(parsed, planner, Progress(parsed["counts"]["valid"])))
    plan = record.summary(written, hash=planner.hash, reads_target=target.can_ask, requests=planner.requests)
    return plan, record.planned_outcomes, planner.doubts


def _left_to_send(parsed: Parsed, planned: list[StoredRows]) -> list[int]:
    """How many rows of each chunk a plan, if there is one, leaves to be sent."""
    pairs = zip_longest(parsed["chunks"], planned)
    return [chunk["rows"]["count"] - (rows["count"] if rows else 0) for chunk, rows in pairs]


def _worst(reasons: list[Any]) -> str:
    """The commonest reasons, each with the first line that shows it."""
    invalid = sorted((r for r in reasons if r["outcome"] == "invalid"), key=lambda r: -r["rows"])
    named = [f"{r['code']} {r['rows']}x (first: line {r['examples'][0]['line']})" for r in invalid[:3]]
    return f"Most of them: {', '.join(named)}." if named else ""
