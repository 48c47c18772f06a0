"""The journal in blocks says what it would say by rows, whoever comes between, and however it ends."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.errors import TryLater
from f.records.journal import blocks, chunk_journal
from f.records.journal import journal_tables as tables
from f.records.journal.blocks import FilePart, part_of, unpack, unpack_all
from f.records.journal.chunk_journal import ChunkJournal
from f.records.journal.counting import applied_rows, count_rows
from f.records.journal.journal import Claim, Entry
from f.records.journal.owner import LeasedOwner, LockingOwner
from f.records.journal.packing import pack
from f.records.journal.pruning import prune
from f.records.journal.row_journal import RowJournal
from f.records.journal.taking_over import take_over
from f.store.data_table_store import DataTableStore
from f.store.store import Row, Statement, Store
from f.store.stores import SqliteStore, sqlite_store
from mill.api.server import LocalApi
from tests.f.connect.wire import FakeClock

FIRST = FilePart("ab", 0)
IMPORT = "20261129-101500-abcdef12"
JOB = "8f3b2c1d-0000-5000-8000-0000abcdef12"
ENTRIES = [Entry(f"{number:032x}", f"{number:032x}") for number in range(60)]
DONE_TIMES = "CASE WHEN state = 'done' THEN 0 ELSE {0} END AS {0}"
ROWS = f"""SELECT record_key, content, state, outcome, remote_id, import_id, owner, sending, job, doubt,
    generation,
    {", ".join(DONE_TIMES.format(name) for name in ("sent_at", "renewed_at", "first_sent_at", "in_flight"))}
    FROM import_rows WHERE target = :target ORDER BY record_key"""


def by_rows(store: Store, target: str = "crm", import_id: str = IMPORT) -> RowJournal:
    return RowJournal(store, target, import_id, LeasedOwner(store))


def in_blocks(
    store: Store, target: str = "crm", import_id: str = IMPORT, part: FilePart = FIRST
) -> ChunkJournal:
    return ChunkJournal(store, target, import_id, LeasedOwner(store), part)


def send(journal: RowJournal, entries: Sequence[Entry] = ENTRIES) -> None:
    journal.claim(entries)
    assert len(journal.record_sent(entries, 5)) == len(entries)


def finish(journal: RowJournal, entries: Sequence[Entry] = ENTRIES) -> None:
    done = [(entry, "created", entry.key[-2:]) for entry in entries]
    journal.record_outcomes(done=done, in_doubt=(), forgotten=())


def rows_of(store: Store, target: str) -> list[Row]:
    return store.execute(ROWS, {"target": target})


def number_of(store: Store, table: str) -> int:
    return int(store.execute(f"SELECT count(*) FROM {table}")[0][0])


def states(journal: RowJournal, entries: Sequence[Entry] = ENTRIES) -> set[str]:
    return {claim.state for claim in journal.look(entries).values()}


# As if it had been by rows


Step = tuple[str, Any]
SOME = st.lists(st.integers(0, 11), unique=True, min_size=1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sent"), st.tuples(SOME, st.sampled_from([None, "job"]))),
        st.tuples(
            st.just("outcomes"), st.lists(st.sampled_from(["done", "doubt", "accepted", "not"]), min_size=12)
        ),
        st.tuples(st.just("unpack"), st.none()),
        st.tuples(st.just("wait"), st.none()),
    ),
    max_size=9,
)


class _Life:
    """One job's life at a journal: each row is sent as often as it likes, and has one outcome."""

    def __init__(self, journal: RowJournal) -> None:
        self.journal = journal
        self.sent: set[int] = set()
        self.over: set[int] = set()
        journal.claim(ENTRIES[:12])

    def take(self, what: str, value: Any) -> None:
        if what == "sent":
            numbers = [number for number in value[0] if number not in self.over]
            self.sent.update(numbers)
            assert len(self.journal.record_sent([ENTRIES[number] for number in numbers], 5, value[1])) == len(
                numbers
            )
        elif what == "outcomes":
            self._outcomes(value)

    def _outcomes(self, kinds: Sequence[str]) -> None:
        open_ = [number for number in range(12) if number not in self.over]
        kind = {number: kinds[number] for number in open_}
        of = {name: [ENTRIES[n] for n in open_ if kind[n] == name and n in self.sent] for name in kinds}
        self.over.update(number for number in open_ if number in self.sent or kind[number] == "not")
        self.journal.record_outcomes(
            done=[(entry, "created", entry.key[-1]) for entry in of.get("done", ())],
            in_doubt=of.get("doubt", ()),
            accepted=of.get("accepted", ()),
            forgotten=[ENTRIES[n] for n in open_ if kind[n] == "not"],
        )


@given(STEPS, st.integers(1, 20), st.integers(1, 5), st.integers(1, 5), st.booleans())
def test_after_unpacking_the_rows_are_as_if_they_had_been_written_one_by_one(
    steps: list[Step], rows_at_once: int, blocks_at_once: int, worth_a_block: int, dies: bool
) -> None:
    clock = FakeClock()
    with pytest.MonkeyPatch.context() as patch, SqliteStore(None, clock=clock.now) as store:
        patch.setattr(blocks, "_ROWS_AT_ONCE", rows_at_once)
        patch.setattr(blocks, "_BLOCKS_AT_ONCE", blocks_at_once)
        patch.setattr(chunk_journal, "_WORTH_A_BLOCK", worth_a_block)
        owner = LeasedOwner(store)
        lives = [
            _Life(RowJournal(store, "rows", IMPORT, owner)),
            _Life(ChunkJournal(store, "blocks", IMPORT, owner, FilePart("ab", 0))),
        ]
        for what, value in steps:
            clock.time += 1
            for life in lives:
                life.take(what, value)
            if what == "unpack":
                unpack(store, "blocks")
        for life in lives if not dies else ():
            life.journal.release()
        unpack(store, "blocks")
        assert rows_of(store, "blocks") == rows_of(store, "rows")
        progress = applied_rows(store, JOB, "2026-11-29").applied
        done = sum(row[2] == "done" for row in rows_of(store, "rows"))
        assert progress == Counter(created=2 * done) or not done
        assert number_of(store, "import_blocks") == 0


def test_every_kind_of_store_unpacks_alike(any_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_ROWS_AT_ONCE", 25)
    monkeypatch.setattr(chunk_journal, "_WORTH_A_BLOCK", 1)
    for journal in (by_rows(any_store, "rows"), in_blocks(any_store, "blocks")):
        send(journal)
        send(journal, ENTRIES[:3])  # once more
        finish(journal, ENTRIES[:50])
        journal.record_outcomes(
            done=(), in_doubt=ENTRIES[50:52], accepted=ENTRIES[52:54], forgotten=ENTRIES[54:56]
        )
    assert number_of(any_store, "import_rows") == 58
    assert number_of(any_store, "import_blocks") == 7
    unpack(any_store, "blocks")
    found = {target: rows_of(any_store, target) for target in ("rows", "blocks")}
    timeless = {target: [row[:6] + row[7:11] for row in rows] for target, rows in found.items()}
    assert timeless["blocks"] == timeless["rows"]
    assert Counter(row[2] for row in found["blocks"]) == Counter(done=50, sent=8)


def test_what_was_applied_is_told_by_its_place_among_what_was_sent(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its key and content stand there, and are most of what is kept of a row. Some rows are not worth it."""
    monkeypatch.setattr(chunk_journal, "_WORTH_A_BLOCK", 20)
    journal = in_blocks(any_store)
    send(journal, ENTRIES[:1])
    send(journal, ENTRIES[1:])
    finish(journal, ENTRIES[:40])
    finish(journal, ENTRIES[40:])
    found = any_store.execute("SELECT change, as_sent, size FROM import_blocks ORDER BY number")
    assert [tuple(row) for row in found] == [
        ("sent", None, 1),
        ("sent", None, 59),
        ("applied", 1, 39),
        ("done", None, 1),
        ("applied", 1, 20),
    ]
    size = "SELECT sum(length(rows)) FROM import_blocks WHERE change = :change"
    sent, applied = (any_store.execute(size, {"change": change})[0][0] for change in ("sent", "applied"))
    assert applied < sent / 3
    assert states(by_rows(any_store)) == {"done"}


def test_blocks_of_the_version_before_are_read(any_store: Store) -> None:
    """There a block of applied rows had their keys and contents, too."""
    journal = in_blocks(any_store)
    send(journal)
    done = [(entry.key, entry.content, "created", "1") for entry in ENTRIES]
    any_store.execute("ALTER TABLE import_blocks DROP COLUMN as_sent")
    any_store.execute(
        """INSERT INTO import_blocks
        (target, owner, number, import_id, at, in_flight, job, change, size, rows)
        SELECT target, owner, 1, import_id, at, 0, NULL, 'done', size, :rows FROM import_blocks""",
        {"rows": pack(list(zip(*done, strict=True)))},
    )
    if any_store.is_remote:
        assert isinstance(any_store, DataTableStore)
        assert any_store.open()  # another job's store looks at the tables
    assert states(by_rows(any_store)) == {"done"}
    assert "as_sent" in any_store.columns("import_blocks")


# Who may write blocks


def test_a_job_writes_no_row_while_nobody_needs_one(any_store: Store) -> None:
    journal = in_blocks(any_store)
    send(journal)
    finish(journal)
    journal.release()
    assert number_of(any_store, "import_rows") == 0
    assert number_of(any_store, "import_blocks") == 2
    assert applied_rows(any_store, JOB, "2026-11-29").applied == Counter(created=60)


def test_chunks_of_one_reading_write_blocks_side_by_side(any_store: Store) -> None:
    journals = [in_blocks(any_store, part=FilePart("ab", number)) for number in range(3)]
    for number, journal in enumerate(journals):
        send(journal, ENTRIES[number::3])
    for number, journal in enumerate(journals):
        finish(journal, ENTRIES[number::3])
    assert number_of(any_store, "import_rows") == 0
    assert states(by_rows(any_store)) == {"done"}
    assert number_of(any_store, "import_rows") == len(ENTRIES)


@pytest.mark.parametrize("part", [FilePart("ab", 0), FilePart("cd", 1)], ids=["again", "another file"])
def test_whoever_comes_second_has_rows_and_so_has_the_first_from_then_on(
    any_store: Store, part: FilePart
) -> None:
    first, second = in_blocks(any_store), in_blocks(any_store, part=part)
    send(first, ENTRIES[:20])
    finish(first, ENTRIES[:10])
    with first._owner, second._owner:
        claims = second.claim(ENTRIES)
        assert Counter(claim.state for claim in claims.values()) == Counter(done=10, elsewhere=10, mine=40)
        assert second.record_sent(ENTRIES[20:40], 5) == {entry.key for entry in ENTRIES[20:40]}
        assert first.record_sent(ENTRIES[20:60], 5) == {entry.key for entry in ENTRIES[40:]}
        finish(first, [*ENTRIES[10:20], *ENTRIES[40:]])
        finish(second, ENTRIES[20:40])
    assert number_of(any_store, "import_blocks") == 0
    assert applied_rows(any_store, JOB, "2026-11-29").applied == Counter(created=60)
    assert states(by_rows(any_store)) == {"done"}


def test_where_others_have_sent_before_all_is_by_rows(any_store: Store) -> None:
    earlier = by_rows(any_store)
    send(earlier, ENTRIES[:1])
    journal = in_blocks(any_store)
    send(journal, ENTRIES[1:])
    assert number_of(any_store, "import_blocks") == 0
    assert number_of(any_store, "import_rows") == len(ENTRIES)


def test_a_job_by_rows_that_has_claimed_and_not_sent_yet_keeps_others_from_writing_blocks(
    any_store: Store,
) -> None:
    by_hand, journal = by_rows(any_store), in_blocks(any_store)
    with by_hand._owner, journal._owner:
        by_hand.claim(ENTRIES)
        send(journal, ENTRIES[:30])
        assert by_hand.record_sent(ENTRIES, 5) == {entry.key for entry in ENTRIES[30:]}


def test_a_plan_beside_an_import_sees_what_was_sent(any_store: Store) -> None:
    journal = in_blocks(any_store)
    send(journal, ENTRIES[:20])
    finish(journal, ENTRIES[:10])
    assert states(by_rows(any_store), ENTRIES[:10]) == {"done"}
    finish(journal, ENTRIES[10:20])
    assert states(by_rows(any_store), ENTRIES[:20]) == {"done"}


def test_to_plan_leaves_an_import_its_blocks(any_store: Store) -> None:
    assert states(by_rows(any_store)) == {"mine"}
    send(in_blocks(any_store))
    assert number_of(any_store, "import_rows") == 0


def test_a_job_that_ends_with_rows_unanswered_leaves_them_in_doubt_for_anybody(any_store: Store) -> None:
    journal = in_blocks(any_store)
    with journal._owner:
        send(journal)
        finish(journal, ENTRIES[:59])
        journal.release()
        claim = by_rows(any_store).claim(ENTRIES)[ENTRIES[59].key]
    assert (claim.state, claim.same_content, claim.in_flight) == ("in_doubt", True, 5)


def test_what_a_dead_job_has_sent_is_in_doubt(any_store: Store) -> None:
    with in_blocks(any_store)._owner as owner:
        journal = ChunkJournal(any_store, "crm", IMPORT, owner, FilePart("ab", 0))
        send(journal)
        finish(journal, ENTRIES[:30])
        assert states(by_rows(any_store), ENTRIES[30:]) == {"elsewhere"}
    assert states(by_rows(any_store), ENTRIES[30:]) == {"in_doubt"}


def test_rows_to_be_sent_again_and_chunks_of_unknown_making_are_not_for_blocks() -> None:
    assert part_of(None) is None
    assert part_of({"index": 3}) is None
    assert part_of({"index": 3, "reading": ""}) is None
    assert part_of({"index": 3, "reading": "closing"}) is None
    assert part_of({"index": "3", "reading": "ab"}) is None
    assert part_of({"index": 3, "reading": "ab"}) == FilePart("ab", 3)


# Who needs rows


def test_counting_and_pruning_see_what_stands_in_blocks(any_store: Store) -> None:
    journal = in_blocks(any_store)
    send(journal)
    finish(journal, ENTRIES[:40])
    counted = count_rows(any_store, JOB, "2026-11-29")
    assert (counted.applied, counted.in_doubt) == (Counter(created=40), 20)
    other = in_blocks(any_store, "other")
    send(other)
    finish(other, ENTRIES[:5])
    pruned = {one["target"]: one for one in prune(any_store, -60, lambda _: None)}
    assert pruned["other"] == {"target": "other", "forgotten": 5, "kept": 0, "in_doubt": 55}


def test_a_file_in_blocks_is_taken_over_into_a_table_in_blocks(
    tmp_path: Path, data_table_api: LocalApi
) -> None:
    owners, file = tmp_path / "owners", tmp_path / "imports.sqlite"
    with sqlite_store(file) as store:
        before = ChunkJournal(store, "crm", "one", LockingOwner(owners), FilePart("ab", 0))
        send(before)
        finish(before, ENTRIES[:30])
    with DataTableStore(data_table_api.url, data_table_api.workspace_id, data_table_api.token) as table:
        assert table.open()
        try:
            running = in_blocks(table, part=FilePart("cd", 0))
            send(running, ENTRIES[:1])
            assert take_over(file, owners, table) == 60
            assert states(by_rows(table), ENTRIES[1:30]) == {"done"}
            assert running.record_sent(ENTRIES[30:], 5) == set()
        finally:
            table.execute("DROP SCHEMA millwright CASCADE")


# However it ends


class _Breaking(SqliteStore):
    """A store that breaks off at its n-th transaction: before it, or after it was committed."""

    def __init__(self, path: Path, at: int, *, committed: bool) -> None:
        super().__init__(path)
        self.left, self._committed = at, committed

    def together(self, statements: Sequence[Statement]) -> list[list[Row]]:
        self.left -= 1
        if self.left:
            return super().together(statements)
        if self._committed:
            super().together(statements)
        raise TryLater("The power went off.", code="store")


@pytest.mark.parametrize("committed", [False, True])
def test_unpacking_that_breaks_off_anywhere_goes_on_later(
    tmp_path: Path, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_ROWS_AT_ONCE", 10)
    path = tmp_path / "imports.sqlite"
    with sqlite_store(path) as store:
        for number in range(40):
            target = f"t{number}"
            journals = [in_blocks(store, target, part=FilePart("ab", chunk)) for chunk in range(3)]
            for chunk, journal in enumerate(journals):
                for start in range(chunk, 60, 15):
                    send(journal, ENTRIES[start : start + 5 : 3])
            finish(journals[0], ENTRIES[:5:3])
            with _Breaking(path, number + 1, committed=committed) as breaking:
                with contextlib.suppress(TryLater):
                    unpack(breaking, target)
                is_over = breaking.left > 0
            unpack(store, target)
            expected = rows_of(store, "t0")
            found = rows_of(store, target)
            assert [row[:3] for row in found] == [row[:3] for row in expected]
            assert number_of(store, "import_blocks") == 0
            if is_over:
                return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_job_whose_store_breaks_off_anywhere_leaves_nothing_to_be_sent_twice(
    tmp_path: Path, at: int, committed: bool
) -> None:
    path = tmp_path / "imports.sqlite"
    wire: list[str] = []
    with _Breaking(path, at, committed=committed) as breaking, contextlib.suppress(TryLater):
        journal = in_blocks(breaking)
        journal.claim(ENTRIES)
        try:
            for start in (0, 30):
                wire += journal.record_sent(ENTRIES[start : start + 30], 5)
                finish(journal, ENTRIES[start : start + 30])
        finally:
            journal.release()
    with sqlite_store(path) as store:
        claims = by_rows(store).claim(ENTRIES)
        assert all(claims[key].state in {"done", "in_doubt"} for key in wire)
        known = sum(claim.state == "done" for claim in claims.values())
        assert applied_rows(store, JOB, "2026-11-29").applied.total() == known


# At the same time


class _Jobs:
    """Jobs in threads of their own, and a ledger of what they had leave to send."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store, self._dice = store, random.Random(seed)
        self._lock = threading.Lock()
        self.sent: Counter[str] = Counter()
        self.errors: list[Exception] = []

    def run(self, *jobs: Callable[[], RowJournal], entries: Sequence[Sequence[Entry]]) -> None:
        barrier = threading.Barrier(len(jobs))
        threads = [
            threading.Thread(target=self._job, args=(job, rows, barrier, self._dice.random()))
            for job, rows in zip(jobs, entries, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not self.errors, self.errors
        assert not any(thread.is_alive() for thread in threads)

    def _job(
        self, open_: Callable[[], RowJournal], rows: Sequence[Entry], start: threading.Barrier, luck: float
    ) -> None:
        dice = random.Random(luck)
        try:
            journal = open_()
            start.wait(30)
            time.sleep(dice.uniform(0, 0.02))
            with journal._owner:
                for at in range(0, len(rows), 5):
                    self._batch(journal, rows[at : at + 5], dice)
                journal.release()
        except Exception as error:  # noqa: BLE001 - whatever it is
            self.errors.append(error)

    def _batch(self, journal: RowJournal, rows: Sequence[Entry], dice: random.Random) -> None:
        claims = journal.claim(rows)
        mine = [entry for entry in rows if claims[entry.key].state == "mine"]
        time.sleep(dice.uniform(0, 0.01))
        leave = journal.record_sent(mine, 5) if mine else frozenset()
        with self._lock:
            self.sent.update(leave)
        time.sleep(dice.uniform(0, 0.01))
        granted = [entry for entry in mine if entry.key in leave]
        journal.record_outcomes(
            done=[(entry, "created", "1") for entry in granted],
            in_doubt=(),
            forgotten=[entry for entry in mine if entry.key not in leave],
        )


@pytest.mark.parametrize("seed", range(3))
def test_no_row_has_leave_to_go_out_twice_whoever_runs_beside_whom(any_store: Store, seed: int) -> None:
    target = f"crm{seed}"
    jobs = _Jobs(any_store, seed)
    backwards = ENTRIES[::-1]

    def chunk(reading: str, number: int) -> Callable[[], RowJournal]:
        return lambda: in_blocks(any_store, target, reading + IMPORT[2:], FilePart(reading, number))

    jobs.run(
        chunk("20", 0),
        chunk("20", 1),
        chunk("20", 1),  # started anew beside its first process
        chunk("21", 0),
        chunk("21", 1),
        lambda: by_rows(any_store, target, "22" + IMPORT[2:]),
        entries=[ENTRIES[:30], ENTRIES[30:], ENTRIES[30:], backwards[:30], backwards[30:], backwards],
    )
    assert set(jobs.sent.values()) == {1}
    assert set(jobs.sent) == {entry.key for entry in ENTRIES}
    assert states(by_rows(any_store, target)) == {"done"}
    unpack_all(any_store)
    applied = any_store.execute("SELECT sum(applied) FROM import_progress")
    assert int(applied[0][0]) == len(ENTRIES)


def test_many_unpack_at_once_and_each_row_is_there_once(any_store: Store) -> None:
    for number in range(4):
        journal = in_blocks(any_store, part=FilePart("ab", number))
        for start in range(number, 60, 12):
            send(journal, ENTRIES[start : start + 12 : 4])
        finish(journal, ENTRIES[number::12])
    errors: list[Exception] = []

    def work() -> None:
        try:
            unpack(any_store, "crm")
        except Exception as error:  # noqa: BLE001 - whatever it is
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    found = Counter(row[2] for row in rows_of(any_store, "crm"))
    assert found.total() == 60
    assert number_of(any_store, "import_blocks") == 0


@pytest.fixture
def clocked() -> Iterator[tuple[Store, FakeClock]]:
    clock = FakeClock()
    with SqliteStore(None, clock=clock.now) as store:
        yield store, clock


def test_long_unpacking_tells_how_far_it_is(
    clocked: tuple[Store, FakeClock], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = clocked
    send(in_blocks(store))
    monkeypatch.setattr(blocks, "_TELL_SECONDS", -1)
    unpack(store, "crm")
    assert (
        "The journal of the first import into this target is unpacked, once: 60 rows so far."
        in capsys.readouterr().out
    )


def test_a_row_sent_in_blocks_knows_when_it_was_sent_first(clocked: tuple[Store, FakeClock]) -> None:
    store, clock = clocked
    journal = in_blocks(store)
    send(journal, ENTRIES[:1])
    first = clock.time
    clock.time += 100
    journal.record_sent(ENTRIES[:1], 7)
    claim = by_rows(store).look(ENTRIES[:1])[ENTRIES[0].key]
    assert claim == Claim("in_doubt", since=clock.time, first_sent=first, in_flight=7)


# What was not foreseen


@pytest.mark.parametrize("remote_id", ["a\0b", "a b", "", "AB", "é", "'\"\\", "$var:f/a", "%s", 7])
def test_whatever_an_api_calls_a_record_is_kept_as_by_rows(any_store: Store, remote_id: Any) -> None:
    told = []
    for target, journal in (("rows", by_rows(any_store, "rows")), ("blocks", in_blocks(any_store, "blocks"))):
        send(journal, ENTRIES[:2])
        done = [(ENTRIES[0], "created", remote_id), (ENTRIES[1], "created", "7")]
        journal.record_outcomes(done=done, in_doubt=(), forgotten=())
        claims = by_rows(any_store, target).look(ENTRIES[:2])
        told.append([claims[entry.key] for entry in ENTRIES[:2]])
    assert told[0] == told[1]
    assert {claim.state for claim in told[0]} == {"done"}
    assert told[0][0].remote_id == (None if remote_id == "a\0b" else str(remote_id))


@pytest.mark.parametrize("rows_at_once", [1, 10_000])
@pytest.mark.parametrize("is_done", [False, True])
def test_of_two_outcomes_of_a_row_the_first_counts(
    clocked: tuple[Store, FakeClock], is_done: bool, rows_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "_ROWS_AT_ONCE", rows_at_once)
    store, _ = clocked
    journal = in_blocks(store)
    send(journal, ENTRIES[:1])
    first = [(ENTRIES[0], "created", "7")] if is_done else []
    journal.record_outcomes(done=first, in_doubt=ENTRIES[: not is_done], forgotten=())
    journal._held.add(ENTRIES[0].key)  # as after a commit that seemed to have failed
    journal.record_outcomes(done=(), in_doubt=(), forgotten=ENTRIES[:1])
    assert states(by_rows(store), ENTRIES[:1]) == {"done" if is_done else "in_doubt"}


@pytest.mark.parametrize("known", ["row", "turn", "nothing"])
def test_tables_of_before_there_were_blocks_are_brought_up_to_date(any_store: Store, known: str) -> None:
    blocks_of = ",\n    blocks_of TEXT NOT NULL DEFAULT ''"
    for table in (tables._ROWS, *tables._TABLES[:3]):
        assert not any_store.create(table.replace(blocks_of, ""))
    assert "blocks_of" not in any_store.columns("import_targets")
    if known != "nothing":
        any_store.execute("INSERT INTO import_targets (target, at, turn) VALUES ('crm', 1, '')")
    if known == "row":
        any_store.execute(
            """INSERT INTO import_rows (target, record_key, content, state, outcome, remote_id,
            import_id, owner, sent_at, renewed_at)
            VALUES ('crm', :key, :key, 'done', 'created', '7', 'old', '', 1, 1)""",
            {"key": ENTRIES[0].key},
        )
    journal = in_blocks(any_store)
    claims = journal.claim(ENTRIES)
    assert claims[ENTRIES[0].key].state == ("done" if known == "row" else "mine")
    journal.record_sent(ENTRIES[1:], 5)
    assert number_of(any_store, "import_blocks") == (known == "nothing")


def test_many_small_blocks_are_unpacked_some_at_a_time(
    clocked: tuple[Store, FakeClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = clocked
    journal = in_blocks(store)
    for entry in ENTRIES:
        send(journal, [entry])
    journal.record_outcomes(done=(), in_doubt=(), forgotten=ENTRIES[:30])
    taken: list[int] = []
    together = SqliteStore.together

    def counted(self: SqliteStore, statements: Sequence[Statement]) -> list[list[Row]]:
        taken.append(len(statements))
        return together(self, statements)

    monkeypatch.setattr(blocks, "_BLOCKS_AT_ONCE", 8)
    monkeypatch.setattr(SqliteStore, "together", counted)
    unpack(store, "crm")
    assert max(taken) <= 8 + 4
    assert Counter(row[2] for row in rows_of(store, "crm")) == Counter(sent=30)


def test_who_comes_late_to_unpack_brings_nothing_back(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = in_blocks(any_store)
    send(journal)
    finish(journal)
    real = blocks._unpack_blocks

    def overtaken(*args: Any) -> int:
        monkeypatch.setattr(blocks, "_unpack_blocks", real)
        assert prune(any_store, -60, lambda _: None)[0]["forgotten"] == len(ENTRIES)
        return real(*args)

    monkeypatch.setattr(blocks, "_unpack_blocks", overtaken)
    unpack(any_store, "crm")
    assert number_of(any_store, "import_rows") == 0
    assert states(by_rows(any_store)) == {"mine"}


def test_rows_of_a_target_that_no_job_has_claimed_are_seen(any_store: Store) -> None:
    finish(by_rows(any_store))
    any_store.execute("DELETE FROM import_targets")  # as one version left them
    assert {claim.state for claim in in_blocks(any_store).claim(ENTRIES).values()} == {"done"}


def test_where_each_row_is_a_request_a_batch_of_them_is_one_block(any_store: Store) -> None:
    """There a block of sent rows is a few requests."""
    journal = in_blocks(any_store)
    for at in range(0, len(ENTRIES), 4):
        send(journal, ENTRIES[at : at + 4])
    finish(journal)
    assert number_of(any_store, "import_blocks") == len(ENTRIES) / 4 + 1
    assert states(by_rows(any_store)) == {"done"}
