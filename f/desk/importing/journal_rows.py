"""How far an import is: what its journal knows of it, in numbers and in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.errors import ConnectError
from f.records.journal.counting import CountedRows, applied_rows, count_rows
from f.store.stores import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from f.desk.drafts.draft import Run
    from f.store.store import Store

_DAY = 10  # characters of a time in ISO 8601 that are its day


def rows_so_far(run: Run) -> CountedRows | None:
    """Return the rows that an import which runs has applied; None if the journal cannot be read now."""
    return _asked(run, applied_rows)


def counted_rows(run: Run) -> CountedRows | None:
    """Return the rows of an import that is over, those in doubt as well; None as above. Reads the journal."""
    return _asked(run, count_rows)


def _asked(run: Run, ask: Callable[[Store, str, str], CountedRows]) -> CountedRows | None:
    try:
        with open_store(None, "imports", durable=True) as store:
            return ask(store, run["job"], run["at"][:_DAY])
    except ConnectError:
        return None


def in_words(counted: CountedRows | None) -> str:
    """Return what became of the rows of an import that left no report, and the way on."""
    if counted is None:
        return "The journal that knows which rows were sent cannot be read now."
    applied, in_doubt = counted.applied.total(), counted.in_doubt
    if not applied and not in_doubt:
        return "No row had been applied. Apply the plan again, or make a new one."
    kinds = ", ".join(f"{rows:,} {outcome}" for outcome, rows in counted.applied.items())
    done = (
        f"{applied:,} row{'' if applied == 1 else 's'} had been applied ({kinds}) and stay" if applied else ""
    )
    open_ = f"{in_doubt:,} {'was' if in_doubt == 1 else 'were'} sent and have no answer" if in_doubt else ""
    return (
        f"{'; '.join(filter(None, (done, open_)))}. The others were not sent. Make a new plan to go on: no "
        "row is sent twice."
    )
