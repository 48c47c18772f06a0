"""Read an import's rows back from the target, and compare what is there with what was sent.

Looks up the rows that the import created or updated, all of them or an evenly spread sample (some 300 rows,
which shows a loss of one row in a hundred with a probability of 95%), within the same rate limit and quota as
the import. Says which are identical, altered (field by field: written in the target's own way, truncated, or
changed) and missing; a row the target says nothing of that can be understood is not known. Rows that are
missing go into a file of their own: import it with resend_missing to send them again. Sends nothing; a second
run reads again. For an import of the past give its import_id, and the same file as parse_csv reads it: the
rows are those that the journal knows as applied by that import.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.customers.targets.customer_api import customer_api
    from f.records.rows.row import Row
    from f.records.verifying.certificate import Certificate

if TYPE_CHECKING:
    from f.records.reading.parsed import Parsed


def main(
    parsed: dict,
    api: customer_api,
    created: list[dict] | None = None,
    verify: Literal["none", "sample", "all"] = "sample",
    import_id: str = "",
    journal: postgresql | None = None,
    park_after: int = 300,
) -> Certificate:
    from f.customers.targets.customer_api import open_target
    from f.customers.validation.reasons import TEXTS
    from f.records.rows.row_store import object_path
    from f.records.rows.rows_file import held_rows, write_rows_file
    from f.records.sending.session import open_import
    from f.records.verifying.certificate import no_certificate
    from f.records.verifying.read_back import (
        SAMPLE_ROWS,
        ReadBack,
        applied_rows,
        certificate_of,
        eligible_rows,
        every,
    )
    from f.windmill.job import Cancellation, Progress

    file, target = cast("Parsed", parsed), open_target(api)
    if verify == "none":
        return no_certificate("Nothing was read back.")
    import_of = import_id or file["import_id"]
    with (
        held_rows() as missing,
        Cancellation() as cancellation,
        open_import(journal, target, import_of, park_after=park_after, clock=cancellation) as session,
    ):
        if import_id:
            eligible = applied_rows(file, target, session.journal)
        else:
            eligible = eligible_rows(file, created, verify)
        to_read = eligible.count if verify == "all" else min(eligible.count, SAMPLE_ROWS)
        read_back = ReadBack(target, session, cancellation.sleep, lambda row: missing.add(_missing(row)))
        read_back.read(every(eligible, verify), Progress(to_read))
        certificate = certificate_of(read_back, eligible.count)
        path = object_path(file["import_id"], "missing.csv")
        certificate["file"] = write_rows_file(path, file["header"], missing.records(), TEXTS)
    print(certificate["message"])
    return certificate


def _missing(row: Row) -> dict[str, Any]:
    from f.records.rows.outcome import RowOutcome
    from f.records.rows.row import reported

    return reported(row, RowOutcome.because("missing_in_target"))
