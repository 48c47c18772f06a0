"""The journal as a script opens it: in this machine's home, in the database given, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from f.connect.errors import FixSettings
from f.customers.targets.customer_api import open_target
from f.records.journal.journal import Entry
from f.records.sending.session import open_journal, open_limits

ADA, BOB = Entry("ada", "1"), Entry("bob", "1")
API = {"kind": "generic", "base_url": "https://api.example.com"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_without_a_database_the_journal_is_a_private_file_that_outlives_the_job(home: Path) -> None:
    target = open_target(API)
    with open_journal(None, target, "one") as journal:
        journal.claim([ADA])
        journal.record_outcomes(done=[(ADA, "created", "7")], in_doubt=[], forgotten=[])
    with open_journal(None, target, "two") as journal:
        assert journal.claim([ADA])["ada"].state == "done"
    assert (home / ".millwright").stat().st_mode & 0o77 == 0


def test_a_job_that_fails_leaves_what_it_sent_in_doubt_and_nothing_locked(home: Path) -> None:
    target = open_target(API)

    def fail() -> None:
        with open_journal(None, target, "one") as journal:
            journal.claim([ADA, BOB])
            journal.record_sent([ADA], 5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with open_journal(None, target, "two") as journal:
        claims = journal.claim([ADA, BOB])
        assert (claims["ada"].state, claims["bob"].state) == ("in_doubt", "mine")


def test_two_jobs_at_once_are_told_apart(home: Path) -> None:
    target = open_target(API)
    with open_journal(None, target, "one") as one, open_journal(None, target, "two") as two:
        one.record_sent([ADA], 5)
        assert two.claim([ADA])["ada"].state == "elsewhere"


def test_a_home_that_cannot_be_written_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    with (
        pytest.raises(FixSettings, match="Give a postgresql resource"),
        open_journal(None, open_target(API), "one"),
    ):
        pass


def test_the_limits_are_a_private_file_that_all_jobs_share(home: Path) -> None:
    with open_limits(None) as one, open_limits(None) as other:
        one.create("CREATE TABLE IF NOT EXISTS shared (n INTEGER)")
        one.execute("INSERT INTO shared VALUES (7)")
        assert other.execute("SELECT n FROM shared") == [(7,)]
    assert (home / ".millwright").stat().st_mode & 0o77 == 0
