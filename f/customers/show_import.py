"""Show how an import went: a picture, tables and files, as Windmill draws them on the run's page.

Returns the display alone: Windmill draws it only if nothing else is returned. A second run shows the same.
"""

from typing import TYPE_CHECKING, Any, cast

from f.records.planning.plan import ACTIONS, Plan
from f.records.report.chart import outcome_bar
from f.records.rows.outcome import MEANING, OUTCOMES
from f.records.rows.tally import Reason
from f.records.verifying.certificate import COUNTED, Certificate
from f.windmill.objects import FileRef

if TYPE_CHECKING:
    from f.records.report.summary import ImportSummary


def main(summary: dict) -> dict[str, Any]:
    finished = cast("ImportSummary", summary)
    counts, plan, parked = finished["counts"], finished["plan"], finished["rest"]
    outcomes = [{"outcome": name, "rows": counts[name], "meaning": MEANING[name]} for name in OUTCOMES]
    items: list[dict[str, Any]] = [{"svg": outcome_bar(counts)}, {"table-row-object": outcomes}]
    if plan is not None:
        items.append({"table-row-object": _actions(plan)})
    if (certificate := finished.get("certificate")) is not None:
        items.append({"table-row-object": _certificate(certificate)})
    if finished["reasons"]:
        items.append({"table-row-object": [_reason(reason) for reason in finished["reasons"]]})
    missing = certificate and certificate["file"]
    files = (
        plan and plan["file"],
        finished["rejects"],
        missing,
        parked and parked["file"],
        finished["report"],
    )
    return {"render_all": [*items, *(_download(file) for file in files if file is not None)]}


def _actions(plan: Plan) -> list[dict[str, Any]]:
    return [
        {"action": name, "rows": plan["counts"][name], "meaning": meaning}
        for name, meaning in ACTIONS.items()
    ]


def _certificate(certificate: Certificate) -> list[dict[str, Any]]:
    return [{"read back": name.replace("_", " "), "rows": certificate[name]} for name in COUNTED]


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "outcome": reason["outcome"],
        "reason": reason["message"],
        "rows": reason["rows"],
        "lines": ", ".join(str(example["line"]) for example in reason["examples"]),
        "what to do": reason["hint"],
    }


def _download(file: FileRef) -> dict[str, Any]:
    if "s3" in file:
        return {"s3": file["s3"]}
    return {"file": {"content": file["content"], "filename": file["filename"]}}
