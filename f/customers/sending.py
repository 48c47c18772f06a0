"""Sending the rows of one chunk: batches, pace, journal, and exactly one outcome for every row."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from f.connect.client import Client
from f.customers.delivery import Delivery
from f.customers.latency import Latencies
from f.customers.outcome import CustomerRow, RowOutcome
from f.customers.pacing import BatchFacts, next_delay
from f.customers.row_journal import Claim, Entry, Journal, NoJournal
from f.customers.summary import Stop
from f.customers.target import OnDuplicate, Target, content_of, digest

_TROUBLE = frozenset({"failed", "unknown"})
_APPLIED = frozenset({"created", "updated"})
# No outcome yet, or one that says nothing about an earlier sending.
_UNTRIED = frozenset({"", "failed"})


@dataclass(slots=True)
class Sent:
    """How a chunk went. Every row given stands in `ends` exactly once, in the order of their lines."""

    ends: list[tuple[CustomerRow, RowOutcome]]
    requests: int = 0
    retries: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    stopped: Stop | None = None


def send_rows(
    rows: Sequence[CustomerRow],
    target: Target,
    client: Client,
    *,
    journal: Journal | None = None,
    on_duplicate: OnDuplicate = "skip",
    progress: Callable[[int], object] = lambda _: None,
    sleep: Callable[[float], object] = time.sleep,
    cancelled: Callable[[], bool] = lambda: False,
) -> Sent:
    """Send the rows in batches; `progress` is told how many are done.

    A refused credential, a wrong endpoint, a used-up quota, a service that stays down or `cancelled` stops
    the run: what is in flight is awaited, the rest is not sent. The first row goes alone, so that a refused
    credential is tried once. With a journal, rows that were applied before are not sent.
    """
    run = _Run(target, client, on_duplicate, journal or NoJournal(), sleep, cancelled)
    delay, pause = target.delay_between_batches, False
    in_bulk = run.delivery.loads_in_bulk = target.loads_in_bulk(len(rows))
    for batch in _batches(rows, len(rows) if in_bulk else target.batch_size):
        if pause:
            sleep(delay)
        facts = run.send(batch)
        pause = facts.requests > 0
        progress(len(run.delivery.ends))
        if run.stop_now():
            break
        delay = next_delay(delay, facts, base=target.delay_between_batches)
    not_sent = RowOutcome.because("not_sent")
    ends = [(row, run.delivery.ends.get(row.line, not_sent)) for row in rows]
    delivery = run.delivery
    return Sent(ends, delivery.requests, delivery.retries, delivery.latencies, delivery.stopped)


def _batches(rows: Sequence[CustomerRow], size: int) -> Iterator[Sequence[CustomerRow]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


class _Run:
    """The rows of one chunk on their way through journal and target."""

    def __init__(
        self,
        target: Target,
        client: Client,
        on_duplicate: OnDuplicate,
        journal: Journal,
        sleep: Callable[[float], object],
        cancelled: Callable[[], bool],
    ) -> None:
        self._target, self._journal, self._cancelled = target, journal, cancelled
        self._entries: dict[int, Entry] = {}
        self._seen: dict[str, int] = {}
        self.delivery = Delivery(
            target,
            client,
            on_duplicate,
            sleep,
            journal.now,
            cancelled,
            intend=lambda rows: journal.intend([self._entries[row.line] for row in rows]),
            note=lambda rows, job: journal.note([self._entries[row.line] for row in rows], job),
            answered=journal.renew,
        )

    def stop_now(self) -> bool:
        """Whether nothing more is to be sent; a cancelled run says so as its reason."""
        if self._cancelled() and self.delivery.stopped is None:
            self.delivery.stopped = {"code": "cancelled", "message": "The import was cancelled."}
        return self.delivery.stopped is not None

    def send(self, batch: Sequence[CustomerRow]) -> BatchFacts:
        """Claim, deliver, settle."""
        delivery = self.delivery
        before, seconds = delivery.requests, delivery.seconds
        claimed, doubts = self._claimed(self._wanted(batch))
        # Nothing is settled if this raises: what was sent then stays in doubt.
        delivery.deliver(claimed, doubts)
        self._settle(claimed, doubts)
        troubled = sum(self._outcome(row) in _TROUBLE for row in claimed)
        requests = delivery.requests - before
        mean = (delivery.seconds - seconds) / max(requests, 1)
        return BatchFacts(requests, min(troubled, requests), mean)

    def _outcome(self, row: CustomerRow) -> str:
        end = self.delivery.ends.get(row.line)
        return end.outcome if end else ""

    def _wanted(self, batch: Sequence[CustomerRow]) -> list[CustomerRow]:
        """The rows that nothing known here forbids to send."""
        wanted = []
        for row in batch:
            refusal = self._target.kind.refusal_before_sending(row, self._target) or self._repeated(row)
            if refusal is None:
                self._entries[row.line] = entry_of(row, self._target)
                wanted.append(row)
            else:
                self.delivery.ends[row.line] = refusal
        return wanted

    def _repeated(self, row: CustomerRow) -> RowOutcome | None:
        first = self._seen.setdefault(row.customer.key, row.line)
        if first == row.line:
            return None
        return RowOutcome.because("duplicate_in_file", f"The first is line {first}.")

    def _claimed(self, rows: Sequence[CustomerRow]) -> tuple[list[CustomerRow], dict[int, Claim]]:
        """The rows that are ours to send, and of these the ones that may have been applied before."""
        if not rows:
            return [], {}
        claims = self._journal.claim([self._entries[row.line] for row in rows])
        ours: list[CustomerRow] = []
        doubts: dict[int, Claim] = {}
        for row in rows:
            claim = claims[self._entries[row.line].customer]
            if claim.state == "done":
                self.delivery.ends[row.line] = _recorded(claim)
            elif claim.state == "elsewhere":
                self.delivery.ends[row.line] = RowOutcome.because("in_progress_elsewhere")
            else:
                ours.append(row)
                if claim.state == "in_doubt":
                    doubts[row.line] = claim
        return ours, doubts

    def _settle(self, rows: Sequence[CustomerRow], doubts: Mapping[int, Claim]) -> None:
        """Write down how the rows ended. A doubt ends only with an answer, not with another failure."""
        done: list[tuple[Entry, str, str | None]] = []
        doubtful: list[Entry] = []
        forgotten: list[Entry] = []
        for row in rows:
            entry, end = self._entries[row.line], self.delivery.ends.get(row.line)
            if end is not None and end.outcome in _APPLIED:
                done.append((entry, end.outcome, end.id))
            elif self._outcome(row) == "unknown" or (row.line in doubts and self._outcome(row) in _UNTRIED):
                doubtful.append(entry)
            else:
                forgotten.append(entry)
        if rows:
            self._journal.settle(done=done, doubtful=doubtful, forgotten=forgotten)


def entry_of(row: CustomerRow, target: Target) -> Entry:
    """The row as the journal knows it."""
    return Entry(digest(row.customer.key), digest(content_of(target.render(row.customer))))


def _recorded(claim: Claim) -> RowOutcome:
    """The same end again for a run that resumes; for another import there is nothing to do."""
    if not claim.same_import:
        return RowOutcome.because("already_imported", id=claim.remote_id)
    return RowOutcome("updated" if claim.outcome == "updated" else "created", id=claim.remote_id)
