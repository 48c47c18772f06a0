"""Sending the rows of one chunk: batches, pace, journal, and exactly one outcome for every row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from f.connect.histogram import Histogram
from f.records.journal.no_journal import NoJournal
from f.records.rows.outcome import RowOutcome, Stop
from f.records.sending.batch_claims import Batch, BatchClaims
from f.records.sending.delivery import Delivery
from f.records.sending.pacing import BatchFacts, next_delay

if TYPE_CHECKING:
    from f.connect.client import Client
    from f.records.journal.journal import Journal
    from f.records.rows.row import Row, Rows
    from f.records.target.target import OnDuplicate, Target

_TROUBLE = frozenset({"failed", "unknown"})


@dataclass(slots=True)
class Sent:
    """The result of a chunk. Every row is in `outcomes` exactly once, in the order of the lines.

    `lookup_shown`: the target's look-up was shown to be able to say that a row is not there.
    """

    outcomes: list[tuple[Row, RowOutcome]]
    requests: int = 0
    retries: int = 0
    latencies: Histogram = field(default_factory=Histogram)
    stopped: Stop | None = None
    lookup_shown: bool = False

    def parked(self) -> list[tuple[Row, RowOutcome]]:
        """Return the outcomes; if the run was parked, rows that were not sent are `parked`."""
        if self.stopped is None or "resume_at" not in self.stopped:
            return self.outcomes
        waits = RowOutcome.because("parked", self.stopped["message"])
        return [(row, waits if one.code == "not_sent" else one) for row, one in self.outcomes]


def send_rows(
    rows: Rows,
    target: Target,
    client: Client,
    *,
    journal: Journal | None = None,
    on_duplicate: OnDuplicate = "skip",
    progress: Callable[[int], object] = lambda _: None,
    sleep: Callable[[float], object] = time.sleep,
    cancelled: Callable[[], bool] = lambda: False,
) -> Sent:
    """Send the rows in batches, and return one outcome for each; `progress` gets how many are done.

    A refused credential, a wrong endpoint, a used-up quota, a service that stays down or `cancelled` stops
    the run: what is in flight is awaited, the rest is not sent. The first row goes alone, so that a refused
    credential is tried once. With a journal, rows that were applied before are not sent. Raises only if the
    journal cannot be written.
    """
    in_bulk = target.loads_in_bulk(len(rows))
    outcomes: dict[int, RowOutcome] = {}
    with BatchClaims(target, journal or NoJournal(), sleep=sleep) as claims:
        delivery = Delivery(
            target, client, on_duplicate, claims, sleep=sleep, cancelled=cancelled, in_bulk=in_bulk
        )
        delay, pause = target.delay_between_batches, False
        for batch in claims.claimed(_batches(rows, len(rows) if in_bulk else target.batch_size)):
            if pause:
                sleep(delay)
            facts = _deliver(batch, delivery, claims, outcomes)
            pause = facts.requests > 0
            progress(len(outcomes))
            if cancelled():
                delivery.wire.stop_for({"code": "cancelled", "message": "The import was cancelled."})
            if delivery.wire.stop is not None:
                break
            delay = next_delay(delay, facts, base=target.delay_between_batches)
    not_sent, traffic = RowOutcome.because("not_sent"), delivery.wire.traffic
    return Sent(
        [(row, outcomes.get(row.line, not_sent)) for row in rows],
        traffic.requests,
        traffic.retries,
        traffic.latencies,
        delivery.wire.stop,
        delivery.lookup_shown,
    )


def _batches(rows: Rows, size: int) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _deliver(
    batch: Batch, delivery: Delivery, claims: BatchClaims, outcomes: dict[int, RowOutcome]
) -> BatchFacts:
    """Deliver a claimed batch and record what became of it; its outcomes are added to those of the chunk."""
    traffic = delivery.wire.traffic
    requests, seconds = traffic.requests, traffic.seconds
    # Nothing is recorded if this raises: what was sent then stays in doubt.
    delivered = delivery.deliver(batch)
    outcomes.update(delivered)
    claims.record_outcomes(batch, delivered)
    made = traffic.requests - requests
    mean = (traffic.seconds - seconds) / max(made, 1)
    return BatchFacts(made, min(_troubled(batch.rows, delivered), made), mean)


def _troubled(rows: Rows, outcomes: Mapping[int, RowOutcome]) -> int:
    return sum(row.line in outcomes and outcomes[row.line].outcome in _TROUBLE for row in rows)
