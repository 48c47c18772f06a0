"""Report an import: the outcome of every row, why, and a file of the rows to correct.

Writes the rejects file and an HTML page into the workspace's storage, and returns the summary. If rows were
parked it schedules `flow` for them, with this run's `arguments`. Fails, with the summary in the error, when
rows are left that should have been applied and that no scheduled run will send. A second run writes the same
files, and schedules the rest a second time: the journal keeps it from being sent twice.
"""

from typing import TYPE_CHECKING, cast

from f.customers.validation.reasons import TEXTS
from f.records.report.continuation import scheduling
from f.records.report.reconciliation import Steps, raise_if_incomplete, reconcile
from f.records.report.summary import ImportSummary

if TYPE_CHECKING:
    from f.records.planning.plan import Gate
    from f.records.reading.parsed import Parsed


def main(
    parsed: dict,
    gate: dict,
    created: list[dict],
    dry_run: bool = False,
    flow: str = "",
    arguments: str = "",
    continues: str = "",
) -> ImportSummary:
    file = cast("Parsed", parsed)
    summary = reconcile(
        Steps(file, cast("Gate", gate), created, dry_run),
        TEXTS,
        go_on=scheduling(flow, arguments, file["import_id"]) if flow else None,
        continues=continues,
    )
    raise_if_incomplete(summary)
    return summary
