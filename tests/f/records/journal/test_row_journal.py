"""The journal: what it says before a row is sent, over crashes, runs, jobs and all databases.

Each test runs with journals by rows, and with those that write blocks while they may.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import Self

import pytest

from f.connect.errors import TryLater
from f.records.journal.blocks import FilePart
from f.records.journal.chunk_journal import ChunkJournal
from f.records.journal.journal import Claim, Entry
from f.records.journal.owner import LeasedOwner, LockingOwner, Standing
from f.records.journal.row_journal import RowJournal
from f.store.store import LEASE_LOST, Permit, Store
from f.store.stores import memory_store, postgres_store, sqlite_store

ADA, BOB = Entry("ada", "1"), Entry("bob", "1")
CHANGED = Entry("ada", "2")


_written = ["rows"]


@pytest.fixture(autouse=True, params=["rows", "blocks"])
def _written_in(request: pytest.FixtureRequest) -> Iterator[None]:
    _written[0] = request.param
    yield
    _written[0] = "rows"


class Owner(LeasedOwner):
    """A job by a name of the test's choice, that takes others for dead or alive as the test says."""

    dead: frozenset[str] = frozenset()

    def __init__(self, store: Store, name: str) -> None:
        super().__init__(store)
        self.name = name

    def standing(self, other: str, now: float, *, take_over: bool) -> Standing:
        return Standing(other in self.dead, now)


def journal(
    store: Store, owner: str = "me", import_id: str = "now", dead: str = "", **options: bool
) -> RowJournal:
    job = Owner(store, owner)
    job.dead = frozenset({dead})
    if _written[0] == "blocks" and not options:
        return ChunkJournal(store, "crm", import_id, job, FilePart(owner, 0))
    return RowJournal(store, "crm", import_id, job, **options)


def state(claims: object, entry: Entry = ADA) -> str:
    assert isinstance(claims, dict)
    claim: Claim = claims[entry.key]
    return claim.state


def sent(before: RowJournal, entry: Entry = ADA) -> None:
    before.claim([entry])
    assert before.record_sent([entry], 5) == {entry.key}


def done(before: RowJournal, entry: Entry = ADA) -> None:
    sent(before, entry)
    before.record_outcomes(done=[(entry, "created", "7")], in_doubt=[], forgotten=[])


def doubtful(before: RowJournal, entry: Entry = ADA) -> None:
    sent(before, entry)
    before.record_outcomes(done=[], in_doubt=[entry], forgotten=[])


def refused(before: RowJournal, entry: Entry = ADA) -> None:
    sent(before, entry)
    before.record_outcomes(done=[], in_doubt=[], forgotten=[entry])


def test_a_row_nobody_has_sent_is_ours(any_store: Store) -> None:
    assert state(journal(any_store).claim([ADA, BOB])) == "mine"


@pytest.mark.parametrize(("import_id", "same_import"), [("now", True), ("earlier", False)])
def test_a_row_that_was_applied_is_done(any_store: Store, import_id: str, same_import: bool) -> None:
    done(journal(any_store, "before", import_id))
    claims = journal(any_store).claim([ADA, BOB])
    assert claims["ada"] == Claim("done", same_import=same_import, outcome="created", remote_id="7")
    assert state(claims, BOB) == "mine"


def test_a_row_whose_content_has_changed_is_there_and_known_by_its_id(any_store: Store) -> None:
    done(journal(any_store, "before"))
    assert journal(any_store).claim([CHANGED])["ada"] == Claim("changed", remote_id="7")


def test_going_back_to_earlier_content_is_a_change_too(any_store: Store) -> None:
    done(journal(any_store))
    done(journal(any_store), CHANGED)
    assert state(journal(any_store).claim([ADA])) == "changed"


@pytest.mark.parametrize("sent_too", [False, True])
def test_a_job_that_dies_while_it_changes_a_row_does_not_make_the_row_a_new_one(
    any_store: Store, sent_too: bool
) -> None:
    done(journal(any_store, "first"))
    dying = journal(any_store, "dying")
    dying.claim([CHANGED])
    if sent_too:
        dying.record_sent([CHANGED], 5)
    claims = journal(any_store, dead="dying").claim([CHANGED])
    assert claims["ada"] == Claim("changed", remote_id="7")


def test_of_a_change_in_doubt_no_content_is_known_whatever_comes_between(any_store: Store) -> None:
    done(journal(any_store))
    doubtful(journal(any_store), CHANGED)
    between = journal(any_store)
    assert state(between.claim([ADA])) == "changed"
    between.record_outcomes(done=[], in_doubt=[], forgotten=[ADA])
    for entry in (ADA, CHANGED):
        assert state(journal(any_store).look([entry]), entry) == "changed"
    doubtful(journal(any_store), CHANGED)
    assert state(journal(any_store, resend_unknown=True).look([ADA])) == "changed"


def test_a_refused_row_leaves_no_trace(any_store: Store) -> None:
    refused(journal(any_store))
    assert any_store.execute("SELECT count(*) FROM import_rows") == [(0,)]
    assert state(journal(any_store).claim([ADA])) == "mine"


def test_a_refused_change_leaves_what_was_there_before(any_store: Store) -> None:
    done(journal(any_store, import_id="earlier"))
    refused(journal(any_store), CHANGED)
    claim = journal(any_store, import_id="third").claim([ADA])["ada"]
    assert (claim.state, claim.outcome, claim.remote_id) == ("done", "created", "7")


@pytest.mark.parametrize(("dead", "expected"), [("before", "in_doubt"), ("", "elsewhere")])
def test_a_row_under_way_is_in_doubt_once_its_sender_is_dead(
    any_store: Store, dead: str, expected: str
) -> None:
    sent(journal(any_store, "before"))
    assert state(journal(any_store, dead=dead).claim([ADA])) == expected


@pytest.mark.parametrize(("dead", "expected"), [("before", "mine"), ("", "elsewhere")])
def test_a_row_that_was_claimed_and_never_sent_is_free_once_its_job_is_dead(
    any_store: Store, dead: str, expected: str
) -> None:
    doubtful(journal(any_store, "earlier"))
    journal(any_store, "before", resend_unknown=True).claim([ADA])
    assert state(journal(any_store, dead=dead).claim([ADA])) == expected


def test_a_row_nothing_is_known_of_belongs_to_the_first_that_is_about_to_send_it(any_store: Store) -> None:
    first, second = journal(any_store, "first"), journal(any_store, "second")
    assert state(first.claim([ADA, BOB]), BOB) == state(second.claim([ADA, BOB]), BOB) == "mine"
    assert first.record_sent([ADA], 5) == {"ada"}
    assert second.record_sent([ADA, BOB], 5) == {"bob"}
    first.record_outcomes(done=[(ADA, "created", "7")], in_doubt=[], forgotten=[BOB])
    assert second.record_sent([ADA], 5) == frozenset()
    second.record_outcomes(done=[], in_doubt=[BOB], forgotten=[ADA])
    claims = journal(any_store).claim([ADA, BOB])
    assert [state(claims, entry) for entry in (ADA, BOB)] == ["done", "in_doubt"]


def test_to_look_is_to_hear_what_a_claim_would_and_to_claim_nothing(any_store: Store) -> None:
    done(journal(any_store, "before", "earlier"))
    doubtful(journal(any_store, "before"), BOB)
    third, fourth = Entry("third", "1"), Entry("fourth", "1")
    sent(journal(any_store, "living"), third)
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
    sent(before)
    at = before.now()
    before.record_outcomes(done=[], in_doubt=[ADA], forgotten=[])
    given_up = before.now()
    claim = journal(any_store).claim([ADA])["ada"]
    assert at <= claim.since <= given_up
    assert claim.first_sent <= at
    assert claim.in_flight == 5


def test_a_row_may_have_been_sent_until_its_sender_was_found_dead(any_store: Store) -> None:
    sent(journal(any_store))
    heir = journal(any_store, "heir", dead="me")
    found = heir.now()
    assert heir.claim([ADA])["ada"].since >= found


def test_an_idempotency_key_is_as_old_as_its_first_sending(any_store: Store) -> None:
    doubtful(journal(any_store, "before"))
    again = journal(any_store)
    first = again.claim([ADA])["ada"].first_sent
    again.record_sent([ADA], 5)
    again.record_outcomes(done=[], in_doubt=[ADA], forgotten=[])
    assert journal(any_store).claim([ADA])["ada"].first_sent == first


def test_what_the_target_will_work_on_later_is_in_doubt_and_known_to_be_accepted(any_store: Store) -> None:
    before = journal(any_store, "before")
    sent(before)
    before.record_outcomes(done=[], in_doubt=[], accepted=[ADA], forgotten=[])
    claim = journal(any_store).claim([ADA])["ada"]
    assert (claim.state, claim.accepted) == ("in_doubt", True)


def test_a_batch_claimed_meanwhile_does_not_make_a_refused_change_forget_what_was_there(
    any_store: Store,
) -> None:
    done(journal(any_store, import_id="earlier"))
    mine = journal(any_store)
    mine.claim([CHANGED])
    mine.claim([BOB])
    mine.record_outcomes(done=[], in_doubt=[], forgotten=[CHANGED])
    assert state(journal(any_store).claim([ADA])) == "done"


def test_a_missing_row_is_let_go_once_however_many_jobs_have_missed_it(any_store: Store) -> None:
    done(journal(any_store, "before"))
    one, other = journal(any_store, "one"), journal(any_store, "other")
    missed, missed_too = one.look([ADA])[ADA.key], other.look([ADA])[ADA.key]
    assert one.forget_missing([(ADA, missed.generation)]) == 1
    done(one)  # made anew, with just this content: what the other job saw of the target is of before
    assert other.forget_missing([(ADA, missed_too.generation)]) == 0
    assert state(other.claim([ADA])) == "done"


def test_a_missing_row_is_not_let_go_while_another_job_sends_or_changes_it(any_store: Store) -> None:
    before = journal(any_store, "before")
    done(before)
    done(before, BOB)
    seen = before.look([ADA, BOB])
    done(journal(any_store, "other"), CHANGED)
    sent(journal(any_store, "other"), Entry("bob", "2"))
    assert before.forget_missing([(one, seen[one.key].generation) for one in (ADA, BOB)]) == 0


def test_a_person_may_have_doubtful_rows_sent_again(any_store: Store) -> None:
    doubtful(journal(any_store, "before"))
    assert state(journal(any_store, resend_unknown=True).claim([ADA])) == "mine"


def test_the_bulk_job_of_a_row_is_remembered(any_store: Store) -> None:
    before = journal(any_store, "before")
    before.claim([ADA])
    before.record_sent([ADA], 5, "750")
    assert journal(any_store, dead="before").claim([ADA])["ada"].job == "750"


def test_a_job_that_lost_its_claim_may_not_send_it(any_store: Store) -> None:
    doubtful(journal(any_store, "before"))
    late = journal(any_store, "late")
    late.claim([ADA, BOB])
    journal(any_store, "heir", dead="late").claim([ADA])
    assert late.record_sent([ADA, BOB], 5) == {"bob"}


def test_a_job_that_lost_its_claim_cannot_settle_it(any_store: Store) -> None:
    late = journal(any_store, "late")
    sent(late)
    heir = journal(any_store, "heir", dead="late")
    heir.claim([ADA])
    late.record_outcomes(done=[], in_doubt=[], forgotten=[ADA])
    heir.record_outcomes(done=[(ADA, "created", "7")], in_doubt=[], forgotten=[])
    assert state(journal(any_store).claim([ADA])) == "done"


def test_a_job_that_ends_leaves_in_doubt_what_it_has_not_settled_and_nothing_else(any_store: Store) -> None:
    eve, unsent = Entry("eve", "1"), Entry("unsent", "1")
    mine, other = journal(any_store), journal(any_store, owner="other")
    done(mine, ADA)
    sent(mine, BOB)
    mine.claim([unsent])
    sent(other, eve)
    mine.release()
    entries = [ADA, BOB, unsent, eve]
    claims = journal(any_store, owner="later").look(entries)
    assert [state(claims, entry) for entry in entries] == ["done", "in_doubt", "mine", "elsewhere"]


def test_a_record_that_is_gone_is_made_anew_under_another_key_even_by_a_third_job(any_store: Store) -> None:
    done(journal(any_store))
    assert journal(any_store).forget_missing([(ADA, 0), (BOB, 0)]) == 1
    assert journal(any_store).look([ADA])["ada"] == Claim("mine", generation=1)
    refused(journal(any_store, "second"))
    doubtful(journal(any_store, "third"))
    claim = journal(any_store, "fourth").claim([ADA])["ada"]
    assert (claim.state, claim.generation) == ("in_doubt", 1)


def test_a_record_with_other_content_or_in_other_hands_is_not_forgotten(any_store: Store) -> None:
    done(journal(any_store))
    assert journal(any_store).forget_missing([(CHANGED, 0)]) == 0
    journal(any_store, "other").claim([CHANGED])
    assert journal(any_store).forget_missing([(ADA, 0)]) == 0


def test_what_was_learnt_of_a_target_is_kept_for_all_imports(any_store: Store) -> None:
    assert journal(any_store).proof() is None
    journal(any_store).keep_proof("one")
    journal(any_store).keep_proof("two")
    assert journal(any_store, "other").proof() == "two"


def test_a_target_knows_nothing_of_another(any_store: Store) -> None:
    done(journal(any_store))
    assert state(RowJournal(any_store, "other", "now", Owner(any_store, "me")).claim([ADA])) == "mine"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_of_jobs_that_send_the_same_rows_at_once_each_row_has_one(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # Asked for here: pytest makes a fixture once for each thread that asks at the same time.
    where = request.getfixturevalue("postgres") if kind == "postgres" else ""

    def open_store() -> Store:
        return postgres_store(where) if where else sqlite_store(tmp_path / "journal.sqlite")

    entries = [Entry(f"{_written[0]} {kind} {number}", "1") for number in range(300)]
    jobs = 4
    together = Barrier(jobs, timeout=60)

    def send(number: int) -> Counter[str]:
        with open_store() as store:
            mine = journal(store, f"job{number}")
            together.wait()
            found: Counter[str] = Counter()
            for start in range(0, len(entries), 50):
                block = entries[start : start + 50]
                claims = mine.claim(block)
                found.update(mine.record_sent([one for one in block if state(claims, one) == "mine"], 5))
            return found

    with ThreadPoolExecutor(jobs) as pool:
        total = sum(pool.map(send, range(jobs)), Counter())
    assert total == {entry.key: 1 for entry in entries}


SHORT = 0.6  # seconds of a lease in these tests


def leased(store: Store, job: str = "", ended: str = "") -> LeasedOwner:
    return LeasedOwner(store, job, lambda other: other == ended, SHORT)


def test_a_job_that_renews_its_lease_is_at_work_however_long(any_store: Store) -> None:
    with leased(any_store) as other, leased(any_store) as me:
        time.sleep(2 * SHORT)
        assert me.standing(other.name, any_store.now(), take_over=True) == Standing(False)


def test_a_job_that_has_ended_is_gone_at_once(any_store: Store) -> None:
    with leased(any_store) as me:
        with leased(any_store) as other:
            pass
        assert me.standing(other.name, any_store.now(), take_over=True).is_gone


def test_a_job_that_renews_nothing_is_gone_when_its_lease_is_over_and_cannot_come_back(
    any_store: Store,
) -> None:
    with leased(any_store) as me:
        silent = Silent(any_store, "", lambda _: False, SHORT)
        with silent:
            assert not me.standing(silent.name, any_store.now(), take_over=True).is_gone
            time.sleep(SHORT)
            assert me.standing(silent.name, any_store.now(), take_over=True).is_gone
            assert silent.permit is not None
            assert not silent.permit.is_valid()
            with pytest.raises(TryLater) as caught:
                silent.permit.renew()
    assert caught.value.code == LEASE_LOST


class Silent(LeasedOwner):
    """A process that is stopped: it does not renew its lease."""

    def __enter__(self) -> Self:
        super().__enter__()
        assert self._renewal is not None
        self._renewal.end()
        return self


def test_a_renewal_under_way_has_ended_when_its_job_has(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = Event(), Event()

    def renew(_permit: Permit) -> None:
        begun.set()
        time.sleep(0.1)
        ended.set()

    monkeypatch.setattr(Permit, "renew", renew)
    with memory_store() as store:
        with LeasedOwner(store, seconds=0.06):
            assert begun.wait(20)
        assert ended.is_set()


@pytest.mark.parametrize(("job", "ended"), [("the same", ""), ("another", "the same")])
def test_of_a_job_that_was_started_anew_or_has_ended_it_is_known_when_its_rows_are_free(
    any_store: Store, job: str, ended: str
) -> None:
    with leased(any_store, "the same") as before, leased(any_store, job, ended) as me:
        standing = me.standing(before.name, any_store.now(), take_over=True)
    assert not standing.is_gone
    assert standing.free_at is not None
    assert standing.free_at - any_store.now() <= SHORT


def test_a_job_whose_lease_was_deleted_is_gone_once_its_leave_to_send_has_ended(any_store: Store) -> None:
    with LeasedOwner(any_store, seconds=2) as first, LeasedOwner(any_store, seconds=2) as second:
        any_store.execute("DELETE FROM store_lease WHERE key = :key", {"key": f"import:{first.name}"})
        for _ in range(2):
            standing = second.standing(first.name, any_store.now(), take_over=True)
            assert not standing.is_gone
            assert standing.free_at is not None
        assert first.permit is not None
        with pytest.raises(TryLater):
            first.permit.renew()
        ended = (standing.free_at or 0) + 0.01
        assert second.standing(first.name, ended, take_over=True).is_gone


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
        assert not me.standing(name, 0, take_over=True).is_gone
        assert not me.standing(me.name, 0, take_over=True).is_gone
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert me.standing(name, 0, take_over=True).is_gone
        assert me.standing(name, 0, take_over=True).is_gone  # its file is cleared away
    assert list(tmp_path.iterdir()) == []


OLDER = """CREATE TABLE IF NOT EXISTS import_rows (
    target TEXT NOT NULL, customer TEXT NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL,
    outcome TEXT NOT NULL, remote_id TEXT, import_id TEXT NOT NULL, owner TEXT NOT NULL,
    sent_at DOUBLE PRECISION NOT NULL, renewed_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (target, customer))"""
OLDER_ROWS = """INSERT INTO import_rows VALUES
    ('crm', 'ada', '1', 'done', 'created', '7', 'earlier', '', 1, 1),
    ('crm', 'eve', '1', 'sent', '', '750', 'earlier', '', 1, 1)"""


def test_a_journal_of_an_older_version_is_read_on(any_store: Store) -> None:
    any_store.create(OLDER)
    any_store.execute(OLDER_ROWS)
    with ThreadPoolExecutor(4) as jobs:
        opened = list(jobs.map(lambda name: journal(any_store, str(name)), range(4)))
    eve = Entry("eve", "1")
    claim = opened[0].claim([ADA, BOB, eve])
    assert (claim["ada"].state, claim["ada"].remote_id, claim["bob"].state) == ("done", "7", "mine")
    assert claim["eve"] == Claim("in_doubt", job="750", since=1, first_sent=0)
    assert any_store.columns("import_rows")[:2] == ["target", "record_key"]
    assert any_store.execute("SELECT target FROM import_targets") == [("crm",)]


def test_a_target_of_an_older_journal_is_known_however_its_address_was_written(any_store: Store) -> None:
    any_store.create(OLDER)
    any_store.execute(OLDER_ROWS.replace("'crm'", "'generic HTTPS://CRM.example.com/v1//customers acme'"))
    job = LeasedOwner(any_store)
    with job:
        now = RowJournal(any_store, "generic https://crm.example.com/v1/customers acme", "now", job)
        assert state(now.claim([ADA])) == "done"
