"""Report an import: the outcome of every row, why, and a file of the rows to correct.

Writes the rejects file and an HTML page into the workspace's storage, and returns the summary. If rows were
parked it schedules `flow` for them, with this run's `arguments`. Fails, with the summary in the error, when
rows are left that should have been applied and that no scheduled run will send. A second run writes the same
files, and schedules the rest a second time: the journal keeps it from being sent twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.records.report.summary import ImportSummary

if TYPE_CHECKING:
    from f.records.planning.plan import Gate
    from f.records.reading.parsed import Parsed
    from f.records.verifying.certificate import Certificate


def main(
    parsed: dict,
    gate: dict,
    created: list[dict],
    dry_run: bool = False,
    flow: str = "",
    arguments: str = "",
    continues: str = "",
    certificate: dict | None = None,
) -> ImportSummary:
    from f.customers.validation.reasons import TEXTS
    from f.records.report.continuation import scheduling
    from f.records.report.reconciliation import Steps, raise_if_incomplete, reconcile

    file = cast("Parsed", parsed)
    summary = reconcile(
        Steps(file, cast("Gate", gate), created, dry_run, certificate=_certificate(certificate)),
        TEXTS,
        go_on=scheduling(flow, arguments, file["import_id"]) if flow else None,
        continues=continues,
    )
    raise_if_incomplete(summary)
    return summary


def _certificate(given: dict | None) -> Certificate | None:
    """What the reading back left: a certificate, or an error that says why there is none."""
    from f.connect.redact import mask_start
    from f.records.verifying.certificate import no_certificate

    if not given:
        return None
    if isinstance(error := given.get("error"), dict):
        return no_certificate(
            f"The rows could not be read back: {mask_start(str(error.get('message')), 500)}"
        )
    return cast("Certificate", given)
