"""A job writes blocks: whoever comes at any of its calls, and whatever breaks off then, loses nothing."""

from __future__ import annotations

import contextlib
import functools
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from f.connect.errors import ConnectError, TryLater
from f.records.journal.blocks import FilePart, unpack
from f.records.journal.chunk_journal import ChunkJournal
from f.records.journal.journal import Claim, Entry
from f.records.journal.journal_tables import create_tables
from f.records.journal.owner import LeasedOwner, Standing
from f.records.journal.pruning import prune
from f.records.journal.row_journal import RowJournal
from f.store.store import Row, Statement, Store, Values
from f.store.stores import memory_store

KEYS = [f"k{number}" for number in range(8)]
MIXED = ["k5", "k0", "k3", "k6", "k2", "k7", "k1", "k4"]
PROGRESS = "SELECT import_id, outcome, applied FROM import_progress"


class Alive(LeasedOwner):
    """A job by a name of the test's choice, that takes all others for alive."""

    def __init__(self, store: Store, name: str) -> None:
        super().__init__(store)
        self.name = name

    def standing(self, other: str, now: float, *, take_over: bool) -> Standing:
        return Standing(False)


class Meddled(Store):
    """A store before whose n-th call something else happens, and whose m-th write breaks off."""

    def __init__(self, store: Store, breaks_at: int, *, committed: bool) -> None:
        super().__init__()
        self._real, self._breaks_at, self._committed = store, breaks_at, committed
        self.calls = self.writes = 0
        self.meddle: Callable[[], None] = lambda: None
        self.meddles_at = -1

    def now(self) -> float:
        return self._real.now()

    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        self._called()
        if sql.lstrip().startswith("SELECT"):
            return self._real.execute(sql, values)
        return self._write([(sql, values or {})])[0]

    def together(self, statements: Sequence[Statement]) -> list[list[Row]]:
        self._called()
        return self._write(statements)

    def create(self, table: str, *, durable: bool = True, written_twice: bool = False) -> None:
        self._real.create(table, durable=durable, written_twice=written_twice)

    def columns(self, table: str) -> list[str]:
        return self._real.columns(table)

    def close(self) -> None:
        self._real.close()

    def _called(self) -> None:
        self.calls += 1
        if self.calls - 1 == self.meddles_at:
            self.meddle()

    def _write(self, statements: Sequence[Statement]) -> list[list[Row]]:
        self.writes += 1
        breaks_off = self.writes - 1 == self._breaks_at
        if breaks_off and not self._committed:
            raise TryLater("It broke off before.", code="store")
        found = self._real.together(statements)
        if breaks_off:
            raise TryLater("It broke off after.", code="store")
        return found


@dataclass
class Told:
    """What jobs had leave to send, by key, and what they were told of it."""

    granted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    done: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


def send(journal: RowJournal, keys: Sequence[str], told: Told) -> None:
    """Play one job to its end, or to the first error: of four rows two are applied, one has no answer."""
    with contextlib.suppress(ConnectError):
        for start in range(0, len(keys), 4):
            batch = [Entry(key, "1") for key in keys[start : start + 4]]
            claims = journal.claim(batch)
            mine = [entry for entry in batch if claims[entry.key].state == "mine"]
            leave = journal.record_sent(mine, 5) if mine else frozenset()
            for key in leave:
                told.granted[key].add(journal._owner.name)
            sent = [entry for entry in mine if entry.key in leave]
            told.refused.update(entry.key for entry in sent[3:])
            journal.record_outcomes(
                done=[(entry, "created", "7") for entry in sent[:2]],
                in_doubt=sent[2:3],
                forgotten=[*sent[3:], *(entry for entry in mine if entry.key not in leave)],
            )
            told.done.update(entry.key for entry in sent[:2])
    with contextlib.suppress(ConnectError):
        journal.release()


def chunk(store: Store, owner: str, number: int = 0, reading: str = "aa") -> ChunkJournal:
    return ChunkJournal(store, "crm", reading, Alive(store, owner), FilePart(reading, number))


def another_import(store: Store, told: Told) -> None:
    send(RowJournal(store, "crm", "later", Alive(store, "other")), MIXED, told)


def same_chunk(store: Store, told: Told) -> None:
    send(chunk(store, "other"), KEYS, told)


def another_file(store: Store, told: Told) -> None:
    send(chunk(store, "other", reading="bb"), MIXED[:4], told)


def plan(store: Store, told: Told) -> None:
    with contextlib.suppress(ConnectError):
        RowJournal(store, "crm", "plan", Alive(store, "other")).look([Entry("k0", "1")])


def forgetting(store: Store, told: Told) -> None:
    with contextlib.suppress(ConnectError):
        prune(store, 1e9, lambda _: None)


def judge(store: Store, told: Told) -> None:
    """One job alone had leave for a row; what went out is known; what was applied was counted once."""
    for key, jobs in told.granted.items():
        assert len(jobs) == 1 or key in told.refused, (key, jobs)
    unpack(store, "crm")
    states = {str(key): state for key, state in store.execute("SELECT record_key, state FROM import_rows")}
    assert all(states[key] == "done" for key in told.done)
    assert all(states.get(key) in {"done", "sent"} for key in told.granted.keys() - told.refused)
    counted = sum(int(applied) for _, _, applied in store.execute(PROGRESS))
    assert counted == sum(state == "done" for state in states.values())


@pytest.mark.parametrize("other", [another_import, same_chunk, another_file, plan, forgetting])
@pytest.mark.parametrize("committed", [False, True])
def test_whoever_comes_at_any_call_and_whatever_breaks_off_after_that(
    other: Callable[[Store, Told], None], committed: bool
) -> None:
    calls = writes = others_writes = runs = 1
    meddles_at = 0
    while meddles_at <= calls:
        for mine in range(-1, writes + 1):
            for theirs in range(-1, others_writes + 1):
                told = Told()
                with memory_store() as real:
                    create_tables(real)
                    send(chunk(real, "first", 1), ["o1", "o2", "o3", "o4"], told)  # blocks are there already
                    inner = Meddled(real, theirs, committed=committed)
                    outer = Meddled(real, mine, committed=committed)
                    outer.meddles_at, outer.meddle = meddles_at, functools.partial(other, inner, told)
                    send(chunk(outer, "me"), KEYS, told)
                    calls, writes = max(calls, outer.calls), max(writes, outer.writes)
                    others_writes = max(others_writes, inner.writes)
                    judge(real, told)
                runs += 1
        meddles_at += 1
    assert runs > 100


class Ended(Exception):
    """The process is no more."""


@dataclass
class Sending:
    """A row on the wire. `fate` is what became of it, `recorded` when the journal was told."""

    job: Job
    fate: str = ""
    recorded: float = 0.0
    is_last: bool = True


class Job(threading.Thread):
    """A job with a short lease, which may end or stand still anywhere; what it sends goes into a ledger."""

    def __init__(self, journal: RowJournal, keys: Sequence[str], ledger: Ledger, luck: float) -> None:
        super().__init__(daemon=True)
        self._journal, self._keys, self._ledger = journal, keys, ledger
        self._dice = random.Random(luck)

    def run(self) -> None:
        try:
            time.sleep(self._dice.uniform(0, 1.2))
            with self._journal._owner:
                with contextlib.suppress(TryLater):
                    self._send()
                with contextlib.suppress(ConnectError):
                    self._journal.release()
        except Ended:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is
            self._ledger.faults.append(f"{type(error).__name__}: {error}")

    def may_send(self) -> bool:
        permit = self._journal.permit
        return permit is not None and permit.is_valid()

    def _moment(self) -> None:
        owner = self._journal._owner
        assert isinstance(owner, LeasedOwner)
        chance = self._dice.random()
        if chance < 0.06:
            assert owner._renewal is not None
            owner._renewal.end()  # its lease is not renewed any more
        if chance < 0.02:
            owner._lease = None  # nor given back
            raise Ended
        time.sleep(self._dice.choice([0.2, 0.8]) if chance < 0.06 else chance * 0.01)

    def _send(self) -> None:
        size = self._dice.randrange(2, 9)
        for start in range(0, len(self._keys), size):
            batch = [Entry(key, "1") for key in self._keys[start : start + size]]
            self._moment()
            asked = time.monotonic()
            claims = self._journal.claim(batch)
            mine = [entry for entry in batch if claims[entry.key].state in {"mine", "in_doubt"}]
            self._moment()
            leave = self._journal.record_sent(mine, 0.1) if mine else frozenset()
            self._moment()
            sent = {
                key: sending for key in leave if (sending := self._ledger.send(key, self, claims[key], asked))
            }
            self._moment()
            self._record(mine, claims, sent)

    def _record(
        self, mine: Sequence[Entry], claims: Mapping[str, Claim], sent: Mapping[str, Sending]
    ) -> None:
        fates: dict[str, list[Entry]] = defaultdict(list)
        for entry in mine:
            is_new, sending = claims[entry.key].state == "mine", sent.get(entry.key)
            fate = self._dice.choice(["done", "done", "done", "doubt", "later", "not"])
            if sending is None:
                fate = "not" if is_new else "doubt"
            else:
                fate = sending.fate = "doubt" if fate == "not" and not is_new else fate
            fates[fate].append(entry)
        self._journal.record_outcomes(
            done=[(entry, "created", entry.key) for entry in fates["done"]],
            in_doubt=fates["doubt"],
            accepted=fates["later"],
            forgotten=fates["not"],
        )
        for sending in sent.values():
            sending.recorded = time.monotonic()


@dataclass
class Ledger:
    """The API's own: what was sent of each row, and what should not have been."""

    sent: dict[str, list[Sending]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, key: str, job: Job, claim: Claim, asked: float) -> Sending | None:
        """Take a row; None if its job sees that it may not send any more."""
        with self.lock:
            if not job.may_send():
                return None
            for before in self.sent[key]:
                if before.fate != "not" and claim.state == "mine":
                    self.faults.append(f"{key} went out as new after {before}")
                if before.is_last and before.fate == "done" and 0 < before.recorded < asked:
                    self.faults.append(f"{key} went out after it was done: {before}")
                is_open = not before.recorded and before.fate != "not"
                if is_open and before.job is not job and before.job.may_send():
                    self.faults.append(f"{key} went out beside {before}")
                before.is_last = False
            self.sent[key].append(Sending(job))
            return self.sent[key][-1]


@pytest.mark.parametrize("seed", range(2))
def test_jobs_of_two_imports_that_end_and_stand_still_anywhere(
    any_store: Store, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("f.records.journal.blocks._ROWS_AT_ONCE", 20)
    create_tables(any_store)
    dice, ledger = random.Random(seed), Ledger()
    keys = [f"{number:032x}" for number in range(120)]
    mixed = dice.sample(keys, len(keys))

    def job(import_id: str, part: FilePart | None, mine: Sequence[str]) -> Job:
        owner = LeasedOwner(any_store, seconds=0.6)
        if part is None:
            return Job(RowJournal(any_store, "crm", import_id, owner), mine, ledger, dice.random())
        return Job(ChunkJournal(any_store, "crm", import_id, owner, part), mine, ledger, dice.random())

    jobs = [job("one", FilePart("aa", at), keys[at * 30 : at * 30 + 30]) for at in range(4)]
    jobs += [job("one", FilePart("aa", at), keys[at * 30 : at * 30 + 30]) for at in range(0, 4, 2)]
    jobs += [job("two", FilePart("bb", at), mixed[at * 40 : at * 40 + 40]) for at in range(3)]
    jobs.append(job("three", None, mixed[:50]))
    for one in jobs:
        one.start()
    for one in jobs:
        one.join(60)
        assert not one.is_alive()
    assert not ledger.faults, "\n".join(ledger.faults[:10])
    unpack(any_store, "crm")
    rows = any_store.execute("SELECT record_key, state, import_id FROM import_rows")
    states = {str(key): str(state) for key, state, _ in rows}
    for key, sent in ledger.sent.items():
        if any(one.fate != "not" for one in sent):
            assert states.get(key) in {"sent", "done"}, (key, sent)
        if states.get(key) == "done":
            assert any(one.fate == "done" for one in sent), key
    counted = Counter({str(by): int(applied) for by, _, applied in any_store.execute(PROGRESS) if applied})
    assert counted == Counter(str(by) for _, state, by in rows if state == "done")
