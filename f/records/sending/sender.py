"""Sending rows until each has an outcome: again when held back, halved when refused, smaller when locked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from f.connect.errors import ConnectError, TryLater
from f.records.rows.outcome import REASONS, RowOutcome
from f.records.sending.batch_claims import WITHOUT_OTHERS
from f.records.sending.bisection import Bisection
from f.records.sending.reply_reader import InDoubt, Reading, ReplyReader

if TYPE_CHECKING:
    from f.records.rows.row import Row, Rows
    from f.records.sending.bulk_load import BulkLoad
    from f.records.sending.wire import Wire
    from f.records.target.target import OnDuplicate, Target

# How long one job waits in all while the circuit breaker keeps calls from a service that is down.
_PATIENCE_SECONDS = 120.0
_CIRCUIT_WAIT_SECONDS = 5.0
# How often locked rows are tried again, each time in batches of half the size, and the wait before.
_LOCK_ROUNDS = 5
_LOCK_WAIT_SECONDS = 1.0

Outcomes = dict[int, RowOutcome]


@dataclass(slots=True)
class _Round:
    """The result of one round of requests: outcomes by line, and the rows to send again.

    `held_back` were never sent, `parted` neither, as others of their request are another job's; `refused` are
    batches that were refused as a whole, `locked` are groups of rows that the target kept locked. Refused and
    locked rows have an outcome too, in case nobody sends them again.
    """

    outcomes: Outcomes = field(default_factory=dict)
    held_back: list[Row] = field(default_factory=list)
    parted: list[Rows] = field(default_factory=list)
    refused: list[Rows] = field(default_factory=list)
    locked: list[Rows] = field(default_factory=list)

    def take(self, rows: Rows, reading: Reading) -> None:
        """Take the outcomes of one request's rows."""
        pairs = list(zip(rows, reading.outcomes, strict=True))
        self.outcomes.update({row.line: outcome for row, outcome in pairs})
        if len(rows) > 1 and reading.outcomes[0].code == "batch_refused":
            self.refused.append(rows)
        if locked := [row for row, outcome in pairs if outcome.code == "row_locked"]:
            self.locked.append(locked)


class Sender:
    """A sender of one run's rows. With `bulk` they go as jobs; rows that were locked there go by requests."""

    def __init__(
        self,
        target: Target,
        on_duplicate: OnDuplicate,
        wire: Wire,
        reader: ReplyReader,
        bulk: BulkLoad | None,
        sleep: Callable[[float], object],
    ) -> None:
        self._target, self._on_duplicate = target, on_duplicate
        self._wire, self._reader, self._bulk, self._sleep = wire, reader, bulk, sleep
        self._patience = _PATIENCE_SECONDS
        self._bisection = Bisection()

    def create(self, rows: Rows, in_doubt: InDoubt) -> Outcomes:
        """Create the rows, and return outcomes by line; rows that a stop came before have none.

        A new target gets the first row alone, so that a refused credential is tried once.
        """
        outcomes: Outcomes = {}
        if rows and not self._wire.proven:
            outcomes = self._send([rows[:1]], in_doubt)
            rows = rows[1:]
        if rows and self._bulk is not None and not self._wire.is_stopping():
            loaded = self._load(rows, self._bulk)
            # By requests, which may be made smaller.
            return {**outcomes, **loaded.outcomes, **self._send(loaded.locked, in_doubt)}
        return {**outcomes, **self._send([rows] if rows else [], in_doubt)}

    def update(self, rows: Rows, ids: Mapping[int, str], in_doubt: InDoubt) -> Outcomes:
        """Update records that are there, known by `ids`; rows that a stop came before have no outcome."""
        sent = _Round()
        requests = (self._target.kind.update_for(row, ids[row.line], self._target) for row in rows)
        for [row], result in self._wire.write_many(requests):
            if not _is_held_back(result):
                self._take(sent, [row], self._reader.read_updated(result, row, in_doubt))
        return sent.outcomes

    def _send(self, groups: Sequence[Rows], in_doubt: InDoubt) -> Outcomes:
        """Send groups of rows, and again what a round leaves."""
        outcomes: Outcomes = {}
        locked_rounds = 0
        while groups and not self._wire.is_stopping():
            sent = self._round(groups, in_doubt)
            outcomes |= sent.outcomes
            held_back = self._after_circuit(sent.held_back)
            outcomes |= held_back.outcomes
            groups = [
                *([held_back.held_back] if held_back.held_back else []),
                *sent.parted,
                *(half for rows in sent.refused for half in self._bisection.halves(rows)),
            ]
            if sent.locked and locked_rounds < _LOCK_ROUNDS and not self._wire.is_stopping():
                # In smaller batches: rows of one batch may lock the same parent record.
                locked_rounds += 1
                self._sleep(_LOCK_WAIT_SECONDS)
                groups = [*groups, *(part for rows in sent.locked for part in _halves(rows))]
        return outcomes

    def _round(self, groups: Sequence[Rows], in_doubt: InDoubt) -> _Round:
        sent, kind = _Round(), self._target.kind
        requests = (
            request
            for group in groups
            for request in kind.requests_for(group, self._target, self._on_duplicate)
        )
        for rows, result in self._wire.write_many(requests):
            if _is_held_back(result):
                sent.held_back += rows
            elif isinstance(result, TryLater) and result.code == WITHOUT_OTHERS:
                sent.parted.append(rows)
            else:
                self._take(sent, rows, self._reader.read_created(result, rows, in_doubt))
        return sent

    def _take(self, sent: _Round, rows: Rows, reading: Reading) -> None:
        self._wire.stop_for(reading.stop)
        sent.take(rows, reading)

    def _after_circuit(self, rows: list[Row]) -> _Round:
        """Wait for an open circuit. What it held back was never sent: it is sent again, or has failed."""
        if not rows or self._wire.is_stopping():
            return _Round()
        if self._patience <= 0:
            self._wire.stop_for({"code": "service_down", "message": REASONS["service_down"].message})
            down = RowOutcome.because("service_down")
            return _Round(outcomes={row.line: down for row in rows})
        self._sleep(_CIRCUIT_WAIT_SECONDS)
        self._patience -= _CIRCUIT_WAIT_SECONDS
        return _Round(held_back=rows)

    def _load(self, rows: Rows, bulk: BulkLoad) -> _Round:
        """Send the rows as one job; if it could not be closed, nothing was applied."""
        loaded = _Round()
        try:
            outcomes = bulk.load(rows, self._on_duplicate)
        except ConnectError as error:
            failure = self._reader.failure(error)
            self._wire.stop_for(failure.stop)
            # The answer to opening or filling the job was lost: a job that is not closed does nothing.
            lost = failure.outcome.outcome == "unknown"
            outcome = RowOutcome.because("service_unavailable", str(error)) if lost else failure.outcome
            outcomes = {row.line: outcome for row in rows}
        for row in rows:
            if row.line in outcomes:
                loaded.take([row], Reading([self._reader.apply_duplicate_policy(outcomes[row.line])]))
        return loaded


def _is_held_back(result: object) -> bool:
    """Whether a request was never sent, because the circuit is open or the run was cancelled."""
    return isinstance(result, TryLater) and result.code in {"circuit_open", "cancelled"}


def _halves(rows: Rows) -> list[Rows]:
    middle = (len(rows) + 1) // 2
    return [part for part in (rows[:middle], rows[middle:]) if part]
