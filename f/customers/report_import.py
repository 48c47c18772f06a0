"""Report an import: what became of every row, why, and the rows to mend.

Writes the rejects file and an HTML page into the workspace's storage, and returns what Windmill shows
as tables, a picture and downloads; the first item is the summary for machines. Where rows were parked it
schedules `flow` for them, with this run's `arguments`. Fails, with the summary in the error, when rows are
left that should have been applied and that nothing goes on with. A second run writes the same files, and
schedules the rest a second time: the journal then knows what was sent.
"""

from typing import Any, cast

from f.customers.validation.reasons import TEXTS
from f.records.planning.plan import ACTIONS, Gate
from f.records.reading.parsed import Parsed
from f.records.report.chart import outcome_bar
from f.records.report.continuation import scheduling
from f.records.report.reconciliation import Steps, raise_if_incomplete, reconcile
from f.records.report.summary import ImportSummary
from f.records.rows.outcome import MEANING, OUTCOMES


def main(
    parsed: dict,
    gate: dict,
    created: list[dict],
    dry_run: bool = False,
    flow: str = "",
    arguments: str = "",
    continues: str = "",
) -> dict[str, Any]:
    read = cast("Parsed", parsed)
    summary = reconcile(
        Steps(read, cast("Gate", gate), created, dry_run),
        TEXTS,
        go_on=scheduling(flow, arguments, read["import_id"]) if flow else None,
        continues=continues,
    )
    raise_if_incomplete(summary)
    return {"render_all": [summary, *_shown(summary)]}


def _shown(summary: ImportSummary) -> list[dict[str, Any]]:
    """Windmill draws each of these by the key it has."""
    counts = summary["counts"]
    items: list[dict[str, Any]] = [
        {"svg": outcome_bar(counts)},
        {
            "table-row-object": [
                {"outcome": name, "rows": counts[name], "meaning": MEANING[name]} for name in OUTCOMES
            ]
        },
    ]
    plan = summary["plan"]
    if plan is not None:
        actions = [
            {"action": name, "rows": plan["counts"][name], "meaning": meaning}
            for name, meaning in ACTIONS.items()
        ]
        items.append({"table-row-object": actions})
    if summary["reasons"]:
        items.append(
            {
                "table-row-object": [
                    {
                        "outcome": reason["outcome"],
                        "reason": reason["message"],
                        "rows": reason["rows"],
                        "lines": ", ".join(str(example["line"]) for example in reason["examples"]),
                        "what to do": reason["hint"],
                    }
                    for reason in summary["reasons"]
                ]
            }
        )
    rest = summary["rest"]
    files = (plan and plan["file"], summary["rejects"], rest and rest["file"], summary["report"])
    for file in files:
        if file is not None and "s3" in file:
            items.append({"s3": file["s3"]})
        elif file is not None:
            items.append({"file": {"content": file["content"], "filename": file["filename"]}})
    return items
