"""How a run of a draft ended, by its job's result: a state, a sentence, and what the page shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from f.windmill.failures import Failure, failure_in

if TYPE_CHECKING:
    from f.desk.drafts.draft import RunKind
    from f.records.planning.forecast import Forecast
    from f.records.planning.plan import Change, PlannedReason
    from f.records.report.summary import ImportSummary
    from f.records.rows.tally import Reason
    from f.records.verifying.certificate import Certificate
    from f.windmill.objects import FileRef

FileKind = Literal["rejects", "report", "plan", "missing"]
_WORDS: dict[str, str] = {"check": "check", "plan": "plan", "apply": "import", "verify": "verification"}
# Failures that are Windmill's own, by their names.
_APPROVALS: dict[str, tuple[str, str]] = {
    "SuspendedDisapproved": (
        "approval_refused",
        "A person refused this import. Nothing was sent. Change what is to be changed, and make a new plan.",
    ),
    "SuspendedTimedOut": (
        "approval_expired",
        "Nobody approved this import in time. Nothing was sent. Apply the plan again.",
    ),
}
_CANCELED = "Canceled"
_TOO_MANY_BAD, _TAKEN_OUT = "too_many_bad_rows", "excluded"


class PlanShown(TypedDict):
    """A plan as the page shows it; the values in `examples` are masked."""

    hash: str
    counts: dict[str, int]
    fields: dict[str, int]
    examples: list[Change]
    reasons: list[PlannedReason]
    requests: int


class Parked(TypedDict):
    """Rows that another job sends at `resume_at` (ISO 8601)."""

    rows: int
    resume_at: str


class BadRows(TypedDict):
    """Rows of a plan that cannot be sent, of so many; `share` (0 to 1) of them lets it pass if allowed."""

    bad: int
    rows: int
    share: float


class Summary(TypedDict):
    """What there is to say of a run. `files` says which can be downloaded.

    `bad_rows` is there if a plan would stop because of them: a person may allow them.
    """

    counts: dict[str, int]
    reasons: list[Reason]
    guarantee: str
    forecast: Forecast | None
    would_stop: list[str]
    plan: PlanShown | None
    certificate: Certificate | None
    files: dict[FileKind, bool]
    parked: Parked | None
    bad_rows: BadRows | None


@dataclass(slots=True)
class Conclusion:
    """How a run ended. `files` are those of `summary`, for whoever downloads them."""

    state: Literal["succeeded", "failed", "canceled"]
    message: str = ""
    code: str = ""
    summary: Summary | None = None
    files: dict[FileKind, FileRef] = field(default_factory=dict)
    import_id: str = ""
    seconds: float | None = None

    @property
    def counts(self) -> dict[str, int]:
        """The counts of the import, or of the dry run; empty if it came to none."""
        return dict(self.summary["counts"]) if self.summary else {}


def conclude(kind: RunKind, result: Any, *, success: bool) -> Conclusion:
    """Return how a job of this kind ended, out of its result as Windmill or `mill` keeps it."""
    told = _of_summary(kind, result)
    if success:
        return told
    failure = failure_in(result)
    if failure.name == _CANCELED:
        return Conclusion("canceled", canceled(kind), "canceled", told.summary, told.files, told.import_id)
    told.state, (told.code, told.message) = "failed", _why(failure)
    return told


def canceled(kind: RunKind) -> str:
    """Return the sentence of a run that somebody has cancelled."""
    return f"The {_WORDS[kind]} was cancelled.{'' if kind == 'apply' else ' Nothing was sent by it.'}"


def lost(kind: RunKind) -> Conclusion:
    """Return how a run ended of which Windmill knows nothing any more, and which left no summary."""
    way_on = "" if kind == "apply" else " Start it again."
    message = f"The {_WORDS[kind]} broke off without a result: its job is gone.{way_on}"
    return Conclusion("failed", message, "job_lost")


def with_certificate(of_import: Summary | None, certificate: Certificate) -> Summary:
    """Return what is shown of an import once its rows were read back."""
    summary = of_import or _nothing()
    files = {**summary["files"], "missing": certificate["file"] is not None}
    return {**summary, "certificate": certificate, "files": files}


def only_reported(summary: Summary) -> Summary:
    """Return what is shown of an import of which the report was kept, and no other file."""
    files = {name: is_there and name == "report" for name, is_there in summary["files"].items()}
    return {**summary, "files": files}


def _why(failure: Failure) -> tuple[str, str]:
    return _APPROVALS.get(failure.name) or (failure.code or failure.name or "failed", failure.message)


def _of_summary(kind: RunKind, result: Any) -> Conclusion:
    if not isinstance(result, dict):
        return Conclusion("succeeded")
    if kind == "verify":
        return _of_certificate(result)
    if kind == "check" or not isinstance(result.get("counts"), dict):
        return Conclusion("succeeded")
    return of_import_summary(cast("ImportSummary", result))


def of_import_summary(told: ImportSummary) -> Conclusion:
    """Return how an import or a dry run ended that left its summary; a plan that would stop has failed."""
    certificate, plan, rest = told["certificate"], told["plan"], told["rest"]
    kept: dict[FileKind, FileRef | None] = {
        "rejects": told["rejects"],
        "report": told["report"],
        "plan": plan["file"] if plan else None,
        "missing": certificate["file"] if certificate else None,
    }
    summary: Summary = {
        "counts": told["counts"],
        "reasons": told["reasons"],
        "guarantee": told["guarantee"],
        "forecast": told["forecast"],
        "would_stop": told.get("would_stop") or [],
        "plan": _shown(plan) if plan else None,
        "certificate": certificate,
        "files": {name: file is not None for name, file in kept.items()},
        "parked": {"rows": rest["rows"], "resume_at": rest["resume_at"]} if rest else None,
        "bad_rows": _bad_rows(told) if _TOO_MANY_BAD in (told.get("stop_codes") or ()) else None,
    }
    files = {name: file for name, file in kept.items() if file is not None}
    conclusion = Conclusion("succeeded", "", "", summary, files, told["import_id"], told["seconds"])
    if told["dry_run"] and summary["would_stop"]:
        conclusion.state, conclusion.message = "failed", " ".join(summary["would_stop"])
        conclusion.code = next(filter(None, told.get("stop_codes") or ()), "plan_stops")
    return conclusion


def _bad_rows(told: ImportSummary) -> BadRows:
    """Rows that people took out are not bad, as the gate of the import has it."""
    taken_out = sum(reason["rows"] for reason in told["reasons"] if reason["code"] == _TAKEN_OUT)
    bad, rows = told["counts"]["invalid"] - taken_out, told["counts"]["rows"] - taken_out
    return {"bad": bad, "rows": rows, "share": -(-100 * bad // max(rows, 1)) / 100}


def _shown(plan: Mapping[str, Any]) -> PlanShown:
    return {
        "hash": plan["hash"],
        "counts": plan["counts"],
        "fields": plan["fields"],
        "examples": plan["examples"],
        "reasons": plan.get("reasons", []),
        "requests": plan["requests"],
    }


def _of_certificate(result: dict[str, Any]) -> Conclusion:
    if "eligible" not in result:
        return Conclusion("succeeded")
    certificate = cast("Certificate", result)
    files: dict[FileKind, FileRef] = {"missing": certificate["file"]} if certificate["file"] else {}
    summary = with_certificate(None, certificate)
    return Conclusion("succeeded", certificate["message"], "", summary, files)


def _nothing() -> Summary:
    return {
        "counts": {},
        "reasons": [],
        "guarantee": "",
        "forecast": None,
        "would_stop": [],
        "plan": None,
        "certificate": None,
        "files": dict.fromkeys(("rejects", "report", "plan", "missing"), False),
        "parked": None,
        "bad_rows": None,
    }
