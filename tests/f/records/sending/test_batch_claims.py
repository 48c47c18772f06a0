"""The journal beside the sending: what is committed when, and what a run leaves behind however it ends."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from f.connect.calls.message import Request
from f.connect.errors import TryLater
from f.customers.targets.customer_api import open_target
from f.records.journal.journal import Claim, Entry
from f.records.journal.no_journal import NoJournal
from f.records.journal.owner import LeasedOwner
from f.records.journal.row_journal import RowJournal
from f.records.rows.outcome import RowOutcome
from f.records.rows.row import Row, Rows
from f.records.sending.batch_claims import BatchClaims, entry_of
from f.store.stores import sqlite_store
from tests.f.records.sending.test_delivery import BATCH, LOOKUP, NO_KEYS, Bench, Crm, bench, codes, rows
from tests.loopback import Asked, Reply, serve

BATCHES = {"batch_size": 10}
NOWHERE = {"kind": "generic", "base_url": "http://127.0.0.1"}
TARGET = open_target(NOWHERE)


class Watched:
    """A RowJournal that tells of each commit: "claim 1", once it is done "claimed 1", then "record 1", ..."""

    def __init__(self, journal: RowJournal, watch: Callable[[str], None]) -> None:
        self._journal, self._watch = journal, watch
        self._counts: Counter[str] = Counter()
        self.permit, self.proof, self.keep_proof = journal.permit, journal.proof, journal.keep_proof
        self.now, self.look = journal.now, journal.look

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        with self._watched("claim", "claimed"):
            return self._journal.claim(entries)

    def record_sent(
        self, entries: Sequence[Entry], in_flight: float, job: str | None = None
    ) -> frozenset[str]:
        with self._watched("send", "to send"):
            return self._journal.record_sent(entries, in_flight, job)

    def record_outcomes(
        self,
        *,
        done: Iterable[tuple[Entry, str, str | None]],
        in_doubt: Iterable[Entry],
        accepted: Iterable[Entry] = (),
        forgotten: Iterable[Entry],
    ) -> None:
        with self._watched("record", "recorded"):
            self._journal.record_outcomes(
                done=done, in_doubt=in_doubt, accepted=accepted, forgotten=forgotten
            )

    @contextlib.contextmanager
    def _watched(self, before: str, after: str) -> Iterator[None]:
        self._counts[before] += 1
        self._watch(f"{before} {self._counts[before]}")
        yield
        self._watch(f"{after} {self._counts[before]}")


def states(at: Bench) -> dict[str, int]:
    """How many customers the journal knows in each state."""
    return dict(Counter(state for (state,) in at.store.execute("SELECT state FROM import_rows")))


def test_the_next_batch_is_claimed_and_the_last_recorded_while_one_is_under_way(tmp_path: Path) -> None:
    crm, happened = Crm(), set[str]()
    news = threading.Condition()

    def note(moment: str) -> None:
        with news:
            happened.add(moment)
            news.notify_all()

    def answer(asked: Asked) -> Reply:
        with news:
            if asked.json["email"] == "c15@example.com":  # of the second batch
                assert news.wait_for(lambda: happened >= {"claimed 3", "recorded 1"}, 20)
        return crm(asked)

    with serve(answer) as server:
        at = bench(server, tmp_path, BATCHES)
        assert codes(at.send(rows(30), journal=Watched(at.journal(), note))) == {"created": 30}


def test_a_claim_that_fails_ends_the_run_once_what_is_under_way_is_recorded(tmp_path: Path) -> None:
    def fail(moment: str) -> None:
        if moment == "claim 2":
            raise TryLater("The journal is locked.")

    crm = Crm()
    with serve(crm) as server:
        at = bench(server, tmp_path, BATCHES)
        with pytest.raises(TryLater, match="The journal is locked"):
            at.send(rows(30), journal=Watched(at.journal(), fail))
    assert len(crm.created) == 10
    assert states(at) == {"done": 10}


def test_an_outcome_that_cannot_be_written_down_stops_the_sending_and_stays_in_doubt(tmp_path: Path) -> None:
    crm, failed = Crm(), threading.Event()

    def fail(moment: str) -> None:
        if moment == "record 1":
            failed.set()
            raise TryLater("The disk is full.")

    def answer(asked: Asked) -> Reply:
        assert asked.json["email"] != "c15@example.com" or failed.wait(20)
        return crm(asked)

    with serve(answer) as server:
        at = bench(server, tmp_path, BATCHES)
        with pytest.raises(TryLater, match="The disk is full"):
            at.send(rows(40), journal=Watched(at.journal(), fail))
    assert 10 <= len(crm.created) <= 20  # of the second batch, what was under way
    assert states(at)["sent"] == 10


COMMITS = ("claim", "claimed", "send", "to send", "record", "recorded")
MOMENTS = [f"{what} {number}" for number in (1, 2, 3) for what in COMMITS]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_that_dies_at_any_commit_is_resumed_with_nothing_lost_or_twice(
    tmp_path: Path, moment: str
) -> None:
    died: list[str] = []

    def die(now: str) -> None:
        if now == moment or died:
            died.append(now)
            raise TryLater("The journal is gone.")

    crm = Crm()
    with serve(crm) as server:
        at = bench(server, tmp_path, {**BATCHES, **NO_KEYS}, endpoints=LOOKUP)
        with pytest.raises(TryLater, match="The journal is gone"):
            at.send(rows(30), journal=Watched(at.journal(), die))
        resumed = at.send(rows(30))
    assert crm.created == {f"c{line}@example.com": 1 for line in range(2, 32)}
    assert set(codes(resumed)) <= {"created", "found_in_target"}
    assert states(at) == {"done": 30}


@pytest.mark.parametrize("broken", [False, True], ids=["cancelled", "ended by an error"])
def test_rows_claimed_ahead_and_never_sent_are_given_back(tmp_path: Path, broken: bool) -> None:
    crm, cancel = Crm(), threading.Event()

    def answer(asked: Asked) -> Reply:
        cancel.set()
        return crm(asked)

    def cancelled() -> bool:
        if broken and cancel.is_set():
            raise KeyboardInterrupt
        return cancel.is_set()

    with serve(answer) as server:
        at = bench(server, tmp_path, BATCHES)
        at.send(rows(14, "before")[10:])
        at.crash(rows(16)[14:])
        cancel.clear()
        crm.created.clear()
        with contextlib.suppress(KeyboardInterrupt):
            at.send(rows(20), cancelled=cancelled)
        # A run that ends by an error knows what it handed to the wire: the first row, which goes alone.
        # Of the batch claimed ahead, four were applied with other content before, and two were in doubt.
        broken_off = {"done": 4, "sent": 2 + 1}
        assert states(at) == (broken_off if broken else {"done": 4 + len(crm.created), "sent": 2})
        again = at.send(rows(14, "before")[10:], journal=at.journal("another"))
    assert codes(again) == {"already_imported": 4}


class Blocks(NoJournal):
    """Remembers how many rows each statement was about."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.recorded: list[int] = []

    def record_sent(
        self, entries: Sequence[Entry], in_flight: float, job: str | None = None
    ) -> frozenset[str]:
        self.sent.append(len(entries))
        return super().record_sent(entries, in_flight, job)

    def record_outcomes(self, **outcomes: object) -> None:
        self.recorded.append(sum(len(list(rows)) for rows in outcomes.values() if isinstance(rows, list)))


@pytest.mark.parametrize(
    ("connections", "rows_each", "blocks"),
    [
        (64, 1, [64] * 117 + [12]),
        (64, 100, [3_000, 3_000, 1_500]),
        (64, 1_500, [6_000, 1_500]),  # four requests at least
        (6, 100, [600] * 12 + [300]),
        (1, 1, [4] * 1_875),
    ],
)
def test_a_statement_is_about_enough_requests_for_all_connections_or_enough_rows(
    connections: int, rows_each: int, blocks: list[int]
) -> None:
    settings = {"max_concurrent_requests": connections}
    target = open_target({"kind": "generic", "base_url": "http://127.0.0.1", "settings": settings})
    journal, all_rows = Blocks(), rows(7_500)
    with BatchClaims(target, journal) as claims:
        for batch in claims.claimed([all_rows]):
            groups = [batch.rows[at : at + rows_each] for at in range(0, len(batch.rows), rows_each)]
            requests = [Request(method="POST", path="/customers", context=group) for group in groups]
            assert list(claims.admit(iter(requests), [])) == requests
            claims.record_outcomes(batch, {row.line: RowOutcome("created") for row in all_rows})
    assert journal.sent == blocks
    assert journal.recorded == [3_000, 3_000, 1_500]


def applied_elsewhere(at: Bench, row: Row) -> None:
    """Have another import, which has ended since, create a row that this one has claimed."""
    other, entry = at.journal("another", owner="other"), entry_of(row, at.target)
    other.claim([entry])
    other.record_sent([entry], 1)
    other.record_outcomes(done=[(entry, "created", "x")], in_doubt=(), forgotten=())


def test_a_row_that_another_job_takes_over_meanwhile_keeps_no_other_of_its_request_from_being_sent(
    tmp_path: Path,
) -> None:
    all_rows, crm = rows(30), Crm()

    def take_over(moment: str) -> None:
        if moment == "claimed 1":
            applied_elsewhere(at, all_rows[14])

    with serve(crm) as server:
        at = bench(server, tmp_path, {"rows_per_request": 10, **NO_KEYS}, endpoints=BATCH)
        sent = at.send(all_rows, journal=Watched(at.journal(), take_over))
    assert codes(sent) == {"created": 29, "in_progress_elsewhere": 1}
    assert crm.created == {row.key: 1 for row in all_rows if row is not all_rows[14]}
    assert not at.slept
    assert states(at) == {"done": 30}


def deliver(block: BatchClaims, batches: Sequence[Rows]) -> list[Row]:
    """Have each batch created by one request; return the rows in the order in which they were sent."""
    sent: list[Row] = []
    with block as claims:
        for batch in claims.claimed(batches):
            request = Request(method="POST", path="/customers", context=batch.rows)
            assert list(claims.admit([request], [])) == [request]
            sent += batch.rows
            claims.record_outcomes(batch, {row.line: RowOutcome("created") for row in batch.rows})
    return sent


def test_outcomes_that_cannot_be_written_down_keep_no_other_of_their_batch_from_it(tmp_path: Path) -> None:
    def fail(moment: str) -> None:
        if moment == "record 2":
            raise TryLater("The journal is locked.")

    with sqlite_store(tmp_path / "journal.sqlite") as store:
        at, all_rows = Bench(NOWHERE["base_url"], store, NOWHERE), rows(7_500)
        journal = Watched(at.journal(), fail)
        with pytest.raises(TryLater, match="The journal is locked"):
            deliver(BatchClaims(at.target, journal), [all_rows])
        assert states(at) == {"done": 4_500, "sent": 3_000}


def test_while_rows_of_an_ended_job_are_waited_for_outcomes_are_recorded(tmp_path: Path) -> None:
    recorded, all_rows = threading.Event(), rows(20)
    waited: list[bool] = []

    def wait(_seconds: float) -> None:
        waited.append(recorded.wait(20))
        ended.forget()

    class Ended(RowJournal):
        """A row of the second batch is another job's, which has ended, until it is waited for."""

        theirs: frozenset[str] = frozenset({entry_of(all_rows[14], TARGET).key})

        def forget(self) -> None:
            self.theirs = frozenset()

        def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
            claims = super().claim(entries)
            ended = Claim("elsewhere", free_at=self.now())
            return {key: ended if key in self.theirs else claim for key, claim in claims.items()}

        def record_outcomes(self, **outcomes: Any) -> None:
            super().record_outcomes(**outcomes)
            recorded.set()

    with sqlite_store(tmp_path / "journal.sqlite") as store, LeasedOwner(store, "me") as owner:
        ended = Ended(store, TARGET.identity, "now", owner)
        sent = deliver(BatchClaims(TARGET, ended, sleep=wait), [all_rows[:10], all_rows[10:]])
    assert waited == [True]
    assert sent == all_rows
