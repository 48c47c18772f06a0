"""Sending the rows of one chunk: batches, pace, and exactly one outcome for every row."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

from f.connect.client import Client
from f.connect.errors import (
    ConnectError,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.connect.message import Request, Response
from f.customers.latency import Latencies
from f.customers.outcome import CustomerRow, RowOutcome
from f.customers.pacing import BatchFacts, next_delay
from f.customers.reasons import REASONS
from f.customers.summary import Stop
from f.customers.target import Target

OnDuplicate = Literal["skip", "update", "fail"]

# Replies that are about the whole import, not about one row: no credential, or no such endpoint.
_ENDS_THE_RUN = frozenset({401, 403, 404, 405, 410})
_TROUBLE = frozenset({"failed", "unknown"})

# What an error makes of the row it met; the first that fits counts.
_CODES: dict[type[ConnectError], str] = {
    SignInAgain: "credential_refused",
    FixSettings: "wrong_settings",
    WaitForQuota: "quota_used_up",
    TryLater: "service_unavailable",
    GiveUpRecord: "rejected_by_api",
    OutcomeUnknown: "answer_lost",
}
# How long one job waits in all while the circuit breaker keeps calls from a service that is down.
_PATIENCE_SECONDS = 120.0
_CIRCUIT_WAIT_SECONDS = 5.0
_STOPPING = (SignInAgain, FixSettings, WaitForQuota)


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
    on_duplicate: OnDuplicate = "skip",
    progress: Callable[[int], object] = lambda _: None,
    sleep: Callable[[float], object] = time.sleep,
) -> Sent:
    """Send the rows in batches; `progress` is told how many are done.

    A refused credential, a wrong endpoint, a used-up quota or a service that stays down stops the run:
    what is in flight is awaited, the rest is not sent. The first row goes alone, so that a refused
    credential is tried once.
    """
    run = _Run(target, client, on_duplicate, sleep)
    delay = target.delay_between_batches
    for number, batch in enumerate(_batches(rows, target.batch_size)):
        if number:
            sleep(delay)
        facts = run.send(batch)
        progress(len(run.ends))
        if run.stopped:
            break
        delay = next_delay(delay, facts, base=target.delay_between_batches)
    for row in rows:
        run.ends.setdefault(row.line, (row, RowOutcome.because("not_sent")))
    ends = [run.ends[row.line] for row in rows]
    return Sent(ends, run.requests, run.retries, run.latencies, run.stopped)


def _batches(rows: Sequence[CustomerRow], size: int) -> Iterator[Sequence[CustomerRow]]:
    if rows:
        yield rows[:1]
    for start in range(1, len(rows), size):
        yield rows[start : start + size]


@dataclass(slots=True)
class _Run:
    target: Target
    client: Client
    on_duplicate: OnDuplicate
    sleep: Callable[[float], object]
    ends: dict[int, tuple[CustomerRow, RowOutcome]] = field(default_factory=dict)
    requests: int = 0
    retries: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    stopped: Stop | None = None
    patience: float = _PATIENCE_SECONDS
    held_back: list[CustomerRow] = field(default_factory=list)

    def send(self, batch: Sequence[CustomerRow]) -> BatchFacts:
        """Create the rows of a batch; where asked, update those that are there already."""
        before = self.requests
        spent = self._create(batch)
        if self.on_duplicate == "update":
            spent += self._send_all(self._updates(batch))
        troubled = sum(self._end_of(row) in _TROUBLE for row in batch)
        requests = self.requests - before
        return BatchFacts(requests, min(troubled, requests), spent / max(requests, 1))

    def _create(self, batch: Sequence[CustomerRow]) -> float:
        """Create the rows, waiting out an open circuit: what it held back was never sent."""
        spent = 0.0
        while batch:
            self.held_back = []
            spent += self._send_all(self.target.kind.requests_for(batch, self.target))
            batch = self.held_back
            if self.stopped:
                break
            if batch and self.patience <= 0:
                self.stopped = {"code": "service_down", "message": REASONS["service_down"].message}
                self.ends.update({row.line: (row, RowOutcome.because("service_down")) for row in batch})
                break
            if batch:
                self.sleep(_CIRCUIT_WAIT_SECONDS)
                self.patience -= _CIRCUIT_WAIT_SECONDS
        return spent

    def _end_of(self, row: CustomerRow) -> str | None:
        end = self.ends.get(row.line)
        return end[1].outcome if end else None

    def _updates(self, batch: Sequence[CustomerRow]) -> list[Request]:
        ends = [self.ends[row.line] for row in batch if row.line in self.ends]
        return [
            self.target.kind.update_for(row, end.id, self.target)
            for row, end in ends
            if end.outcome == "duplicate" and end.id
        ]

    def _send_all(self, requests: Iterable[Request]) -> float:
        """Send until done or stopped; returns the seconds spent waiting for answers, added up."""
        spent = 0.0
        going = takewhile(lambda _: self.stopped is None, requests)
        for request, result in self.client.send_many(going, concurrency=self.target.max_concurrent_requests):
            rows: Sequence[CustomerRow] = request.context
            self.requests += 1
            self.retries += max(getattr(result, "attempts", 1) - 1, 0)
            if isinstance(result, TryLater) and result.code == "circuit_open":
                self.held_back += rows
                continue
            if isinstance(result, Response):
                spent += result.elapsed
                self.latencies.add(result.elapsed)
                ends = self._read(request, result, rows)
            else:
                ends = [self._failed(result)] * len(rows)
            self.ends.update({row.line: (row, end) for row, end in zip(rows, ends, strict=True)})
        return spent

    def _read(self, request: Request, response: Response, rows: Sequence[CustomerRow]) -> list[RowOutcome]:
        if response.status in _ENDS_THE_RUN or 300 <= response.status < 400:
            try:
                response.raise_for_status()
            except ConnectError as error:
                return [self._failed(error)] * len(rows)
        if request.method == "PATCH" and response.success:
            return [RowOutcome("updated")] * len(rows)
        ends = self.target.kind.outcomes_from(response, rows)
        if self.on_duplicate == "fail":
            ends = [
                RowOutcome.because("exists_and_must_not") if end.outcome == "duplicate" else end
                for end in ends
            ]
        return ends

    def _failed(self, error: ConnectError) -> RowOutcome:
        """The outcome of a row whose request got no usable answer; some errors end the run as well."""
        code = next(code for kind, code in _CODES.items() if isinstance(error, kind))
        if isinstance(error, OutcomeUnknown) and error.repeat_safe:
            code = "answer_lost_keyed"
        if self.stopped is None and isinstance(error, _STOPPING):
            self.stopped = {"code": code, "message": str(error)}
        return RowOutcome.because(code, str(error))
