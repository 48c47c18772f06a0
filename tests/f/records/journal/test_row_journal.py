"""The journal of rows: what it says before a row is sent, over crashes, runs, jobs and both databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from f.records.journal.owner import LEASE_SECONDS, LeasedOwner, LockingOwner
from f.records.journal.row_journal import Claim, Entry, RowJournal
from f.store.store import Store
from f.store.stores import postgres_store, sqlite_store

ADA, BOB = Entry("ada", "1"), Entry("bob", "1")
CHANGED = Entry("ada", "2")


class Owner(LeasedOwner):
    """A job that others take for dead or alive as the test says."""

    dead: frozenset[str] = frozenset()

    def is_gone(self, other: str, seconds: float) -> bool:
        return other in self.dead


def journal(
    store: Store, owner: str = "me", import_id: str = "now", dead: str = "", **options: bool
) -> RowJournal:
    job = Owner(owner)
    job.dead = frozenset({dead})
    return RowJournal(store, "crm", import_id, job, **options)


def state(claims: object, entry: Entry = ADA) -> str:
    assert isinstance(claims, dict)
    claim: Claim = claims[entry.key]
    return claim.state


def done(before: RowJournal, entry: Entry = ADA) -> None:
    before.claim([entry])
    before.record_outcomes(done=[(entry, "created", "7")], in_doubt=[], forgotten=[])


def doubtful(before: RowJournal, entry: Entry = ADA) -> None:
    before.claim([entry])
    before.record_outcomes(done=[], in_doubt=[entry], forgotten=[])


def refused(before: RowJournal, entry: Entry = ADA) -> None:
    before.claim([entry])
    before.record_outcomes(done=[], in_doubt=[], forgotten=[entry])


def test_a_row_nobody_has_sent_is_ours(any_store: Store) -> None:
    assert state(journal(any_store).claim([ADA, BOB])) == "mine"


@pytest.mark.parametrize(("import_id", "same_import"), [("now", True), ("earlier", False)])
def test_a_row_that_was_applied_is_done(any_store: Store, import_id: str, same_import: bool) -> None:
    done(journal(any_store, "before", import_id))
    claims = journal(any_store).claim([ADA, BOB])
    assert claims["ada"] == Claim("done", True, same_import, "created", "7")
    assert state(claims, BOB) == "mine"


def test_a_row_whose_content_has_changed_is_sent_again(any_store: Store) -> None:
    done(journal(any_store, "before"))
    assert state(journal(any_store).claim([CHANGED])) == "mine"


def test_going_back_to_earlier_content_is_a_change_too(any_store: Store) -> None:
    done(journal(any_store))
    done(journal(any_store), CHANGED)
    assert state(journal(any_store).claim([ADA])) == "mine"


def test_a_refused_row_leaves_no_trace(any_store: Store) -> None:
    refused(journal(any_store))
    assert any_store.execute("SELECT count(*) FROM import_rows") == [(0,)]
    assert state(journal(any_store).claim([ADA])) == "mine"


def test_a_refused_change_leaves_what_was_there_before(any_store: Store) -> None:
    done(journal(any_store, import_id="earlier"))
    refused(journal(any_store), CHANGED)
    assert journal(any_store).claim([ADA])["ada"] == Claim("done", True, False, "created", "7")


@pytest.mark.parametrize(("dead", "expected"), [("before", "in_doubt"), ("", "elsewhere")])
def test_a_row_under_way_is_in_doubt_once_its_sender_is_dead(
    any_store: Store, dead: str, expected: str
) -> None:
    before = journal(any_store, "before")
    before.claim([ADA])
    assert state(journal(any_store, dead=dead).claim([ADA])) == expected


def test_to_look_is_to_hear_what_a_claim_would_and_to_claim_nothing(any_store: Store) -> None:
    done(journal(any_store, "before", "earlier"))
    doubtful(journal(any_store, "before"), BOB)
    third, fourth = Entry("third", "1"), Entry("fourth", "1")
    journal(any_store, "living").claim([third])
    entries = [ADA, BOB, third, fourth]
    stored = any_store.execute("SELECT * FROM import_rows ORDER BY record_key")
    seen = journal(any_store).look(entries)
    assert any_store.execute("SELECT * FROM import_rows ORDER BY record_key") == stored
    assert [seen[entry.key].state for entry in entries] == ["done", "in_doubt", "elsewhere", "mine"]
    assert seen == journal(any_store).claim(entries)


def test_a_row_whose_answer_was_lost_is_in_doubt_for_everybody(any_store: Store) -> None:
    doubtful(journal(any_store, "before"))
    claim = journal(any_store).claim([CHANGED])["ada"]
    assert (claim.state, claim.same_content) == ("in_doubt", False)
    assert state(journal(any_store, "third").claim([ADA])) == "elsewhere"


def test_a_row_may_have_been_sent_until_its_answer_was_given_up(any_store: Store) -> None:
    before = journal(any_store, "before")
    before.claim([ADA])
    claimed = before.now()
    before.record_outcomes(done=[], in_doubt=[ADA], forgotten=[])
    given_up = before.now()
    assert claimed <= journal(any_store).claim([ADA])["ada"].since <= given_up


@pytest.mark.parametrize("owner", ["me", "heir"])
def test_a_row_may_have_been_sent_until_its_sender_was_found_dead(any_store: Store, owner: str) -> None:
    journal(any_store).claim([ADA])
    heir = journal(any_store, owner, dead="me")
    found = heir.now()
    assert heir.claim([ADA])["ada"].since >= found


def test_a_batch_claimed_meanwhile_does_not_make_a_refused_change_forget_what_was_there(
    any_store: Store,
) -> None:
    done(journal(any_store, import_id="earlier"))
    mine = journal(any_store)
    mine.claim([CHANGED])
    mine.claim([BOB])
    mine.record_outcomes(done=[], in_doubt=[], forgotten=[CHANGED])
    assert journal(any_store).claim([ADA])["ada"] == Claim("done", True, False, "created", "7")


def test_a_person_may_have_doubtful_rows_sent_again(any_store: Store) -> None:
    doubtful(journal(any_store, "before"))
    assert state(journal(any_store, resend_unknown=True).claim([ADA])) == "mine"


def test_the_bulk_job_of_a_row_is_remembered(any_store: Store) -> None:
    before = journal(any_store, "before")
    before.claim([ADA])
    before.record_job([ADA], "750")
    assert journal(any_store, dead="before").claim([ADA])["ada"].remote_id == "750"


def test_a_job_that_lost_its_claim_cannot_settle_it(any_store: Store) -> None:
    late = journal(any_store, "late")
    late.claim([ADA])
    heir = journal(any_store, "heir", dead="late")
    heir.claim([ADA])
    late.record_outcomes(done=[], in_doubt=[], forgotten=[ADA])
    heir.record_outcomes(done=[(ADA, "created", "7")], in_doubt=[], forgotten=[])
    assert state(journal(any_store).claim([ADA])) == "done"


def test_a_job_that_ends_leaves_in_doubt_what_it_has_not_settled_and_nothing_else(any_store: Store) -> None:
    eve = Entry("eve", "1")
    mine, other = journal(any_store), journal(any_store, owner="other")
    done(mine, ADA)
    mine.claim([BOB])
    other.claim([eve])
    mine.release()
    claims = journal(any_store, owner="later").look([ADA, BOB, eve])
    assert [state(claims, entry) for entry in (ADA, BOB, eve)] == ["done", "in_doubt", "elsewhere"]


def test_a_target_knows_nothing_of_another(any_store: Store) -> None:
    done(journal(any_store))
    assert state(RowJournal(any_store, "other", "now", Owner("me")).claim([ADA])) == "mine"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_of_jobs_that_claim_the_same_rows_at_once_each_row_has_one(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # Asked for here: pytest makes a fixture once for each thread that asks at the same time.
    where = request.getfixturevalue("postgres") if kind == "postgres" else ""

    def open_store() -> Store:
        return postgres_store(where) if where else sqlite_store(tmp_path / "journal.sqlite")

    entries = [Entry(f"{kind}{number}", "1") for number in range(300)]
    jobs = 4
    together = Barrier(jobs, timeout=60)

    def claim(number: int) -> Counter[str]:
        with open_store() as store:
            mine = journal(store, f"job{number}")
            together.wait()
            found: Counter[str] = Counter()
            for start in range(0, len(entries), 50):
                found.update(claim.state for claim in mine.claim(entries[start : start + 50]).values())
            return found

    with ThreadPoolExecutor(jobs) as pool:
        total = sum(pool.map(claim, range(jobs)), Counter())
    assert total == {"mine": 300, "elsewhere": 900}


@pytest.mark.parametrize(("seconds", "gone"), [(LEASE_SECONDS - 1, False), (LEASE_SECONDS + 1, True)])
def test_a_job_on_another_machine_is_dead_when_its_lease_is_over(seconds: float, gone: bool) -> None:
    assert LeasedOwner("me").is_gone("other", seconds) == gone


def test_a_job_on_another_machine_is_dead_before_where_that_is_known() -> None:
    me = LeasedOwner("me", has_ended={"cancelled": True, "at work": False}.__getitem__)
    assert me.is_gone("cancelled", 0)
    assert not me.is_gone("at work", 0)


def test_a_process_is_dead_the_moment_the_system_says_so(tmp_path: Path) -> None:
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from f.records.journal.owner import LockingOwner\n"
        "with LockingOwner(Path(sys.argv[1])) as owner:\n"
        "    print(owner.name, flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    )
    assert process.stdout is not None
    with process.stdout, LockingOwner(tmp_path) as me:
        name = process.stdout.readline().strip()
        assert not me.is_gone(name, 1e9)
        assert not me.is_gone(me.name, 1e9)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert me.is_gone(name, 0)
        assert me.is_gone(name, 0)  # its file is cleared away
    assert list(tmp_path.iterdir()) == []


OLDER = """CREATE TABLE IF NOT EXISTS import_rows (
    target TEXT NOT NULL, customer TEXT NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL,
    outcome TEXT NOT NULL, remote_id TEXT, import_id TEXT NOT NULL, owner TEXT NOT NULL,
    sent_at DOUBLE PRECISION NOT NULL, renewed_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (target, customer))"""
OLDER_ROW = """INSERT INTO import_rows VALUES
    ('crm', 'ada', '1', 'done', 'created', '7', 'earlier', '', 1, 1)"""


def test_a_journal_of_an_older_version_is_read_on(any_store: Store) -> None:
    any_store.create(OLDER)
    any_store.execute(OLDER_ROW)
    with ThreadPoolExecutor(4) as jobs:
        opened = list(jobs.map(lambda name: journal(any_store, str(name)), range(4)))
    claim = opened[0].claim([ADA, BOB])
    assert (claim["ada"].state, claim["ada"].remote_id, claim["bob"].state) == ("done", "7", "mine")
    assert any_store.columns("import_rows")[:2] == ["target", "record_key"]
    assert any_store.execute("SELECT target FROM import_targets") == [("crm",)]
