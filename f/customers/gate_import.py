"""Decide whether an import may send: a usable target, few enough bad rows, the plan that was approved.

Fails with the reasons when too many rows are bad, or when file, settings or target are no longer those of
`apply_plan`; returns `decision: ask` when a person should decide. For a dry run, or if a person is to approve
the plan first, it reads the target and returns the plan. A dry run never fails here: what would stop an
import is in `would_stop`, and rows about which the target could not be asked are planned as `unread`.
Forecasts the calls an import takes, against what the target still takes today, and says how many jobs may
send at once. Sends no row; a second run decides the same.
"""

from typing import TYPE_CHECKING, Any, Literal, cast

from f.connect.errors import FixInput
from f.customers.targets.customer_api import customer_api, open_target
from f.records.planning.dry_run import (
    MadePlan,
    Obstacles,
    make_plan,
    make_plan_anyway,
    plan_of_nothing,
)
from f.records.planning.parallel_jobs import decide_parallel_jobs
from f.records.planning.plan import Gate
from f.records.planning.plan_text import check_hash, in_a_sentence, is_hash, refuse_outdated
from f.records.planning.quota import forecast_of
from f.records.sending.session import journal_kind
from f.records.target.guarantee import guarantee_of
from f.store.stores import postgresql

if TYPE_CHECKING:
    from f.records.reading.parsed import Parsed
    from f.records.target.target import OnDuplicate, Target

_USUAL_SHARE = 0.2  # of bad rows that an import may have where nobody has said more


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
    file, obstacles = cast("Parsed", parsed), Obstacles(goes_on=dry_run)
    target = obstacles.attempt(lambda: open_target(api))
    if apply_plan:
        obstacles.attempt(lambda: check_hash(apply_plan))
    if target is None:  # a dry run: an import has ended
        _, message = _judged(file, "", max_bad_share, on_too_many_bad, obstacles)
        return _without_target(file, message, obstacles)
    parallel = obstacles.attempt(lambda: decide_parallel_jobs(target, parallel_jobs))
    too_many, message = _judged(file, target.title, max_bad_share, on_too_many_bad, obstacles)
    made: MadePlan | None = None
    if dry_run or ask_first or apply_plan:
        settings = (file, target, journal, on_duplicate, obstacles)
        made = _planned(*settings, resend_unknown=resend_unknown, asks=parallel is not None)
        message = " ".join(filter(None, (message, in_a_sentence(made.plan), made.doubts)))
    left = made.left if made else [chunk["rows"]["count"] for chunk in file["chunks"]]
    forecast = forecast_of(target, left, on_duplicate, journal, park_after)
    message = " ".join(filter(None, (message, forecast["message"], parallel and parallel.message)))
    guarantee = obstacles.attempt(lambda: guarantee_of(target, journal_kind(journal), on_duplicate)) or ""
    print("\n".join(filter(None, (message, *obstacles.texts, guarantee))))
    if made and is_hash(apply_plan) and made.plan["hash"]:
        plan_hash = made.plan["hash"]
        obstacles.attempt(lambda: refuse_outdated(apply_plan, plan_hash))
    # Nobody is asked about a plan that would send nothing.
    asks_for_plan = ask_first and any(left)
    return {
        "decision": "ask" if not dry_run and (too_many or asks_for_plan) else "go",
        "message": message,
        "target": target.title,
        "guarantee": guarantee,
        "plan": made.plan if made else None,
        "planned_outcomes": made.outcomes if made else [],
        "parallel_jobs": parallel.jobs if parallel else 1,
        "forecast": forecast,
        "would_stop": obstacles.texts if dry_run else [],
        "stop_codes": obstacles.codes if dry_run else [],
    }


def _without_target(parsed: "Parsed", message: str, obstacles: Obstacles) -> Gate:
    """What a dry run can say where the settings name no target: the file's rows, and what is wrong."""
    made = plan_of_nothing(parsed)
    print("\n".join((message, *obstacles.texts)))
    return {
        "decision": "go",
        "message": message,
        "target": "",
        "guarantee": "",
        "plan": made.plan,
        "planned_outcomes": made.outcomes,
        "parallel_jobs": 1,
        "would_stop": obstacles.texts,
        "stop_codes": obstacles.codes,
    }


def _judged(
    parsed: "Parsed",
    title: str,
    max_bad_share: float,
    on_too_many_bad: Literal["fail", "ask"],
    obstacles: Obstacles,
) -> tuple[bool, str]:
    """Whether too many rows are bad, and a sentence on them. Raises FixInput if that fails the import."""
    counts = parsed["counts"]
    corrected = parsed.get("corrected")
    taken_out = corrected["excluded"] if corrected else 0  # nobody wants them, so they are not bad
    bad, rows = counts["invalid"] - taken_out, counts["rows"] - taken_out
    share = bad / rows if rows else 0.0
    where = f" to {title}" if title else ""
    message = f"{counts['valid']} of {rows} rows can be sent{where}; {bad} cannot ({share:.1%})."
    if taken_out:
        message = f"{message} {taken_out} more were taken out by a person."
    if share <= max_bad_share:
        # Whoever approves it is told that somebody has raised the limit.
        raised = f" Up to {max_bad_share:.0%} are allowed for this import." if share > _USUAL_SHARE else ""
        return False, message + raised
    message = f"{message} That is more than the {max_bad_share:.0%} allowed. {_worst(parsed['reasons'])}"
    if on_too_many_bad == "fail":
        text = f"{message} Nothing was sent. Correct the file, or raise max_bad_share."
        obstacles.meet(FixInput(text, code="too_many_bad_rows"))
    else:
        obstacles.ask(message)
    return True, message


def _planned(
    parsed: "Parsed",
    target: "Target",
    journal: postgresql | None,
    on_duplicate: "OnDuplicate",
    obstacles: Obstacles,
    *,
    resend_unknown: bool,
    asks: bool,
) -> MadePlan:
    """The plan; in a dry run, where target or journal cannot be read, as much of it as can be known.

    `asks`: whether the target is asked. One without a worker to answer would be in vain.
    """
    settings = (parsed, target, journal, on_duplicate)
    made = None
    if asks:
        made = obstacles.attempt(lambda: make_plan(*settings, resend_unknown=resend_unknown))
    return made or make_plan_anyway(*settings, resend_unknown=resend_unknown)


def _worst(reasons: list[Any]) -> str:
    """The commonest reasons, each with the first line that shows it."""
    invalid = sorted(
        (r for r in reasons if r["outcome"] == "invalid" and r["code"] != "excluded"),
        key=lambda r: -r["rows"],
    )
    named = [f"{r['code']} {r['rows']}x (first: line {r['examples'][0]['line']})" for r in invalid[:3]]
    return f"Most of them: {', '.join(named)}." if named else ""
