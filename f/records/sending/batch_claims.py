"""The journal's side of a run: while a batch is sent, the next is claimed and the one before it settled.

All of it happens on one thread, in the order it was asked for: every row's intent is committed before the
row is handed out, and its outcome after its own batch has been delivered. A crash leaves in doubt at most the
batch that was being sent and the one claimed ahead. What was claimed and never sent is given back.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import ParamSpec, Self

from f.records.journal.row_journal import Claim, Entry, Journal
from f.records.rows.outcome import CustomerRow, RowOutcome
from f.records.target.target import Target, content_of, digest

P = ParamSpec("P")
Rows = Sequence[CustomerRow]

_APPLIED = frozenset({"created", "updated"})
# No outcome yet, or one that says nothing about an earlier sending.
_UNTRIED = frozenset({"", "failed"})
# Far more often than a claim lapses.
_RENEW_SECONDS = 60.0


@dataclass(slots=True)
class Batch:
    """Rows that are ours to send, and of these the `doubts`: they may have been applied before, by line.

    `ends`: the outcomes of rows that are not to be sent.
    """

    rows: list[CustomerRow] = field(default_factory=list)
    doubts: dict[int, Claim] = field(default_factory=dict)
    ends: dict[int, RowOutcome] = field(default_factory=dict)


class BatchClaims:
    """A context manager: leaving it waits until everything is written down, and raises what could not be."""

    def __init__(
        self, target: Target, journal: Journal, *, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._target, self._journal, self._ticks = target, journal, ticks
        self._thread = ThreadPoolExecutor(1, "journal")
        self._entries: dict[int, Entry] = {}
        self._seen: dict[str, int] = {}
        self._ahead: Future[Batch] | None = None
        self._notes: deque[Future[None]] = deque()
        self._renewed = ticks()

    def claimed(self, batches: Iterable[Rows]) -> Iterator[Batch]:
        """Yield each batch once its intent is committed, and claim the next meanwhile."""
        for rows in batches:
            claim, self._ahead = self._ahead, self._thread.submit(self._claim, rows)
            if claim is not None:
                yield self._due(claim)
        claim, self._ahead = self._ahead, None
        if claim is not None:
            yield self._due(claim)

    def settle(self, batch: Batch, ends: Mapping[int, RowOutcome]) -> None:
        """Write down how the rows of a delivered batch ended; rows without an end were not sent."""
        self._note(self._settle, batch, ends)

    def intend(self, rows: Rows) -> None:
        """Commit that rows found not to be applied are sent now after all."""
        self._thread.submit(self._journal.intend, self._entries_of(rows)).result()

    def note(self, rows: Rows, job: str) -> None:
        """Commit that claimed rows are in this bulk job."""
        self._thread.submit(self._journal.note, self._entries_of(rows), job).result()

    def now(self) -> float:
        """Seconds since the epoch, by the clock of `Claim.since`."""
        return self._journal.now()

    def renew(self) -> None:
        """Say that this job still lives, at most once a minute."""
        if self._ticks() - self._renewed >= _RENEW_SECONDS:
            self._renewed = self._ticks()
            self._note(self._journal.renew)

    @property
    def failed(self) -> bool:
        """Whether something could not be written down: then nothing more is to be sent."""
        return any(note.done() and note.exception() is not None for note in self._notes)

    def _entries_of(self, rows: Rows) -> list[Entry]:
        return [self._entries[row.line] for row in rows]

    def _note(self, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        self._notes.append(self._thread.submit(work, *args, **kwargs))
        self._check()

    def _due(self, claim: Future[Batch]) -> Batch:
        batch = claim.result()
        self._check()
        return batch

    def _check(self) -> None:
        """Raise what could not be written down."""
        while self._notes and self._notes[0].done():
            self._notes.popleft().result()

    # on the thread

    def _claim(self, rows: Rows) -> Batch:
        batch = Batch()
        wanted = self._wanted(rows, batch)
        claims = self._journal.claim(self._entries_of(wanted)) if wanted else {}
        for row in wanted:
            claim = claims[self._entries[row.line].customer]
            if claim.state == "done":
                batch.ends[row.line] = _recorded(claim)
            elif claim.state == "elsewhere":
                batch.ends[row.line] = RowOutcome.because("in_progress_elsewhere")
            else:
                batch.rows.append(row)
                if claim.state == "in_doubt":
                    batch.doubts[row.line] = claim
        return batch

    def _wanted(self, rows: Rows, batch: Batch) -> list[CustomerRow]:
        """The rows that nothing known here forbids to send."""
        wanted, target = [], self._target
        for row in rows:
            key = row.customer.key
            refusal = target.kind.refusal_before_sending(row, target) or self._repeated(key, row.line)
            if refusal is None:
                self._entries[row.line] = entry_of(row, self._target)
                wanted.append(row)
            else:
                batch.ends[row.line] = refusal
        return wanted

    def _repeated(self, key: str, line: int) -> RowOutcome | None:
        first = self._seen.setdefault(key, line)
        if first == line:
            return None
        return RowOutcome.because("duplicate_in_file", f"The first is line {first}.")

    def _settle(self, batch: Batch, ends: Mapping[int, RowOutcome]) -> None:
        """A doubt ends only with an answer, not with another failure. What only sending needs is let go."""
        done: list[tuple[Entry, str, str | None]] = []
        doubtful: list[Entry] = []
        forgotten: list[Entry] = []
        for row in batch.rows:
            entry, end = self._entries.pop(row.line), ends.get(row.line)
            row.record = None
            outcome = end.outcome if end else ""
            if end is not None and outcome in _APPLIED:
                done.append((entry, outcome, end.id))
            elif outcome == "unknown" or (row.line in batch.doubts and outcome in _UNTRIED):
                doubtful.append(entry)
            else:
                forgotten.append(entry)
        if batch.rows:
            self._journal.settle(done=done, doubtful=doubtful, forgotten=forgotten)

    def _give_back(self, claim: Future[Batch]) -> None:
        if claim.exception() is None:
            self._settle(claim.result(), {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ahead is not None:
            self._notes.append(self._thread.submit(self._give_back, self._ahead))
        self._thread.shutdown()
        if error is None:
            self._check()


def entry_of(row: CustomerRow, target: Target) -> Entry:
    """The row as the journal knows it."""
    return Entry(digest(row.customer.key), digest(content_of(target.record_of(row))))


def _recorded(claim: Claim) -> RowOutcome:
    """The same end again for a run that resumes; for another import there is nothing to do."""
    if not claim.same_import:
        return RowOutcome.because("already_imported", id=claim.remote_id)
    return RowOutcome("updated" if claim.outcome == "updated" else "created", id=claim.remote_id)
