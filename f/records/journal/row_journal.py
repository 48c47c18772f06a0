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
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import orjson

from f.connect.errors import TryLater
from f.connect.times import DAY_SECONDS
from f.records.journal.journal_tables import (
    ACCEPTED,
    ADD_APPLIED,
    ANEW,
    CLAIM,
    DONE,
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


class Entry(NamedTuple):
    """A row to be sent, as the journal knows it: two hashes."""

    key: str
    content: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What the journal knows of a row that is to be sent. Times in seconds since the epoch.

    `mine`: nothing, send it. `in_doubt`: it may have been applied, with this content or another, as part of
    the bulk job `job` if that is set; it was sent at `since` at the latest, first at `first_sent`, by a job
    for whom a request was under way for `in_flight` seconds at most; `accepted`: the target said it would
    apply it later. `changed`: it was applied before with other content, as record `remote_id` if that is
    known. `done`: it was applied before, by this import or another. `elsewhere`: another job, still running,
    is sending it; if that job is known to have ended, its rows are free at `free_at`. `generation`: how often
    the record was made and then found to be gone.
    """

    state: Literal["mine", "in_doubt", "changed", "done", "elsewhere"]
    same_content: bool = True
    same_import: bool = False
    outcome: str = ""
    remote_id: str | None = None
    job: str | None = None
    since: float = 0.0
    first_sent: float = 0.0
    in_flight: float = 0.0
    accepted: bool = False
    generation: int = 0
    free_at: float | None = None


MINE = Claim("mine")


class Journal(Protocol):
    """What the planner reads, and what the sender reads and records. A method commits one transaction.

    `permit` is to be asked before each attempt to send what was claimed; None: nobody else can take it over.
    """

    @property
    def permit(self) -> Permit | None:
        """The right to send, while no other job has taken over."""

    def look(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        """Return what `claim` would return for these rows, by key. Claims nothing, and waits for no claim."""

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        """Commit that this job is going to send those rows that are known, and return what is known of each.

        Rows that are `done` or `elsewhere` are not claimed. One claim at a time for each target. A row that
        nothing is known of is claimed for nobody: `record_sent` says who sends it.
        """

    def record_sent(
        self, entries: Sequence[Entry], in_flight: float, job: str | None = None
    ) -> frozenset[str]:
        """Commit that rows are about to be handed to the wire, as part of a bulk job if one is named.

        Returns the keys of those that are still this job's: no other may be sent. `in_flight`: seconds that
        a request can be under way. Raises TryLater if another job has taken this one's place.
        """

    def record_outcomes(
        self,
        *,
        done: Iterable[tuple[Entry, str, str | None]],
        in_doubt: Iterable[Entry],
        accepted: Iterable[Entry] = (),
        forgotten: Iterable[Entry],
    ) -> None:
        """Commit the outcomes of claimed rows, and give up the claims.

        `done` were applied, with outcome and remote id; `in_doubt` are without an answer, `accepted` with the
        answer that they are applied later; `forgotten` were not applied. A row that another job has taken
        over in the meantime is left alone.
        """

    def proof(self) -> str | None:
        """Return what an import has learnt of this target and kept; None if nothing."""

    def keep_proof(self, proof: str) -> None:
        """Keep what was learnt of this target, for all later imports."""

    def now(self) -> float:
        """Return the seconds since the epoch, by the clock of `Claim.since`."""


class RowJournal:
    """The journal of one target in a store. Used by one thread at a time, except for `now`.

    `resend_unknown`: rows in doubt are sent as if they were new; a person has looked them up.
    """

    def __init__(
        self, store: Store, target: str, import_id: str, owner: Owner, *, resend_unknown: bool = False
    ) -> None:
        self._store, self._owner, self._resend_unknown = store, owner, resend_unknown
        self._target, self._import_id = target, import_id
        # Keys with an entry of this job's, without an outcome yet. To ask the table for them would be to read
        # all that was ever sent: `owner` has no index.
        self._held: set[str] = set()
        create_tables(store)

    @property
    def permit(self) -> Permit | None:
        return self._owner.permit

    def now(self) -> float:
        return self._store.now()

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        given_up = self._store.ticks() + _LONGEST_TURN
        while (claims := self._claim(entries)) is None:
            if self._store.ticks() > given_up:
                raise TryLater("The journal's other jobs leave no turn to this one.", code="store")
            time.sleep(random.uniform(0, _TURN_PAUSE))  # noqa: S311 - so that two do not meet again
        return claims

    def _claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim] | None:
        """Claim what may be claimed, as it was read; None if another job was faster."""
        # Read at one moment: whatever is claimed after that is claimed in a later turn.
        rows = self._store.execute(*self._statement(READ_AT_TURN, entries))
        at = self.now()
        if not rows:
            self._store.execute(FIRST_TURN, self._values(at))
            return None
        known = _by_key(row[1:] for row in rows if row[1] is not None)
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
        if writes and not self._store.together([take_turn, *writes])[0]:
            return None
        return claims

    def look(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        known, at = self._read(entries), self.now()
        return self._judge_all(entries, known, at, take_over=False)

    def record_sent(
        self, entries: Sequence[Entry], in_flight: float, job: str | None = None
    ) -> frozenset[str]:
        if self.permit is not None and not self.permit.is_valid():
            self.permit.renew()
        self._held.update(map(_KEY, entries))
        rows = self._run(RECORD_SENT, entries, self.now(), in_flight=in_flight, job=job)
        return frozenset(map(_KEY, rows))

    def record_outcomes(
        self,
        *,
        done: Iterable[tuple[Entry, str, str | None]],
        in_doubt: Iterable[Entry],
        accepted: Iterable[Entry] = (),
        forgotten: Iterable[Entry],
    ) -> None:
        at = self.now()
        applied = [(*entry, outcome, remote_id) for entry, outcome, remote_id in done]
        later = list(accepted)
        # Of a row that was neither known nor sent there is no entry.
        not_applied = [entry for entry in forgotten if entry.key in self._held]
        unanswered = [*in_doubt, *later]
        counts = Counter(outcome for _, _, outcome, _ in applied)
        answers = self._run_together(
            at,
            (DONE, applied),
            (ADD_APPLIED, _numbers(counts)),
            (ACCEPTED, later),
            (LEAVE_IN_DOUBT, unanswered),
            (PUT_BACK, not_applied),
            (FORGET, not_applied),
            (STAY_UNSENT, not_applied),
        )
        self._held.difference_update(map(_KEY, (*applied, *unanswered, *not_applied)))
        if applied:
            # Those that another job took over are few: to look for them first is half of what the rest takes.
            counts.subtract(outcome for (outcome,) in answers[0])
            self._run(ADD_APPLIED, _numbers(Counter({name: -left for name, left in counts.items() if left})))

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
        return len(self._run(FORGET_MISSING, [(*entry, str(generation)) for entry, generation in missing]))

    def proof(self) -> str | None:
        rows = self._store.execute(READ_PROOF, {"target": self._target})
        return str(rows[0][0]) if rows else None

    def keep_proof(self, proof: str) -> None:
        self._store.execute(KEEP_PROOF, {"target": self._target, "proof": proof, "at": self.now()})

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
        return self._store.execute(*self._statement(sql, rows, at, **more)) if rows else []

    def _run_together(self, at: float, *parts: tuple[str, Sequence[Values]]) -> list[list[tuple[Any, ...]]]:
        statements = self._statements(at, *parts)
        return self._store.together(statements) if statements else []

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


def _numbers(counts: Mapping[str, int]) -> list[Values]:
    return [(name, str(number)) for name, number in counts.items()]


def _by_key(rows: Iterable[tuple[Any, ...]]) -> dict[str, _Known]:
    return {row[0]: _Known(*row[1:]) for row in rows}
