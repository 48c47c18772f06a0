"""Old entries of the journal are forgotten, and what that means for a file that is fed again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from f.connect.errors import FixInput
from f.customers.prune_journal import main
from f.records.journal import pruning as journal_pruning
from f.records.journal.journal import Entry
from f.records.journal.owner import LeasedOwner
from f.records.journal.pruning import Pruned, prune
from f.records.journal.row_journal import RowJournal
from f.store.store import Store
from f.store.stores import SqliteStore, sqlite_store
from tests.f.connect.wire import FakeClock

DAY = 86_400.0
ADA, BOB = Entry("ada", "1"), Entry("bob", "1")


def journal(store: Store, target: str = "crm", import_id: str = "now") -> RowJournal:
    return RowJournal(store, target, import_id, LeasedOwner(store, import_id))


def done(store: Store, *entries: Entry, target: str = "crm") -> None:
    mine = journal(store, target)
    mine.claim(entries)
    mine.record_outcomes(done=[(entry, "created", "7") for entry in entries], in_doubt=[], forgotten=[])


def forget(store: Store, days: float = 100, *, dry_run: bool = False) -> list[Pruned]:
    return prune(store, days * DAY, lambda _: None, dry_run=dry_run)


def counts(target: str = "crm", forgotten: int = 0, kept: int = 0, in_doubt: int = 0) -> Pruned:
    return {"target": target, "forgotten": forgotten, "kept": kept, "in_doubt": in_doubt}


def state(store: Store, entry: Entry) -> str:
    return journal(store, import_id="next").claim([entry])[entry.key].state


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> SqliteStore:
    return SqliteStore(tmp_path / "imports.sqlite", clock=clock.now)


def test_what_no_import_has_met_for_long_is_forgotten_and_new_to_the_next(
    store: SqliteStore, clock: FakeClock
) -> None:
    done(store, ADA)
    clock.time += 99 * DAY
    done(store, BOB)
    assert forget(store) == [counts(kept=2)]
    clock.time += 2 * DAY
    assert forget(store) == [counts(forgotten=1, kept=1)]
    assert forget(store) == [counts(kept=1)]
    assert (state(store, ADA), state(store, BOB)) == ("mine", "done")


def test_how_far_an_import_was_is_forgotten_once_it_is_old(store: SqliteStore, clock: FakeClock) -> None:
    clock.time = datetime(2026, 11, 29, tzinfo=UTC).timestamp()
    for day, entry in (("20260820", ADA), ("20260821", BOB)):
        mine = journal(store, import_id=f"{day}-101500-abcdef12")
        mine.record_sent([entry], 5)
        mine.record_outcomes(done=[(entry, "created", "7")], in_doubt=[], forgotten=[])
    left = "SELECT import_id FROM import_progress ORDER BY import_id"
    forget(store, dry_run=True)
    assert len(store.execute(left)) == 2
    forget(store)
    assert store.execute(left) == [("20260821-101500-abcdef12",)]


def test_a_dry_run_counts_and_forgets_nothing(store: SqliteStore, clock: FakeClock) -> None:
    done(store, ADA, BOB)
    clock.time += 101 * DAY
    assert forget(store, dry_run=True) == [counts(forgotten=2)]
    assert forget(store) == [counts(forgotten=2)]


def test_rows_without_an_answer_are_never_forgotten(store: SqliteStore, clock: FakeClock) -> None:
    under_way = journal(store)
    under_way.claim([ADA])
    under_way.record_sent([ADA], 5)
    mine = journal(store, import_id="lost")
    mine.claim([BOB])
    mine.record_sent([BOB], 5)
    mine.record_outcomes(done=[], in_doubt=[BOB], forgotten=[])
    clock.time += 5000 * DAY
    assert forget(store) == [counts(in_doubt=2)]
    # Nobody knows when the first job was last alive: its rows are free once its permit must have run out.
    assert (state(store, ADA), state(store, BOB)) == ("elsewhere", "in_doubt")


def test_an_entry_that_is_fed_again_and_again_is_kept(store: SqliteStore, clock: FakeClock) -> None:
    done(store, ADA, BOB)
    for _ in range(20):
        clock.time += 10 * DAY
        assert state(store, ADA) == "done"
    assert forget(store) == [counts(forgotten=1, kept=1)]


def test_meeting_an_entry_is_noted_once_a_week(store: SqliteStore, clock: FakeClock) -> None:
    done(store, ADA)
    noted = set()
    for _ in range(15):
        clock.time += DAY
        assert state(store, ADA) == "done"
        noted.add(store.execute("SELECT renewed_at FROM import_rows")[0][0])
    assert len(noted) == 2


def test_targets_are_counted_each_for_itself(store: SqliteStore, clock: FakeClock) -> None:
    done(store, ADA)
    clock.time += 101 * DAY
    done(store, ADA, BOB, target="other")
    assert forget(store) == [counts(forgotten=1), counts("other", kept=2)]


def test_a_journal_nobody_has_used_has_nothing_to_forget(store: SqliteStore) -> None:
    assert forget(store) == []


def test_every_kind_of_store_is_walked_through_part_by_part(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_pruning, "_PART_ROWS", 7)
    entries = [Entry(f"{number:03}", "1") for number in range(40)]
    done(any_store, *entries, target="parts")
    old = [entry.key for entry in entries[::3]]
    for key in old:
        any_store.execute(
            "UPDATE import_rows SET renewed_at = 0 WHERE target = 'parts' AND record_key = :key", {"key": key}
        )
    pauses: list[float] = []
    assert counts("parts", forgotten=14, kept=26) in prune(any_store, DAY, pauses.append)
    assert len(pauses) >= 6
    left = any_store.execute("SELECT record_key FROM import_rows WHERE target = 'parts'")
    assert {customer for (customer,) in left} == {entry.key for entry in entries} - set(old)


def test_the_script_prunes_this_machines_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with sqlite_store(tmp_path / ".millwright/imports.sqlite") as store:
        done(store, ADA, BOB)
        store.execute("UPDATE import_rows SET renewed_at = 0 WHERE record_key = 'ada'")
    result = main()
    assert json.loads(json.dumps(result)) == {
        "dry_run": False,
        "forgotten": 1,
        "targets": [counts(forgotten=1, kept=1)],
    }
    assert main(older_than_days=30, dry_run=True)["forgotten"] == 0


def test_a_time_that_would_forget_what_is_in_use_is_refused() -> None:
    with pytest.raises(FixInput, match="older_than_days is 29"):
        main(older_than_days=29)
