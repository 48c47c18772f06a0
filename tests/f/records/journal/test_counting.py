"""How far an import is, by every kind of store that may have its journal."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from f.records.journal.counting import applied_rows, count_rows
from f.records.journal.journal import Entry
from f.records.journal.owner import LeasedOwner
from f.records.journal.row_journal import RowJournal
from f.store.store import Store

JOB = "8f3b2c1d-0000-5000-8000-0000abcdef12"
IMPORT = "20261129-101500-abcdef12"


def test_the_rows_of_one_import_are_counted_by_what_became_of_them(any_store: Store) -> None:
    assert count_rows(any_store, JOB, "2026-11-29").import_id == ""
    entries = [Entry(f"k{number}", "1") for number in range(6)]
    owner = LeasedOwner(any_store)
    with owner:
        journal = RowJournal(any_store, "crm", IMPORT, owner)
        journal.claim(entries)
        journal.record_sent(entries[:5], 5)
        done = [(entry, "created", None) for entry in entries[:2]]
        journal.record_outcomes(
            done=[*done, (entries[2], "updated", "7")], in_doubt=[entries[3]], forgotten=[entries[5]]
        )
        for import_id in ("20261129-101500-12345678", "20261128-101500-abcdef12"):
            other = RowJournal(any_store, "crm", import_id, owner)
            other.claim([Entry(import_id, "1")])
            other.record_sent([Entry(import_id, "1")], 5)
    counted = count_rows(any_store, JOB, "2026-11-29")
    assert counted.import_id == IMPORT
    assert counted.applied == Counter(created=2, updated=1)
    assert counted.in_doubt == 2
    assert applied_rows(any_store, JOB, "2026-11-29") == replace(counted, in_doubt=0)


def test_a_row_counts_for_the_job_that_has_it_when_it_is_written_down(any_store: Store) -> None:
    entries = [Entry("k1", "1"), Entry("k2", "1")]
    stalled, other = LeasedOwner(any_store), LeasedOwner(any_store)
    with stalled, other:
        journals = [RowJournal(any_store, "crm", IMPORT, owner) for owner in (stalled, other)]
        journals[0].claim(entries)
        journals[0].record_sent(entries, 5)
        taken = "UPDATE import_rows SET owner = :owner WHERE record_key = 'k2'"
        any_store.execute(taken, {"owner": other.name})
        for journal in journals:
            done = [(entry, "created", None) for entry in entries]
            journal.record_outcomes(done=done, in_doubt=(), forgotten=())
    assert applied_rows(any_store, JOB, "2026-11-29").applied == Counter(created=2)
    assert applied_rows(any_store, JOB, "2026-11-30").applied == Counter()
