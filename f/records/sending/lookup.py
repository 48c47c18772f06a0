"""Asking the target which rows it has, before a row in doubt is sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from f.connect.calls.message import Response
from f.connect.times import parse_iso
from f.records.rows.outcome import RowOutcome

if TYPE_CHECKING:
    from f.records.rows.row import Found, Row, Rows
    from f.records.sending.batch_claims import BatchClaims
    from f.records.sending.reply_reader import InDoubt, ReplyReader
    from f.records.sending.wire import Wire
    from f.records.target.target import Lookup, Target

# By how much the target's clock and ours may differ.
_CLOCKS_DIFFER_SECONDS = 300.0


@dataclass(slots=True)
class LookedUp:
    """Outcomes by line of rows that are there or could not be asked for, and the rows that are not there."""

    outcomes: dict[int, RowOutcome] = field(default_factory=dict)
    absent: list[Row] = field(default_factory=list)


class RowLookup:
    """Looks rows up in one target, if it can be asked at all."""

    def __init__(
        self,
        target: Target,
        wire: Wire,
        reader: ReplyReader,
        claims: BatchClaims,
        sleep: Callable[[float], object],
    ) -> None:
        self._target, self._wire, self._reader, self._claims = target, wire, reader, claims
        self._sleep = sleep

    @property
    def can_ask(self) -> bool:
        """Return whether the target can be asked for a row."""
        return self._target.lookup is not None

    def find(
        self,
        rows: Rows,
        in_doubt: InDoubt,
        *,
        newly_in_doubt: frozenset[int] = frozenset(),
        began: float = 0.0,
    ) -> LookedUp:
        """Ask for the rows. Those that are not there are recorded as about to be sent before this returns.

        `newly_in_doubt`: lines of rows of which only this run, since `began` (seconds since the epoch), has
        lost an answer. If such a row is there, and older than the run by the target's own word, this run did
        not create it: it is a duplicate.
        """
        found = LookedUp()
        lookup = self._target.lookup
        if not rows or lookup is None or self._wire.is_stopping():
            return found
        self._wait_for_in_flight(rows, in_doubt)
        names = [lookup.created_field] if lookup.created_field else []
        for asked, result in self._wire.send_many(lookup.lookups_for(rows, self._target, names)):
            if not isinstance(result, Response) or not (result.success or result.status == 404):
                for row in asked:
                    # Not looked up is not absent: a row in doubt stays so, the others were not sent.
                    failure = self._reader.read_unanswered_lookup(result, in_doubt=row.line in in_doubt)
                    self._wire.stop_for(failure.stop)
                    found.outcomes[row.line] = failure.outcome
                continue
            there = lookup.found_in(result, asked, self._target)
            found.absent += [row for row in asked if row.line not in there]
            for line, record in there.items():
                outcome = RowOutcome.because("already_exists", id=record.id)
                was_there = line in newly_in_doubt and _is_older(record, lookup, began)
                found.outcomes[line] = (
                    self._reader.apply_duplicate_policy(outcome)
                    if was_there
                    else self._reader.existing(outcome, in_doubt.get(line))
                )
        self._claims.record_intent(found.absent)
        return found

    def _wait_for_in_flight(self, rows: Rows, in_doubt: InDoubt) -> None:
        """Wait until what was sent must have reached the target; before, not finding it proves nothing."""
        sent = [in_doubt[row.line].since for row in rows if row.line in in_doubt]
        longest = self._target.in_flight_seconds
        wait = min(max(sent, default=0.0) + longest - self._claims.now(), longest)
        if sent and wait > 0:
            self._sleep(wait)


def _is_older(record: Found, lookup: Lookup, began: float) -> bool:
    """Whether a record is older than this run, by the target's own word and over clocks that differ."""
    made = parse_iso(record.record.get(lookup.created_field))
    return made is not None and made < began - _CLOCKS_DIFFER_SECONDS
