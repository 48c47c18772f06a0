"""Sending the rows of one chunk: batches, pace, journal, and exactly one outcome for every row."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from f.connect.client import Client
from f.connect.metrics import Histogram
from f.records.journal.row_journal import Journal, NoJournal
from f.records.report.summary import Stop
from f.records.rows.outcome import CustomerRow, RowOutcome
from f.records.sending.batch_claims import Batch, BatchClaims
from f.records.sending.delivery import Delivery
from f.records.sending.pacing import BatchFacts, next_delay
from f.records.target.target import OnDuplicate, Target

_TROUBLE = frozenset({"failed", "unknown"})


@dataclass(slots=True)
class Sent:
    """How a chunk went. Every row given stands in `ends` exactly once, in the order of their lines."""

    ends: list[tuple[CustomerRow, RowOutcome]]
    requests: int = 0
    retries: int = 0
    latencies: Histogram = field(default_factory=Histogram)
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
    with BatchClaims(target, journal or NoJournal()) as claims:
        run = _Run(target, client, on_duplicate, claims, sleep, cancelled)
        delay, pause = target.delay_between_batches, False
        in_bulk = run.delivery.loads_in_bulk = target.loads_in_bulk(len(rows))
        for batch in claims.claimed(_batches(rows, len(rows) if in_bulk else target.batch_size)):
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
    """The rows of one chunk on their way to the target."""

    def __init__(
        self,
        target: Target,
        client: Client,
        on_duplicate: OnDuplicate,
        claims: BatchClaims,
        sleep: Callable[[float], object],
        cancelled: Callable[[], bool],
    ) -> None:
        self._claims, self._cancelled = claims, cancelled
        self.delivery = Delivery(
            target,
            client,
            on_duplicate,
            sleep,
            claims.now,
            lambda: claims.failed or cancelled(),
            intend=claims.intend,
            note=claims.note,
            answered=claims.renew,
        )

    def stop_now(self) -> bool:
        """Whether nothing more is to be sent; a cancelled run says so as its reason."""
        if self._cancelled() and self.delivery.stopped is None:
            self.delivery.stopped = {"code": "cancelled", "message": "The import was cancelled."}
        return self.delivery.stopped is not None

    def send(self, batch: Batch) -> BatchFacts:
        """Deliver a claimed batch, and have it settled."""
        delivery = self.delivery
        before, seconds = delivery.requests, delivery.seconds
        delivery.ends.update(batch.ends)
        # Nothing is settled if this raises: what was sent then stays in doubt.
        delivery.deliver(batch.rows, batch.doubts)
        self._claims.settle(batch, delivery.ends)
        troubled = sum(self._outcome(row) in _TROUBLE for row in batch.rows)
        requests = delivery.requests - before
        mean = (delivery.seconds - seconds) / max(requests, 1)
        return BatchFacts(requests, min(troubled, requests), mean)

    def _outcome(self, row: CustomerRow) -> str:
        end = self.delivery.ends.get(row.line)
        return end.outcome if end else ""
