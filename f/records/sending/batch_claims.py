"""The journal's side of a run: while a batch is sent, the next is claimed and the last one is recorded.

    journal's thread:  claim 1 | claim 2 | ...       | record 1, claim 3 | ...       | record 2, claim 4
    caller's thread:           | send 1 ............ | send 2 .......... .......... | send 3

The journal is written on one thread, in the order it was asked for: every row's intent is committed before
the row is handed out, and its outcome after its own batch has been delivered. A crash leaves in doubt at most
the batch that was being sent and the one claimed ahead. What was claimed and never sent is given back.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, Self

from f.records.journal.row_journal import Claim, Entry, Journal
from f.records.rows.outcome import RowOutcome
from f.records.target.target import Target, content_of, digest

if TYPE_CHECKING:
    from f.records.rows.row import Row, Rows

P = ParamSpec("P")

_APPLIED = frozenset({"created", "updated"})
# No outcome, or one that proves nothing about an earlier sending: a row in doubt stays in doubt.
_PROVES_NOTHING = frozenset({"", "failed"})
# Far more often than a claim lapses (LEASE_SECONDS of the journal's owner).
_RENEW_SECONDS = 60.0


@dataclass(slots=True)
class Batch:
    """Claimed rows, which this job is to send. `outcomes` by line are those of the batch's other rows.

    `in_doubt` has by line the claims of those `rows` that may have been applied before.
    """

    rows: list[Row] = field(default_factory=list)
    in_doubt: dict[int, Claim] = field(default_factory=dict)
    outcomes: dict[int, RowOutcome] = field(default_factory=dict)


class _Every:
    """A timer that is due once in so many seconds."""

    def __init__(self, seconds: float, ticks: Callable[[], float]) -> None:
        self._seconds, self._ticks = seconds, ticks
        self._last = ticks()

    def is_due(self) -> bool:
        if self._ticks() - self._last < self._seconds:
            return False
        self._last = self._ticks()
        return True


class BatchClaims:
    """A context manager: leaving it waits until everything is written down, and raises what could not be."""

    def __init__(
        self, target: Target, journal: Journal, *, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._target, self._journal = target, journal
        self._thread = ThreadPoolExecutor(1, "journal")
        self._entries: dict[int, Entry] = {}
        self._seen: dict[str, int] = {}
        self._ahead: Future[Batch] | None = None
        self._pending: deque[Future[None]] = deque()
        self._lease = _Every(_RENEW_SECONDS, ticks)

    def claimed(self, batches: Iterable[Rows]) -> Iterator[Batch]:
        """Yield each batch once its intent is committed, and claim the next meanwhile."""
        for rows in batches:
            claim, self._ahead = self._ahead, self._thread.submit(self._claim, rows)
            if claim is not None:
                yield self._committed(claim)
        claim, self._ahead = self._ahead, None
        if claim is not None:
            yield self._committed(claim)

    def record_outcomes(self, batch: Batch, outcomes: Mapping[int, RowOutcome]) -> None:
        """Record the outcomes of a delivered batch, without waiting; rows without one were not sent.

        Raises what an earlier record could not write down.
        """
        self._later(self._record_outcomes, batch, outcomes)

    def record_intent(self, rows: Rows) -> None:
        """Record that rows which a look-up did not find are about to be sent. Return once it is committed."""
        self._thread.submit(self._journal.record_intent, self._entries_of(rows)).result()

    def record_job(self, rows: Rows, job: str) -> None:
        """Record that claimed rows are in this bulk job. Return once that is committed."""
        self._thread.submit(self._journal.record_job, self._entries_of(rows), job).result()

    def now(self) -> float:
        """Return the seconds since the epoch, by the clock of `Claim.since`."""
        return self._journal.now()

    def renew_claims(self) -> None:
        """Record that this job is still running, at most once a minute."""
        if self._lease.is_due():
            self._later(self._journal.renew_claims)

    @property
    def failed(self) -> bool:
        """Return whether something could not be written down: then nothing more is to be sent."""
        return any(task.done() and task.exception() is not None for task in self._pending)

    def _entries_of(self, rows: Rows) -> list[Entry]:
        return [self._entries[row.line] for row in rows]

    def _later(self, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        self._pending.append(self._thread.submit(work, *args, **kwargs))
        self._check()

    def _committed(self, claim: Future[Batch]) -> Batch:
        batch = claim.result()
        self._check()
        return batch

    def _check(self) -> None:
        """Raise what could not be written down, the first such error first."""
        while self._pending and self._pending[0].done():
            self._pending.popleft().result()

    # on the thread

    def _claim(self, rows: Rows) -> Batch:
        batch = Batch()
        wanted = self._wanted(rows, batch)
        claims = self._journal.claim(self._entries_of(wanted)) if wanted else {}
        for row in wanted:
            claim = claims[self._entries[row.line].key]
            if claim.state == "done":
                batch.outcomes[row.line] = _recorded(claim)
            elif claim.state == "elsewhere":
                batch.outcomes[row.line] = RowOutcome.because("in_progress_elsewhere")
            else:
                batch.rows.append(row)
                if claim.state == "in_doubt":
                    batch.in_doubt[row.line] = claim
        return batch

    def _wanted(self, rows: Rows, batch: Batch) -> list[Row]:
        """The rows to claim: neither refused beforehand nor repeated in the file."""
        wanted, target = [], self._target
        for row in rows:
            key = row.key
            refusal = target.kind.refusal_before_sending(row, target) or self._repeated(key, row.line)
            if refusal is None:
                self._entries[row.line] = entry_of(row, self._target)
                wanted.append(row)
            else:
                batch.outcomes[row.line] = refusal
        return wanted

    def _repeated(self, key: str, line: int) -> RowOutcome | None:
        first = self._seen.setdefault(key, line)
        if first == line:
            return None
        return RowOutcome.because("duplicate_in_file", f"The first is line {first}.")

    def _record_outcomes(self, batch: Batch, outcomes: Mapping[int, RowOutcome]) -> None:
        """Sort a batch's rows into the journal's three kinds of outcome, and free what sending needed."""
        done: list[tuple[Entry, str, str | None]] = []
        in_doubt: list[Entry] = []
        forgotten: list[Entry] = []
        for row in batch.rows:
            entry, outcome = self._entries.pop(row.line), outcomes.get(row.line)
            row.rendered = None  # else a chunk would be in memory twice
            name = outcome.outcome if outcome else ""
            if outcome is not None and name in _APPLIED:
                done.append((entry, name, outcome.id))
            elif name == "unknown" or (row.line in batch.in_doubt and name in _PROVES_NOTHING):
                # Only an answer resolves a row in doubt: that this attempt failed says nothing of the first.
                in_doubt.append(entry)
            else:
                forgotten.append(entry)
        if batch.rows:
            self._journal.record_outcomes(done=done, in_doubt=in_doubt, forgotten=forgotten)

    def _give_back(self, claim: Future[Batch]) -> None:
        if claim.exception() is None:
            self._record_outcomes(claim.result(), {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ahead is not None:
            self._pending.append(self._thread.submit(self._give_back, self._ahead))
        self._thread.shutdown()
        if error is None:
            self._check()


def entry_of(row: Row, target: Target) -> Entry:
    """Return the row as the journal knows it."""
    return Entry(digest(row.key), digest(content_of(target.record_of(row))))


def _recorded(claim: Claim) -> RowOutcome:
    """The same outcome again for a run that resumes its own import; `unchanged` for another import."""
    if not claim.same_import:
        return RowOutcome.because("already_imported", id=claim.remote_id)
    return RowOutcome("updated" if claim.outcome == "updated" else "created", id=claim.remote_id)
