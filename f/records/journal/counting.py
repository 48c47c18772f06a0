"""How far an import is, as its journal knows it: the rows that were applied, and those without an answer.

A row that the target refused leaves the journal, and one that needs no sending never comes into it: so an
import that has ended has more rows than are counted here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from f.records.journal.blocks import unpack_all
from f.records.journal.journal_tables import APPLIED, COUNT_ROWS, create_tables

if TYPE_CHECKING:
    from f.store.store import Store

_RUN_DIGITS = 8  # of the job's id, which an import's id ends with


@dataclass(slots=True)
class CountedRows:
    """Rows of one import by outcome. `in_doubt` were sent and have no answer yet, or none any more.

    `import_id` is empty while the journal has no row of it.
    """

    import_id: str = ""
    applied: Counter[str] = field(default_factory=Counter)
    in_doubt: int = 0


def applied_rows(store: Store, job: str, since: str) -> CountedRows:
    """Return what the import that this flow's job is has applied so far, begun on the day `since` or later.

    Each job of an import adds to these numbers in the transaction in which it writes outcomes down, and takes
    off right after what another job had taken over: asking costs the same for ten rows and ten millions. Rows
    in doubt are not among them.
    """
    create_tables(store)
    counted = CountedRows()
    for import_id, outcome, rows in store.execute(APPLIED, _of_run(job, since)):
        counted.import_id = max(counted.import_id, str(import_id))
        counted.applied[str(outcome)] += int(rows)
    return counted


def count_rows(store: Store, job: str, since: str) -> CountedRows:
    """Count the rows of the import that this flow's job is, begun on the day `since` (YYYY-MM-DD) or later.

    Reads every row of the journal, as there is no index: nearly a second for a million in SQLite. For an
    import that has ended without a report; `applied_rows` is for one that runs.
    """
    create_tables(store)
    unpack_all(store)
    counted = CountedRows()
    for import_id, state, outcome, rows in store.execute(COUNT_ROWS, _of_run(job, since)):
        counted.import_id = max(counted.import_id, str(import_id))
        if state == "done":
            counted.applied[str(outcome)] += int(rows)
        elif state == "sent":
            counted.in_doubt += int(rows)
    return counted


def _of_run(job: str, since: str) -> dict[str, str]:
    return {"ends": f"%-{job[-_RUN_DIGITS:]}", "since": since.replace("-", "")}
