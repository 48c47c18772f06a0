"""What became of each record at a target, durable over crashes, runs and jobs.

Before a row is sent its intent is committed here, after the answer its outcome. A row is known by its key
(what makes two rows the same record) and its content, never by its line: a run after a crash finds what was
sent and what was answered, and a later import of the same file finds nothing left to do. Both are kept as
hashes.

    (unknown) -----------------record_sent---> sent --record_outcomes: applied-----> done
    (known) --claim--> claimed --record_sent--> |    --record_outcomes: not applied-> as before
                          |                     |    --record_outcomes: in doubt----> sent, nobody's
                          |                     `--- its job dies ------------------> sent, that job's
                          `- its job dies, or gives it back: as before, for nothing was sent

A row that nothing is known of has no entry before it is about to be sent: to claim it is to find that out,
and of two jobs that do so the one that records it as sent first sends it.
A row whose state is `sent`, and whose owner is nobody or a dead job, is in doubt for whoever claims it next.
What was applied before (`content`, `remote_id`) stays while a change of it (`sending`) is under way, so that
a change which is refused, or never sent, leaves it as it was.
"""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

# ruff: noqa: D102 - Journal says what the methods of the two journals are for
import functools
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from f.connect.errors import TryLater
from f.connect.times import DAY_SECONDS
from f.records.journal.blocks import unpack
from f.records.journal.journal import MINE, Claim, Entry
from f.records.journal.journal_tables import (
    ADD_APPLIED,
    ANEW,
    CHANGES,
    CLAIM,
    FIRST_TURN,
    FORGET,
    FORGET_MISSING,
    KEEP_PROOF,
    LEAVE_IN_DOUBT,
    MEET,
    PUT_BACK,
    READ,
    READ_AT_TURN,
    READ_PROOF,
    RECORD_SENT,
    STAY_UNSENT,
    TAKE_OVER,
    TAKE_TURN,
    UNSENT,
    create_tables,
)
from f.records.journal.owner import NOBODY, Owner, Standing

if TYPE_CHECKING:
    from f.store.store import Permit, Statement, Store

_LONGEST_TURN = 30.0  # seconds to wait for a turn
_TURN_PAUSE = 0.02  # seconds, about what a claim takes, after which one that came second tries again
_MET_SECONDS = 7 * DAY_SECONDS

# What a statement gets of one row, or returns of it, the key first.
Values = tuple[str | None, ...]
# What is recorded of rows, by its name in CHANGES.
Change = tuple[str, Sequence[Values]]
_KEY = itemgetter(0)


class _Known(NamedTuple):
    """A row of the table, without target and key. `renewed_at`: when an import last met it."""

    content: str
    state: str
    outcome: str
    remote_id: str | None
    import_id: str
    owner: str
    sent_at: float
    renewed_at: float
    sending: str
    first_sent_at: float
    in_flight: float
    job: str | None
    doubt: str
    generation: int


class RowJournal:
    """The journal of one target in a store. Used by one thread at a time, except for `now`.

    `resend_unknown`: rows in doubt are sent as if they were new; a person has looked them up.
    """

    def __init__(
        self, store: Store, target: str, import_id: str, owner: Owner, *, resend_unknown: bool = False
    ) -> None:
        self.store, self._owner, self._resend_unknown = store, owner, resend_unknown
        self._target, self._import_id = target, import_id
        # Keys with an entry of this job's, without an outcome yet. To ask the table for them would be to read
        # all that was ever sent: `owner` has no index.
        self._held: set[str] = set()
        create_tables(store)

    @property
    def permit(self) -> Permit | None:
        return self._owner.permit

    def now(self) -> float:
        return self.store.now()

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        given_up = self.store.ticks() + _LONGEST_TURN
        while (claims := self._claim(entries)) is None:
            if self.store.ticks() > given_up:
                raise TryLater("The journal's other jobs leave no turn to this one.", code="store")
            time.sleep(random.uniform(0, _TURN_PAUSE))  # noqa: S311 - so that two do not meet again
        return claims

    def _claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim] | None:
        """Claim what may be claimed, as it was read; None if another job was faster."""
        # Read at one moment: whatever is claimed after that is claimed in a later turn.
        rows = self.store.execute(*self._statement(READ_AT_TURN, entries))
        at = self.now()
        if not rows:
            self.store.execute(FIRST_TURN, self._values(at))
            return None
        if rows[0][1]:
            unpack(self.store, self._target)
            return self._claim(entries)
        known = _by_key(row[2:] for row in rows if row[2] is not None)
        claims = self._judge_all(entries, known, at, take_over=True)
        old = [(entry, claims[entry.key].state) for entry in entries if entry.key in known]
        fresh = [entry for entry, state in old if state in {"mine", "changed"}]
        taken = [entry for entry, state in old if state == "in_doubt"]
        met = [
            entry
            for entry, state in old
            if state == "done" and at - known[entry.key].renewed_at > _MET_SECONDS
        ]
        resent = [entry for entry in fresh if self._is_resent(known.get(entry.key))]
        turn, seen = secrets.token_hex(8), rows[0][0]
        writes = self._statements(
            at, (ANEW, resent), (CLAIM, fresh), (TAKE_OVER, taken), (MEET, met), turn=turn
        )
        take_turn = (TAKE_TURN, {**self._values(at), "turn": turn, "seen": seen})
        self._held.update(entry.key for entry in (*fresh, *taken))
        if writes and not self.store.together([take_turn, *writes])[0]:
            return None
        return claims

    def look(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        unpack(self.store, self._target)
        known, at = self._read(entries), self.now()
        return self._judge_all(entries, known, at, take_over=False)

    def record_sent(
        self, entries: Sequence[Entry], in_flight: float, job: str | None = None
    ) -> frozenset[str]:
        if self.permit is not None and not self.permit.is_valid():
            self.permit.renew()
        self._held.update(map(_KEY, entries))
        return self._write_sent(self.now(), entries, in_flight, job)

    def record_outcomes(
        self,
        *,
        done: Iterable[tuple[Entry, str, str | None]],
        in_doubt: Iterable[Entry],
        accepted: Iterable[Entry] = (),
        forgotten: Iterable[Entry],
    ) -> None:
        applied = [(*entry, outcome, _storable(remote_id)) for entry, outcome, remote_id in done]
        later = list(accepted)
        # Of a row that was neither known nor sent there is no entry.
        not_applied = [entry for entry in forgotten if entry.key in self._held]
        unanswered = [*in_doubt, *later]
        changes: list[Change] = [
            ("done", applied),
            ("accepted", later),
            ("in_doubt", unanswered),
            ("not_applied", not_applied),
        ]
        counts = Counter(outcome for _, _, outcome, _ in applied)
        self._write_outcomes(self.now(), [change for change in changes if change[1]], counts)
        self._held.difference_update(map(_KEY, (*applied, *unanswered, *not_applied)))

    def _write_sent(
        self, at: float, entries: Sequence[Entry], in_flight: float, job: str | None
    ) -> frozenset[str]:
        """Commit that rows are about to be sent; return the keys of those that no other job has."""
        rows = self._run(RECORD_SENT, entries, at, in_flight=in_flight, job=job)
        return frozenset(map(_KEY, rows))

    def _write_outcomes(self, at: float, changes: Sequence[Change], counts: Counter[str]) -> None:
        """Commit changes of rows, and count those that were applied."""
        parts = [(statement, rows) for change, rows in changes for statement in CHANGES[change]]
        answers = self._run_together(at, *parts, (ADD_APPLIED, numbers(counts)))
        if counts:
            # Those that another job took over are few: to look for them first is half of what the rest takes.
            left = counts - Counter(outcome for (outcome,) in answers[0])
            self._run(ADD_APPLIED, numbers({name: -count for name, count in left.items()}))

    def release(self) -> None:
        """Give back what was claimed and not sent, and leave what was sent in doubt, for the next run.

        After a complete run there is nothing of either.
        """
        held: list[Values] = [(key,) for key in self._held]
        self._run_together(
            self.now(),
            (LEAVE_IN_DOUBT, held),
            (PUT_BACK + UNSENT, held),
            (FORGET + UNSENT, held),
            (STAY_UNSENT + UNSENT, held),
        )

    def forget_missing(self, missing: Iterable[tuple[Entry, int]]) -> int:
        """Forget rows that are not in the target though they were applied, and return how many.

        Each comes with the generation it had before it was looked up. If it has another one now, another job
        has missed it as well and made it anew, maybe with the very same content: then it stays as it is.
        """
        unpack(self.store, self._target)
        return len(self._run(FORGET_MISSING, [(*entry, str(generation)) for entry, generation in missing]))

    def proof(self) -> str | None:
        rows = self.store.execute(READ_PROOF, {"target": self._target})
        return str(rows[0][0]) if rows else None

    def keep_proof(self, proof: str) -> None:
        self.store.execute(KEEP_PROOF, {"target": self._target, "proof": proof, "at": self.now()})

    def _read(self, entries: Sequence[Entry]) -> dict[str, _Known]:
        return _by_key(self._run(READ, entries))

    def _judge_all(
        self, entries: Sequence[Entry], known: Mapping[str, _Known], now: float, *, take_over: bool
    ) -> dict[str, Claim]:
        @functools.cache  # a job is asked about once, however many of the rows are its own
        def standing(owner: str) -> Standing:
            return self._owner.standing(owner, now, take_over=take_over)

        claims = dict.fromkeys(map(_KEY, entries), MINE)
        for entry in entries if known else ():
            if entry.key in known:
                claims[entry.key] = self._judge(entry, known[entry.key], standing)
        return claims

    def _judge(self, entry: Entry, known: _Known, standing_of: Callable[[str], Standing]) -> Claim:
        if known.state == "done":
            return self._applied(entry, known)
        since = known.sent_at
        if known.owner not in {NOBODY, self._owner.name}:
            standing = standing_of(known.owner)
            if not standing.is_gone:
                return Claim("elsewhere", free_at=standing.free_at)
            # It may have sent the row later than it said it would, but not after it was gone.
            since = max(since, standing.last_sent)
        if known.state == "claimed":
            return self._applied(entry, known)
        return self._sent(entry, known, since)

    def _sent(self, entry: Entry, known: _Known, since: float) -> Claim:
        """What is known of a row that was sent, at `since` at the latest, and without an answer."""
        if self._is_resent(known):
            return Claim("mine", generation=known.generation + 1)
        if known.content:
            # The record was there before: what is in doubt is a change of it, which may be made again.
            return Claim("changed", remote_id=known.remote_id)
        return Claim(
            "in_doubt",
            same_content=known.sending == entry.content,
            job=known.job,
            since=since,
            first_sent=known.first_sent_at,
            in_flight=known.in_flight,
            accepted=known.doubt == "accepted",
            generation=known.generation,
        )

    def _is_resent(self, known: _Known | None) -> bool:
        """Whether a person has looked for a row in doubt, and wants it sent."""
        unknown = known is not None and known.state == "sent" and not known.content
        return self._resend_unknown and unknown

    def _applied(self, entry: Entry, known: _Known) -> Claim:
        """What was applied before, if anything was."""
        if not known.content:
            return Claim("mine", generation=known.generation)
        if known.content != entry.content:
            return Claim("changed", remote_id=known.remote_id)
        return Claim(
            "done",
            same_import=known.import_id == self._import_id,
            outcome=known.outcome,
            remote_id=known.remote_id,
            generation=known.generation,
        )

    def _run(
        self, sql: str, rows: Sequence[Values], at: float = 0.0, **more: str | float | None
    ) -> list[tuple[Any, ...]]:
        """Run a statement over rows, and return what it returns."""
        return self.store.execute(*self._statement(sql, rows, at, **more)) if rows else []

    def _run_together(self, at: float, *parts: tuple[str, Sequence[Values]]) -> list[list[tuple[Any, ...]]]:
        statements = self._statements(at, *parts)
        return self.store.together(statements) if statements else []

    def _statements(
        self, at: float, *parts: tuple[str, Sequence[Values]], **more: str | float | None
    ) -> list[Statement]:
        """Return the statements that have rows to run over."""
        return [self._statement(sql, rows, at, **more) for sql, rows in parts if rows]

    def _statement(
        self, sql: str, rows: Sequence[Values], at: float = 0.0, **more: str | float | None
    ) -> Statement:
        """Rows go in the order of the key: those that share a page of the index are written together."""
        in_order = sorted(rows, key=_KEY)
        return sql, {**self._values(at), "rows": orjson.dumps(in_order, default=tuple).decode(), **more}

    def _values(self, at: float) -> dict[str, Any]:
        return {"target": self._target, "import_id": self._import_id, "owner": self._owner.name, "at": at}


def _storable(remote_id: str | None) -> str | None:
    """What an API calls a record, as a text; None if it is none that every database keeps."""
    if remote_id is None or "\0" in (text := str(remote_id)):
        return None
    return text


def numbers(counts: Mapping[str, int]) -> list[Values]:
    """Return counts as rows of a statement."""
    return [(name, str(number)) for name, number in counts.items()]


def _by_key(rows: Iterable[tuple[Any, ...]]) -> dict[str, _Known]:
    return {row[0]: _Known(*row[1:]) for row in rows}
