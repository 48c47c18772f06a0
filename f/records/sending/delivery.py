"""Bringing a batch of claimed rows to the target, until each has an outcome or the run stops.

A row's states here, and who moves it from one to the next:

    claimed, new ----------------------------------------.
    claimed, in doubt --may be repeated------------------+--> to send --Sender--> created, updated, duplicate,
        |                                                |       ^                rejected, failed
        |--in a bulk job--> BulkLoad: the job's outcome  |       |                   |
        |                   (never closed: to send) -----'       |                   `--answer lost--.
        `--may not-------> RowLookup --absent, recorded as ------'                                   |
                             ^   |     about to be sent                                              |
                             |   `---there: created by us, or a duplicate                            |
                             `--------------------(once for each row)--------------------------------'

    duplicate --asked to update--> Sender --> updated

What cannot be looked up stays in doubt (`unknown`) and is never sent again. A row without an outcome was not
sent. Nothing of a batch is remembered here: what one class returns is what the next takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from f.records.journal.row_journal import Claim
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
            claims.renew_claims,
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
        split = self._split_by_lookup(resumed.rows, in_doubt)
        found = self._lookup.find(split.ask, in_doubt)
        outcomes = {**batch.outcomes, **resumed.outcomes, **split.outcomes, **found.outcomes}
        outcomes |= self._sender.create([*split.send, *found.absent], in_doubt)
        lost = [row for row in batch.rows if is_answer_lost(outcomes.get(row.line))]
        outcomes |= self._look_up_lost(lost, in_doubt, began)
        if self._on_duplicate == "update":
            outcomes |= self._update(batch.rows, outcomes, in_doubt)
        return outcomes

    def _resume_jobs(self, batch: Batch) -> _Resumed:
        """Read the outcomes of bulk jobs that an earlier run has begun; rows of a job never closed go on."""
        jobs: dict[str, list[Row]] = {}
        for row in batch.rows:
            if row.line in batch.in_doubt and (job := batch.in_doubt[row.line].remote_id):
                jobs.setdefault(job, []).append(row)
        if self._bulk is None or not jobs:
            return _Resumed(batch.rows, batch.in_doubt)
        free: list[Row] = []
        outcomes: Outcomes = {}
        for job, members in jobs.items():
            loaded = self._bulk.resume(job, members)
            if loaded is None:  # nothing of it was applied
                self._claims.record_intent(members)  # which also takes the old job's id off the rows
                free += members
            else:
                outcomes |= {
                    line: self._as_sent(outcome, batch.in_doubt[line]) for line, outcome in loaded.items()
                }
        of_jobs = {row.line for members in jobs.values() for row in members}
        left = [*(row for row in batch.rows if row.line not in of_jobs), *free]
        in_doubt = {line: claim for line, claim in batch.in_doubt.items() if not claim.remote_id}
        return _Resumed(left, in_doubt, outcomes)

    def _as_sent(self, outcome: RowOutcome, claim: Claim) -> RowOutcome:
        """A row's outcome in an earlier job; one sent with other content is there, but not as it is now."""
        if outcome.outcome in {"created", "updated"} and not claim.same_content:
            outcome = RowOutcome.because("already_exists", id=outcome.id)
        return self._reader.apply_duplicate_policy(outcome)

    def _split_by_lookup(self, rows: Rows, in_doubt: InDoubt) -> _Split:
        """A row in doubt is repeated if that is safe, else looked up, else left in doubt."""
        split, looks_first = _Split(), self._target.looks_first(self._on_duplicate)
        for row in rows:
            claim = in_doubt.get(row.line)
            may_repeat = claim is None or self._target.repeats_safely(
                self._on_duplicate, same_content=claim.same_content
            )
            if may_repeat:
                (split.ask if looks_first else split.send).append(row)
            elif self._lookup.can_ask:
                split.ask.append(row)
            else:
                split.outcomes[row.line] = RowOutcome.because("answer_lost")
        return split

    def _look_up_lost(self, rows: Rows, in_doubt: InDoubt, began: float) -> Outcomes:
        """Look up rows whose answer this very run has lost, and send those once more that are not there.

        Once only: a row whose second answer is lost too stays `unknown`, for the next run to look up.
        """
        if not rows or not self._lookup.can_ask or self.wire.is_stopping():
            return {}
        lost = Claim("in_doubt", since=self._claims.now())
        newly_in_doubt = frozenset(row.line for row in rows) - in_doubt.keys()
        in_doubt = {**in_doubt, **{row.line: lost for row in rows}}
        found = self._lookup.find(rows, in_doubt, newly_in_doubt=newly_in_doubt, began=began)
        return found.outcomes | self._sender.create(found.absent, in_doubt)

    def _update(self, rows: Rows, outcomes: Mapping[int, RowOutcome], in_doubt: InDoubt) -> Outcomes:
        """Update the records that are there already; those a stop came before are `not_sent`."""
        ids = {row.line: remote_id for row in rows if (remote_id := _id_there(outcomes.get(row.line)))}
        updated = self._sender.update([row for row in rows if row.line in ids], ids, in_doubt)
        not_sent = RowOutcome.because("not_sent")
        left = {line: not_sent for line in ids if _id_there(updated.get(line, outcomes[line]))}
        return {**updated, **left}


def _bulk_load(
    target: Target, wire: Wire, claims: BatchClaims, sleep: Callable[[float], object]
) -> BulkLoad | None:
    """The target's bulk jobs; None if it takes none."""
    if target.kind.bulk is None:
        return None
    from f.records.sending.bulk_load import BulkLoad  # noqa: PLC0415 - few targets load in bulk

    return BulkLoad(target.kind.bulk, target, wire, claims, sleep)


def _id_there(outcome: RowOutcome | None) -> str | None:
    """The id of a record that is there and was not touched."""
    return outcome.id if outcome is not None and outcome.outcome == "duplicate" else None
