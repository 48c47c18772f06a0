"""Report an import: what became of every row, why, and the rows to mend.

Writes the rejects file and an HTML page into the workspace's storage, and returns the summary. If rows were
parked it schedules `flow` for them, with this run's `arguments`. Fails, with the summary in the error, when
rows are left that should have been applied and that nothing goes on with. A second run writes the same files,
and schedules the rest a second time: the journal then knows what was sent.
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
    read = cast("Parsed", parsed)
    summary = reconcile(
        Steps(read, cast("Gate", gate), created, dry_run),
        TEXTS,
        go_on=scheduling(flow, arguments, read["import_id"]) if flow else None,
        continues=continues,
    )
    raise_if_incomplete(summary)
    return summary
