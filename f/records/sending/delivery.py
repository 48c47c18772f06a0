"""Bringing a batch of claimed rows to the target, until each has an outcome or the run stops.

A row's states here, and who moves it from one to the next:

    claimed, new ----------------------------------------.
    claimed, in doubt --may be repeated------------------+--> to send --Sender--> created, updated, duplicate,
        |                                                |       ^                rejected, failed
        |--in a bulk job--> BulkLoad: the job's outcome  |       |                   |
        |                   (never closed: to send) -----'       |                   `--answer lost--.
        `--may not-------> RowLookup --proven absent-------------'                                   |
                             ^   |                                                                   |
                             |   `---there: created by us, or a duplicate                            |
                             `--------------------(once for each row)--------------------------------'

    duplicate --asked to update--> Sender --> updated

What cannot be looked up, or is neither found nor proven absent, stays in doubt (`unknown`) and is never sent
again. A row that was applied before with other content is there: it is updated, or left. A row without an
outcome was not sent. Nothing of a batch is remembered here: what one class returns is what the next takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from f.records.journal.journal import Claim
from f.records.rows.outcome import RowOutcome
from f.records.sending.lookup import RowLookup
from f.records.sending.reply_reader import InDoubt, ReplyReader, is_answer_lost
from f.records.sending.sender import Outcomes, Sender
from f.records.sending.wire import Wire

if TYPE_CHECKING:
    from f.connect.client import Client
    from f.records.rows.row import Row, Rows
    from f.records.sending.batch_claims import Batch, BatchClaims
    from f.records.sending.bulk_load import BulkLoad
    from f.records.target.target import OnDuplicate, Target


@dataclass(slots=True)
class _Split:
    """Rows to look up before they are sent, rows to send without, and outcomes of rows to do neither with."""

    ask: list[Row] = field(default_factory=list)
    send: list[Row] = field(default_factory=list)
    outcomes: Outcomes = field(default_factory=dict)


@dataclass(slots=True)
class _Resumed:
    """A batch after its earlier bulk jobs: the outcomes of their rows, and the rows to go on with."""

    rows: Rows
    in_doubt: InDoubt
    outcomes: Outcomes = field(default_factory=dict)


class Delivery:
    """Delivers the batches of one run. `in_bulk`: new rows go as jobs of the target."""

    def __init__(
        self,
        target: Target,
        client: Client,
        on_duplicate: OnDuplicate,
        claims: BatchClaims,
        *,
        sleep: Callable[[float], object],
        cancelled: Callable[[], bool],
        in_bulk: bool = False,
    ) -> None:
        self.wire = Wire(
            client,
            target.max_concurrent_requests,
            lambda: claims.failed or cancelled(),
            claims.admit,
        )
        self._target, self._on_duplicate, self._claims = target, on_duplicate, claims
        self._reader = ReplyReader(target, on_duplicate)
        self._bulk = _bulk_load(target, self.wire, claims, sleep)
        self._lookup = RowLookup(target, self.wire, self._reader, claims, sleep)
        loads = self._bulk if in_bulk else None
        self._sender = Sender(target, on_duplicate, self.wire, self._reader, loads, sleep)

    def deliver(self, batch: Batch) -> Outcomes:
        """Return an outcome by line for each row, except for those that a stop of the run came before.

        Raises if the journal cannot be written; errors of the target are outcomes.
        """
        began = self._claims.now()
        resumed = self._resume_jobs(batch)
        in_doubt = resumed.in_doubt
        split = self._split_by_lookup(resumed.rows, in_doubt, batch.changed)
        outcomes = {**batch.outcomes, **resumed.outcomes, **split.outcomes}
        # What is new goes first: it may teach what the look-up's answers mean.
        outcomes |= self._sender.create(split.send, in_doubt)
        self._learn(batch, outcomes)
        found = self._lookup.find(split.ask, in_doubt)
        outcomes |= found.outcomes
        # A row that was applied before is not made anew: a look-up may lag behind, or have forgotten.
        outcomes |= {
            row.line: RowOutcome.because("not_shown") for row in found.absent if row.line in batch.changed
        }
        absent = [row for row in found.absent if row.line not in batch.changed]
        outcomes |= self._sender.create(absent, in_doubt)
        # Once for each row: a look-up that was asked before may answer as it did then.
        asked = {row.line for row in split.ask}
        lost = [row for row in batch.rows if is_answer_lost(outcomes.get(row.line))]
        lost = [row for row in lost if row.line not in asked]
        outcomes |= self._look_up_lost(lost, outcomes, in_doubt, began)
        if self._on_duplicate == "update":
            outcomes |= self._update(batch.rows, outcomes, in_doubt)
        return outcomes

    @property
    def lookup_shown(self) -> bool:
        """Whether the look-up was shown to be able to say that a row is not there."""
        return self._lookup.proves_absence

    def _learn(self, batch: Batch, outcomes: Outcomes) -> None:
        """Let the look-up learn from the row made last; how late it knows shows only in what is new."""
        for row in reversed(batch.rows):
            outcome = outcomes.get(row.line)
            if outcome is not None and outcome.outcome == "created" and not outcome.code:
                self._lookup.learn(row, outcome.id)
                return

    def _resume_jobs(self, batch: Batch) -> _Resumed:
        """Read the outcomes of bulk jobs that an earlier run has begun; rows of a job never closed go on."""
        jobs: dict[str, list[Row]] = {}
        for row in batch.rows:
            if row.line in batch.in_doubt and (job := batch.in_doubt[row.line].job):
                jobs.setdefault(job, []).append(row)
        if self._bulk is None or not jobs:
            return _Resumed(batch.rows, batch.in_doubt)
        free: list[Row] = []
        outcomes: Outcomes = {}
        for job, members in jobs.items():
            loaded = self._bulk.resume(job, members)
            if loaded is None:  # nothing of it was applied
                free += members
            else:
                outcomes |= {
                    line: self._as_sent(outcome, batch.in_doubt[line]) for line, outcome in loaded.items()
                }
        of_jobs = {row.line for members in jobs.values() for row in members}
        left = [*(row for row in batch.rows if row.line not in of_jobs), *free]
        in_doubt = {line: claim for line, claim in batch.in_doubt.items() if not claim.job}
        return _Resumed(left, in_doubt, outcomes)

    def _as_sent(self, outcome: RowOutcome, claim: Claim) -> RowOutcome:
        """A row's outcome in an earlier job; one sent with other content is there, but not as it is now."""
        if outcome.outcome in {"created", "updated"} and not claim.same_content:
            outcome = RowOutcome.because("already_exists", id=outcome.id)
        return self._reader.apply_duplicate_policy(outcome)

    def _split_by_lookup(self, rows: Rows, in_doubt: InDoubt, changed: Mapping[int, Claim]) -> _Split:
        """A row in doubt is repeated if that is safe, else looked up, else left in doubt."""
        split, looks_first = _Split(), self._target.looks_first(self._on_duplicate)
        now = self._claims.now()
        for row in rows:
            claim = in_doubt.get(row.line)
            if row.line in changed:
                self._sort_changed(row, changed[row.line], split)
            elif claim is None and row.planned_id and not self._target.kind.traits.upserts:
                split.outcomes[row.line] = self._there(row.planned_id)
            elif claim is None or (not claim.accepted and self._may_repeat(claim, now)):
                (split.ask if looks_first else split.send).append(row)
            elif self._lookup.can_ask:
                split.ask.append(row)
            else:
                split.outcomes[row.line] = RowOutcome.because("accepted" if claim.accepted else "answer_lost")
        return split

    def _may_repeat(self, claim: Claim, now: float) -> bool:
        return self._target.repeats_safely(
            self._on_duplicate, same_content=claim.same_content, age=now - claim.first_sent
        )

    def _sort_changed(self, row: Row, claim: Claim, split: _Split) -> None:
        """A row that was applied before with other content is there: it is never sent as a new one.

        It is updated by its id, by an upsert, or after a look-up; or it is left as it is, as was asked.
        """
        updates = self._on_duplicate == "update"
        if updates and self._target.kind.traits.upserts:
            split.send.append(row)
        elif updates and not claim.remote_id and self._lookup.can_ask:
            split.ask.append(row)
        else:
            split.outcomes[row.line] = self._there(claim.remote_id)

    def _there(self, remote_id: str | None) -> RowOutcome:
        """The outcome of a row whose record is known to be there, before it is updated if it is to be."""
        return self._reader.apply_duplicate_policy(RowOutcome.because("already_exists", id=remote_id))

    def _look_up_lost(self, rows: Rows, outcomes: Outcomes, in_doubt: InDoubt, began: float) -> Outcomes:
        """Look up rows whose answer this very run has lost, and send those once more that are not there.

        Once only: a row whose second answer is lost too stays `unknown`, for the next run to look up.
        """
        if not rows or not self._lookup.can_ask or self.wire.is_stopping():
            return {}
        now = self._claims.now()
        lost = {
            row.line: replace(
                in_doubt.get(row.line, Claim("in_doubt")),
                since=now,
                accepted=outcomes[row.line].code == "accepted",
            )
            for row in rows
        }
        newly = frozenset(lost) - in_doubt.keys()
        found = self._lookup.find(rows, lost, newly_in_doubt=newly, began=began)
        return found.outcomes | self._sender.create(found.absent, lost)

    def _update(self, rows: Rows, outcomes: Outcomes, in_doubt: InDoubt) -> Outcomes:
        """Update the records that are there already; those a stop came before are `not_sent`."""
        there = [row for row in rows if _is_there(outcomes.get(row.line))]
        nameless = [row for row in there if not outcomes[row.line].id]
        known = {**outcomes, **self._named(nameless)}
        ids = {row.line: remote_id for row in there if (remote_id := known[row.line].id)}
        updated = self._sender.update([row for row in there if row.line in ids], ids, in_doubt)
        not_sent, no_id = RowOutcome.because("not_sent"), RowOutcome.because("no_id")
        left = {
            row.line: not_sent if row.line in ids else no_id
            for row in there
            if _is_there(updated.get(row.line, known[row.line]))
        }
        return {**updated, **left}

    def _named(self, rows: Rows) -> Outcomes:
        """Look up the ids of records that are there; a target need not tell them when it refuses a second."""
        if not rows or not self._lookup.can_ask:
            return {}
        found = self._lookup.find(rows, {}).outcomes
        return {line: outcome for line, outcome in found.items() if _is_there(outcome)}


def _bulk_load(
    target: Target, wire: Wire, claims: BatchClaims, sleep: Callable[[float], object]
) -> BulkLoad | None:
    """The target's bulk jobs; None if it takes none."""
    if target.kind.bulk is None:
        return None
    from f.records.sending.bulk_load import BulkLoad  # few targets load in bulk

    return BulkLoad(target.kind.bulk, target, wire, claims, sleep)


def _is_there(outcome: RowOutcome | None) -> bool:
    """Whether a record is there and was not touched."""
    return outcome is not None and outcome.outcome == "duplicate"
