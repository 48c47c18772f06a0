"""A dry run: it goes on where an import would stop, and says so, so that it always ends with a report.

Where the target does not answer, the plan has what the journal knows; where that cannot be read either, every
row is in it as not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from f.connect.errors import ConnectError
from f.records.planning.plan_file import PlanRecord
from f.records.planning.planner import JournalPlanner, Planner, open_planner, planned_chunks, unread_chunks
from f.windmill.job import Progress

if TYPE_CHECKING:
    from f.records.planning.plan import Plan
    from f.records.planning.planner import Planned
    from f.records.reading.parsed import Parsed
    from f.records.rows.row_store import StoredRows
    from f.records.target.target import OnDuplicate, Target
    from f.store.database import postgresql

T = TypeVar("T")


class Obstacles:
    """What would end an import, or have it ask a person. A dry run notes it and goes on; an import ends.

    `texts` has a sentence for each, `codes` the code of the error; empty for a question.
    """

    def __init__(self, *, goes_on: bool) -> None:
        self._goes_on = goes_on
        self.texts: list[str] = []
        self.codes: list[str] = []

    def attempt(self, step: Callable[[], T]) -> T | None:
        """Return what the step returns; None if it fails in a dry run. An import gets its ConnectError."""
        try:
            return step()
        except ConnectError as error:
            self.meet(error)
            return None

    def meet(self, error: ConnectError) -> None:
        """Note what ends an import; raise it if this is one."""
        if not self._goes_on:
            raise error
        self.texts.append(f"An import would stop here: {error}")
        self.codes.append(error.code or "")

    def ask(self, question: str) -> None:
        """Note what an import asks a person before it sends."""
        self.texts.append(f"An import would ask a person here: {question}")
        self.codes.append("")


class MadePlan(NamedTuple):
    """A plan, what it has decided and how many rows it leaves to send by chunk, and its doubts."""

    plan: Plan
    outcomes: list[StoredRows]
    left: list[int]
    doubts: str = ""


def make_plan(
    parsed: Parsed,
    target: Target,
    journal: postgresql | None,
    on_duplicate: OnDuplicate,
    *,
    resend_unknown: bool,
    kind: type[Planner] = Planner,
) -> MadePlan:
    """Make the plan of a file. Raises ConnectError if journal or target cannot be read."""
    record = PlanRecord(parsed["import_id"])
    with open_planner(
        parsed, target, journal, on_duplicate, resend_unknown=resend_unknown, kind=kind
    ) as planner:
        written = record.write(planned_chunks(parsed, planner, Progress(parsed["counts"]["valid"])))
    reads = target.can_ask and bool(planner.hash)
    plan = record.summary(written, hash=planner.hash, reads_target=reads, requests=planner.requests)
    return MadePlan(plan, record.planned_outcomes, record.left, planner.doubts)


def make_plan_anyway(
    parsed: Parsed,
    target: Target,
    journal: postgresql | None,
    on_duplicate: OnDuplicate,
    *,
    resend_unknown: bool,
) -> MadePlan:
    """Make the plan of a file for a target that does not answer, as far as it goes."""
    try:
        return make_plan(
            parsed, target, journal, on_duplicate, resend_unknown=resend_unknown, kind=JournalPlanner
        )
    except ConnectError:  # the journal cannot be read: that is why there is no other plan, and was said
        return plan_of_nothing(parsed)


def plan_of_nothing(parsed: Parsed) -> MadePlan:
    """Return the plan of a file of which nothing is known but its rows."""
    record = PlanRecord(parsed["import_id"])
    chunks: Iterable[list[Planned]] = unread_chunks(parsed)
    plan = record.summary(record.write(chunks), hash="", reads_target=False, requests=0)
    return MadePlan(plan, record.planned_outcomes, record.left)
