"""The journal's side of a run: while a batch is sent, the next is claimed and the last one is recorded.

    journal's thread:  claim 1 | sent 1a, sent 1b, claim 2 ... | record 1, sent 2a, sent 2b, claim 3 ...
    caller's thread:           | send 1a, 1b ................. | send 2a, 2b .....................

The journal is written on one thread, in the order it was asked for: every row is claimed before it is handed
out, recorded as sent before it goes to the wire, a block of requests at a time and one block ahead, and its
outcome after its own batch has been delivered. To claim a row that nothing is known of is to find that out:
its first entry says that it is sent. A crash leaves in doubt at most the batches that are not recorded yet.
What was claimed and never sent is given back.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from operator import attrgetter
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from f.connect.errors import TryLater
from f.records.journal.journal import Claim, Entry, Journal
from f.records.rows.outcome import RowOutcome
from f.records.target.target import Target, content_bytes, digest
from f.store.store import LEASE_LOST

if TYPE_CHECKING:
    from f.connect.calls.message import Request
    from f.records.rows.row import Row, Rows

P = ParamSpec("P")
T = TypeVar("T")

_APPLIED = frozenset({"created", "updated"})
_LINE = attrgetter("line")
# No outcome, or one that proves nothing about an earlier sending: a row in doubt stays in doubt.
_PROVES_NOTHING = frozenset({"", "failed"})
# Requests whose rows are recorded as sent in one statement: so many, or enough for every connection. Batches
# have enough rows before: the first of them, and the jobs that share the journal, wait for the statement.
_FEWEST_IN_A_BLOCK = 4
_ROWS_IN_A_BLOCK = 3_000
# How often the rows of a job that has ended, and whose lease has not run out yet, are waited for.
_MOST_WAITS = 3
_AFTER_LEASE_SECONDS = 0.05
# The code of the error for rows that were not sent with others of their request, which are another job's.
WITHOUT_OTHERS = "without_others"


@dataclass(slots=True)
class Batch:
    """Claimed rows, which this job is to send. `outcomes` by line are those of the batch's other rows.

    `in_doubt` has by line the claims of those `rows` that may have been applied before, `changed` of those
    that were, with other content. `applied` is one of the other rows that the target has, if any has.
    `awaited` are rows of jobs that have ended, and from when, in seconds since the epoch, each is free.
    """

    rows: list[Row] = field(default_factory=list)
    applied: list[Row] = field(default_factory=list)
    in_doubt: dict[int, Claim] = field(default_factory=dict)
    changed: dict[int, Claim] = field(default_factory=dict)
    outcomes: dict[int, RowOutcome] = field(default_factory=dict)
    awaited: list[tuple[Row, float]] = field(default_factory=list)


class BatchClaims:
    """A context manager: leaving it waits until everything is written down, and raises what could not be."""

    def __init__(
        self, target: Target, journal: Journal, *, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self._target, self._journal, self._sleep = target, journal, sleep
        self._thread = _JournalThread()
        self._entries: dict[int, Entry] = {}
        self._seen: dict[str, int] = {}
        self._left: Iterator[Rows] = iter(())
        self._ahead: Future[Batch] | None = None

    def claimed(self, batches: Iterable[Rows]) -> Iterator[Batch]:
        """Yield each batch once its intent is committed, and claim the next meanwhile."""
        self._left = iter(batches)
        while True:
            self._claim_ahead()
            claim, self._ahead = self._ahead, None
            if claim is None:
                return
            yield self._committed(claim)

    def record_outcomes(self, batch: Batch, outcomes: Mapping[int, RowOutcome]) -> None:
        """Record the outcomes of a delivered batch, without waiting; rows without one were not sent.

        Raises what an earlier record could not write down.
        """
        self._thread.later(self._record_outcomes, batch, outcomes, 0)
        self._thread.check()

    def admit(
        self, requests: Iterable[Request], refused: list[tuple[Request, TryLater]]
    ) -> Iterator[Request]:
        """Yield requests once it is committed that their rows are about to be sent, a block at a time.

        Each carries the journal's permit. Rows that another job has taken over go to `refused`, and so do
        the others of their request, as WITHOUT_OTHERS: they can be sent by themselves.
        """
        left = iter(requests)
        ahead = self._recorded(self._next_block(left))
        while ahead is not None:
            block, sent = ahead
            ahead = self._recorded(self._next_block(left))
            if ahead is None:
                self._claim_ahead()
            ours = _still_ours(sent)
            all_ours = len(ours) == sum(len(request.context) for request in block)
            for request in block:
                if all_ours or all(entry.key in ours for entry in self._entries_of(request.context)):
                    request.permit = self._journal.permit
                    yield request
                else:
                    refused += self._parted(request, ours)

    def record_job(self, rows: Rows, job: str) -> list[Row]:
        """Record that claimed rows are in this bulk job. Return those that are, once that is committed.

        The others have been taken over by another job.
        """
        entries = self._entries_of(rows)
        sent = self._thread.submit(self._journal.record_sent, entries, self._target.in_flight, job)
        ours = _still_ours(sent)
        return [row for row, entry in zip(rows, entries, strict=True) if entry.key in ours]

    def proof(self) -> str | None:
        """Return what an earlier import has learnt of the target."""
        return self._thread.submit(self._journal.proof).result()

    def keep_proof(self, proof: str) -> None:
        """Keep what was learnt of the target."""
        self._thread.later(self._journal.keep_proof, proof)
        self._thread.check()

    def now(self) -> float:
        """Return the seconds since the epoch, by the clock of `Claim.since`."""
        return self._journal.now()

    @property
    def failed(self) -> bool:
        """Return whether something could not be written down: then nothing more is to be sent."""
        return self._thread.failed

    def _claim_ahead(self) -> None:
        """Claim the next batch, if that is not done yet: what is under way leaves the journal time for it."""
        if self._ahead is None and (rows := next(self._left, None)) is not None:
            self._ahead = self._thread.submit(self._claim, rows)

    def _parted(self, request: Request, ours: frozenset[str]) -> Iterator[tuple[Request, TryLater]]:
        """The rows of a request that another job has taken over, and those that are left."""
        rows = list(zip(request.context, self._entries_of(request.context), strict=True))
        yield replace(request, context=[row for row, entry in rows if entry.key not in ours]), _taken_over()
        if left := [row for row, entry in rows if entry.key in ours]:
            reason = "Other rows of this request are another job's. Send this one without them."
            yield replace(request, context=left), TryLater(reason, code=WITHOUT_OTHERS)

    def _entries_of(self, rows: Rows) -> list[Entry]:
        return [self._entries[row.line] for row in rows]

    def _next_block(self, left: Iterator[Request]) -> list[Request]:
        """The next requests, whose rows are to be recorded as sent together."""
        block: list[Request] = []
        rows, most = 0, max(self._target.max_concurrent_requests, _FEWEST_IN_A_BLOCK)
        for request in left:
            block.append(request)
            rows += len(request.context)
            if len(block) == most or (rows >= _ROWS_IN_A_BLOCK and len(block) >= _FEWEST_IN_A_BLOCK):
                break
        return block

    def _recorded(self, block: list[Request]) -> tuple[list[Request], Future[frozenset[str]]] | None:
        """A block of requests, and the commit that their rows are about to be sent; None if it is empty."""
        if not block:
            return None
        entries = [entry for request in block for entry in self._entries_of(request.context)]
        return block, self._thread.submit(self._journal.record_sent, entries, self._target.in_flight)

    def _committed(self, claim: Future[Batch]) -> Batch:
        """A claimed batch. Rows of ended jobs are waited for here: the thread has outcomes to record."""
        batch = claim.result()
        for _ in range(_MOST_WAITS):
            if batch.awaited:
                free_at = max(at for _, at in batch.awaited)
                self._sleep(max(0.0, free_at - self._journal.now()) + _AFTER_LEASE_SECONDS)
                self._thread.submit(self._claim_awaited, batch).result()
        for row, _ in batch.awaited:
            batch.outcomes[row.line] = RowOutcome.because("in_progress_elsewhere")
        self._thread.check()
        return batch

    # on the thread

    def _claim(self, rows: Rows) -> Batch:
        batch = Batch()
        self._claim_rows(self._wanted(rows, batch), batch)
        return batch

    def _claim_awaited(self, batch: Batch) -> None:
        """Claim again the rows of ended jobs, whose leases have run out: their processes may not know yet."""
        rows, batch.awaited = [row for row, _ in batch.awaited], []
        self._claim_rows(rows, batch)
        batch.rows.sort(key=_LINE)

    def _claim_rows(self, rows: Rows, batch: Batch) -> None:
        claims = self._journal.claim(self._entries_of(rows)) if rows else {}
        for row in rows:
            claim = claims[self._entries[row.line].key]
            if claim.state == "done":
                batch.outcomes[row.line] = _recorded(claim)
                batch.applied = batch.applied or [row]
            elif claim.free_at is not None:
                batch.awaited.append((row, claim.free_at))
            elif claim.state == "elsewhere":
                batch.outcomes[row.line] = RowOutcome.because("in_progress_elsewhere")
            else:
                batch.rows.append(row)
                row.generation = claim.generation
                if claim.state == "in_doubt":
                    batch.in_doubt[row.line] = claim
                elif claim.state == "changed":
                    batch.changed[row.line] = claim

    def _wanted(self, rows: Rows, batch: Batch) -> list[Row]:
        """The rows to claim: neither refused beforehand nor repeated in the file."""
        wanted, target = [], self._target
        refusal_of, entries = target.kind.refusal_before_sending, self._entries
        for row in rows:
            refusal = refusal_of(row, target) or self._repeated(row.key, row.line)
            if refusal is None:
                entries[row.line] = entry_of(row, target)
                wanted.append(row)
            else:
                batch.outcomes[row.line] = refusal
        return wanted

    def _repeated(self, key: str, line: int) -> RowOutcome | None:
        first = self._seen.setdefault(key, line)
        if first == line:
            return None
        return RowOutcome.because("duplicate_in_file", f"The first is line {first}.")

    def _record_outcomes(self, batch: Batch, outcomes: Mapping[int, RowOutcome], start: int) -> None:
        """Record what became of some of a batch's rows; of the next once nothing else waits for the journal.

        The next batch's requests wait for their record, and other jobs for theirs.
        """
        end = start + _ROWS_IN_A_BLOCK
        try:
            self._record_some(batch.rows[start:end], batch.in_doubt, outcomes)
        finally:  # that these could not be written says nothing of the next
            if end < len(batch.rows):
                self._thread.later(self._record_outcomes, batch, outcomes, end)

    def _record_some(
        self, rows: Rows, were_in_doubt: Mapping[int, Claim], outcomes: Mapping[int, RowOutcome]
    ) -> None:
        """Sort rows into the journal's kinds of outcome, and free what sending needed."""
        done: list[tuple[Entry, str, str | None]] = []
        in_doubt: list[Entry] = []
        accepted: list[Entry] = []
        forgotten: list[Entry] = []
        for row in rows:
            entry, outcome = self._entries.pop(row.line), outcomes.get(row.line)
            row.rendered = None  # else a chunk would be in memory twice
            name = outcome.outcome if outcome else ""
            if outcome is not None and name in _APPLIED:
                done.append((entry, name, outcome.id))
            elif outcome is not None and outcome.code == "accepted":
                accepted.append(entry)
            elif name == "unknown" or (row.line in were_in_doubt and name in _PROVES_NOTHING):
                # Only an answer resolves a row in doubt: that this attempt failed says nothing of the first.
                in_doubt.append(entry)
            else:
                forgotten.append(entry)
        self._journal.record_outcomes(done=done, in_doubt=in_doubt, accepted=accepted, forgotten=forgotten)

    def _give_back(self, claim: Future[Batch]) -> None:
        if claim.exception() is None:
            self._record_outcomes(claim.result(), {}, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ahead is not None:
            self._thread.later(self._give_back, self._ahead)
        self._thread.end(raises=error is None)


class _JournalThread:
    """One thread, which does everything in the order it was asked for."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "journal")
        self._unchecked: deque[Future[None]] = deque()

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return the result to come, for a caller who waits for it."""
        return self._executor.submit(work, *args, **kwargs)

    def later(self, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Do this with nobody waiting for it: `check` raises its error. It may leave some of its work."""
        self._unchecked.append(self._executor.submit(work, *args, **kwargs))

    def check(self) -> None:
        """Raise the first error of what nobody waited for."""
        while self._unchecked and self._unchecked[0].done():
            self._unchecked.popleft().result()

    @property
    def failed(self) -> bool:
        """Return whether `check` would raise, now or once what came before has ended."""
        # A copy: what is done on the thread may add to them meanwhile.
        return any(task.done() and task.exception() is not None for task in tuple(self._unchecked))

    def end(self, *, raises: bool) -> None:
        """Wait until everything is done, also what it leaves for later; then raise the first error."""
        ended: list[Future[None]] = []
        try:
            while self._unchecked:
                ended.append(self._unchecked.popleft())
                wait(ended[-1:])
        finally:
            self._executor.shutdown()
        for task in ended if raises else ():
            task.result()


def entry_of(row: Row, target: Target) -> Entry:
    """Return the row as the journal knows it. Case counts only where it does for the target."""
    return Entry(digest(row.key), digest(content_bytes(target.caseless(target.record_of(row)))))


def _still_ours(sent: Future[frozenset[str]]) -> frozenset[str]:
    """The keys that may be sent: none if another job has taken this one's place altogether."""
    try:
        return sent.result()
    except TryLater as error:
        if error.code != LEASE_LOST:
            raise
        return frozenset()


def _taken_over() -> TryLater:
    return TryLater("Another job has taken this row over, and sends it.", code=LEASE_LOST)


def _recorded(claim: Claim) -> RowOutcome:
    """The same outcome again for a run that resumes its own import; `unchanged` for another import."""
    if not claim.same_import:
        return RowOutcome.because("already_imported", id=claim.remote_id)
    return RowOutcome("updated" if claim.outcome == "updated" else "created", id=claim.remote_id)
