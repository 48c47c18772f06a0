"""Asking the target which rows it has, before a row in doubt is sent again.

Only a reply proven to be able to find something may say that a row is not there. Where an API's replies are
not documented, the first import finds out how it says so, with the first row it has made:

    a row just made --asked for until it is found--> a row never made, asked for --> LookupProof, kept
"""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from f.connect.calls.message import Response
from f.connect.errors import ConnectError
from f.connect.times import parse_iso
from f.records.rows.outcome import RowOutcome
from f.records.target.lookup_proof import LookupProof
from f.records.target.target import content_of, digest
from f.records.target.values import shows_other_values

if TYPE_CHECKING:
    from f.records.journal.journal import Claim
    from f.records.rows.row import Found, Row, Rows
    from f.records.sending.batch_claims import BatchClaims
    from f.records.sending.reply_reader import InDoubt, ReplyReader
    from f.records.sending.wire import Wire
    from f.records.target.lookup_proof import LookupReading
    from f.records.target.target import Lookup, Target

# By how much the target's clock and ours may differ.
_CLOCKS_DIFFER_SECONDS = 300.0
# Waits before each look for the row that was just made: some indexes lag behind.
_LOOKS = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)


@dataclass(slots=True)
class LookedUp:
    """Outcomes by line of rows that are there or could not be asked for, and the rows that are not there."""

    outcomes: dict[int, RowOutcome] = field(default_factory=dict)
    absent: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class Answers:
    """What the target said of each row, by line. A row may be asked for in several spellings."""

    asked: Counter[int] = field(default_factory=Counter)
    absent: Counter[int] = field(default_factory=Counter)
    found: dict[int, Found] = field(default_factory=dict)
    failed: dict[int, RowOutcome] = field(default_factory=dict)
    why: dict[int, str] = field(default_factory=dict)

    def take(self, rows: Rows, reading: LookupReading) -> None:
        """Take what an answer to a question about these rows says of them."""
        lines = [row.line for row in rows]
        self.asked.update(lines)
        self.found.update(reading.found)
        self.absent.update(reading.absent)
        for line in lines:  # what one answer lacked is not made good by the next
            self.why[line] = reading.why or self.why.get(line, "")

    def is_absent(self, line: int) -> bool:
        """Return whether every question about the row was answered, and each answer proves it absent."""
        return 0 < self.asked[line] == self.absent[line]


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
        self._proof = target.proven.lookup
        self._tried = False  # to learn, or to read what an earlier import has learnt
        self._lag_is_known = True  # of the proof: it was learnt from a row that was new

    @property
    def can_ask(self) -> bool:
        """Return whether the target can be asked for a row."""
        return self._target.lookup is not None

    @property
    def proves_absence(self) -> bool:
        """Return whether an answer can say that a row is not there, as far as is known by now."""
        return self._target.proves_absence or (self._proof is not None and self._lag_is_known)

    def learn(self, made: Row, remote_id: str | None, *, is_new: bool = True) -> None:
        """Find out how the target says that a record is not there, with a row it has; once, and for good.

        A row that is not new says nothing of how late the look-up comes to know: what it teaches is not kept,
        and holds only of rows that are not new either.
        """
        lookup, known = self._target.lookup, self._proof if self._lag_is_known else None
        if lookup is None or lookup.proving is None or known or self._tried or self._wire.is_stopping():
            return
        self._tried = is_new
        if (kept := self._kept_proof()) is not None:
            self._proof, self._lag_is_known = kept, True
            return
        try:
            found, lag = self._until_found(lookup, made)
            absent = self._ask_one(lookup, lookup.proving.never_made(made))
        except ConnectError as error:
            print(f"What the look-up answers could not be learnt: {error}")
            return
        learnt = lookup.proving.prove(made, remote_id, (found, absent), lag, self._target)
        if isinstance(learnt, str):
            print(f"{learnt} So a row whose answer is lost is not looked up, but reported as unknown.")
            return
        self._proof, self._lag_is_known = learnt, is_new
        if not is_new:
            return
        proof = {"about": _about(self._target), "lookup": learnt.to_json()}
        self._claims.keep_proof(orjson.dumps(proof).decode())

    def find(
        self,
        rows: Rows,
        in_doubt: InDoubt,
        *,
        newly_in_doubt: frozenset[int] = frozenset(),
        began: float = 0.0,
    ) -> LookedUp:
        """Ask for the rows. One that is neither found nor proven absent stays in doubt.

        `newly_in_doubt`: lines of rows of which only this run, since `began` (seconds since the epoch), has
        lost an answer. If such a row is there, and older than the run by the target's own word, or with other
        values than were sent, this run did not create it: it is a duplicate.
        """
        looked_up = LookedUp()
        lookup = self._target.lookup
        if not rows or lookup is None or self._wire.is_stopping():
            return looked_up
        self._wait_for_in_flight(rows, in_doubt)
        answers = self._ask(lookup, rows, in_doubt)
        if self._learnt_from(answers, rows, newly_in_doubt):
            answers = self._ask(lookup, rows, in_doubt)
        for row in rows:
            claim = in_doubt.get(row.line)
            if (record := answers.found.get(row.line)) is not None:
                outcome = RowOutcome.because("already_exists", id=record.id or None)
                was_there = (row.line in newly_in_doubt and _is_older(record, lookup, began)) or (
                    claim is not None and shows_other_values(self._target.record_of(row), record.record)
                )
                looked_up.outcomes[row.line] = (
                    self._reader.apply_duplicate_policy(outcome)
                    if was_there
                    else self._reader.existing(outcome, claim)
                )
            elif not answers.is_absent(row.line) or (row.line in newly_in_doubt and not self._lag_is_known):
                looked_up.outcomes[row.line] = answers.failed.get(row.line) or _not_known(
                    claim, answers.why.get(row.line, "It was not looked up.")
                )
            elif claim is not None and claim.accepted:
                looked_up.outcomes[row.line] = RowOutcome.because("accepted")
            else:
                looked_up.absent.append(row)
        return looked_up

    def _learnt_from(self, answers: Answers, rows: Rows, newly_in_doubt: frozenset[int]) -> bool:
        """Whether a row that was found has just taught what the other answers mean."""
        before = self._proof
        if before is None and answers.found:
            there = next(row for row in rows if row.line in answers.found)
            self.learn(there, answers.found[there.line].id, is_new=there.line in newly_in_doubt)
        return self._proof is not before

    def _ask(self, lookup: Lookup, rows: Rows, in_doubt: InDoubt) -> Answers:
        answers, proof = Answers(), self._known_proof(lookup)
        names = [lookup.created_field] if lookup.created_field else []
        for asked, result in self._wire.send_many(lookup.lookups_for(rows, self._target, names)):
            if isinstance(result, Response) and is_answer(result):
                answers.take(asked, lookup.read_lookup(result, asked, self._target, proof))
                continue
            lines = [row.line for row in asked]
            answers.asked.update(lines)
            for line in lines:
                # Not looked up is not absent: a row in doubt stays so, the others were not sent.
                failure = self._reader.read_unanswered_lookup(result, in_doubt=line in in_doubt)
                self._wire.stop_for(failure.stop)
                answers.failed[line] = failure.outcome
        return answers

    def _until_found(self, lookup: Lookup, made: Row) -> tuple[Response, float]:
        """The first answer that shows a row just made, else the last one; and the seconds it took."""
        began = time.monotonic()
        for wait in _LOOKS:
            if wait:
                self._sleep(wait)
            found = self._ask_one(lookup, made)
            if lookup.read_lookup(found, [made], self._target, None).found:
                break
        return found, time.monotonic() - began

    def _ask_one(self, lookup: Lookup, row: Row) -> Response:
        request = next(iter(lookup.lookups_for([row], self._target, [])))
        return self._wire.call(request)

    def _known_proof(self, lookup: Lookup) -> LookupProof | None:
        if self._proof is None and lookup.proving is not None:
            self._proof = self._kept_proof()
        return self._proof

    def _kept_proof(self) -> LookupProof | None:
        return kept_proof(self._claims.proof(), self._target)

    def _wait_for_in_flight(self, rows: Rows, in_doubt: InDoubt) -> None:
        """Wait until what was sent must have reached the target; before, not finding it proves nothing."""
        claims = [in_doubt[row.line] for row in rows if row.line in in_doubt]
        if not claims:
            return
        # What was made may be found a little later only; a lag once measured is not the longest there is.
        lag = 2 * self._proof.lag_seconds if self._proof else 0.0
        now, ours = self._claims.now(), self._target.in_flight
        wait = max(min(claim.since - now, 0.0) + max(ours, claim.in_flight) + lag for claim in claims)
        if wait > 0:
            self._sleep(wait)


def kept_proof(text: str | None, target: Target) -> LookupProof | None:
    """Return what an earlier import has learnt and the journal kept, if it was about this very look-up."""
    try:
        kept = orjson.loads(text or "null")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(kept, dict) or kept.get("about") != _about(target):
        return None
    return LookupProof.from_json(kept.get("lookup"))


def is_answer(response: Response) -> bool:
    """Return whether a reply is the look-up's own: not of a refused credential, or a service in trouble."""
    return response.status not in {401, 403} and not (300 <= response.status < 400 or response.status >= 500)


def _not_known(claim: Claim | None, why: str) -> RowOutcome:
    """The outcome of a row of which the look-up proved nothing; one that is not in doubt was not sent."""
    if claim is None:
        return RowOutcome.because("service_unavailable", why)
    return RowOutcome.because("accepted" if claim.accepted else "answer_lost", why)


def _about(target: Target) -> str:
    """Which look-up a proof is about: another address or other names are another one."""
    fields = target.fields
    nested = {name: list(path) for name, path in fields.nested.items()}
    return digest(content_of([target.lookup_endpoint, fields.plain, nested]))


def _is_older(record: Found, lookup: Lookup, began: float) -> bool:
    """Whether a record is older than this run, by the target's own word and over clocks that differ."""
    made = parse_iso(record.record.get(lookup.created_field))
    return made is not None and made < began - _CLOCKS_DIFFER_SECONDS
