"""Show how an import went: a picture, tables and files, as Windmill draws them on the run's page.

Returns the display alone: Windmill draws it only if nothing else is returned. A second run shows the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from f.records.rows.tally import Reason
    from f.records.verifying.certificate import Certificate
    from f.windmill.objects import FileRef

if TYPE_CHECKING:
    from f.records.report.summary import ImportSummary


def main(summary: dict) -> dict[str, Any]:
    from f.records.report.chart import outcome_bar
    from f.records.report.count_table import count_table

    finished = cast("ImportSummary", summary)
    counts, plan, parked = finished["counts"], finished["plan"], finished["rest"]
    outcomes = [
        {"outcome": one.name, "rows": one.rows, "meaning": one.meaning} for one in count_table(counts)
    ]
    items: list[dict[str, Any]] = [{"svg": outcome_bar(counts)}, {"table-row-object": outcomes}]
    if stops := finished.get("would_stop"):
        items.append({"table-row-object": [{"before it sends": text} for text in stops]})
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


def _certificate(certificate: Certificate) -> list[dict[str, Any]]:
    from f.records.verifying.certificate import COUNTED

    return [{"read back": name.replace("_", " "), "rows": certificate[name]} for name in COUNTED]


def _reason(reason: Reason) -> dict[str, Any]:
    from f.records.report.count_table import label

    return {
        "outcome": label(reason["outcome"]),
        "reason": reason["message"],
        "rows": reason["rows"],
        "lines": ", ".join(str(example["line"]) for example in reason["examples"]),
        "what to do": reason["hint"],
    }


def _download(file: FileRef) -> dict[str, Any]:
    if "s3" in file:
        return {"s3": file["s3"]}
    return {"file": {"content": file["content"], "filename": file["filename"]}}
