"""What an inbox decides, and who gets a file of several runs that want it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import FixInput
from f.records.inbox.claims import FileClaims
from f.records.inbox.decisions import (
    ClaimState,
    FileResult,
    InboxFile,
    choose,
    clean_prefixes,
    conclude,
    describe,
    is_taken,
    is_wanted,
    judge,
)
from f.store.stores import SqliteStore, postgres_store, sqlite_store

ROOT = Path(__file__).parents[4]
FILE = InboxFile("", "inbox/a.csv", 10, "2026-05-01T10:00:00Z", "v1")
RESULT = conclude(FILE, "done/", {"counts": {"rows": 2, "created": 2}}, None, attempt=1, now=1_777_777_777)


@pytest.mark.parametrize(
    "other",
    [
        InboxFile("archive", "inbox/a.csv", 10, "2026-05-01T10:00:00Z", "v1"),
        InboxFile("", "inbox/b.csv", 10, "2026-05-01T10:00:00Z", "v1"),
        InboxFile("", "inbox/a.csv", 11, "2026-05-01T10:00:00Z", "v1"),
        InboxFile("", "inbox/a.csv", 10, "2026-05-01T10:00:01Z", "v1"),
        InboxFile("", "inbox/a.csv", 10, "2026-05-01T10:00:00Z", "v2"),
    ],
)
def test_a_replaced_file_is_another_file(other: InboxFile) -> None:
    assert other.id != FILE.id == InboxFile(**FILE.to_json()).id


@pytest.mark.parametrize(
    ("path", "patterns", "wanted"),
    [
        ("inbox/a.csv", ["*.csv"], True),
        ("inbox/A.CSV", ["*.csv"], True),
        ("inbox/deep/er/a.csv", ["*.csv"], True),
        ("inbox/a.csv.part", ["*.csv"], False),
        ("inbox/.a.csv", ["*.csv"], False),
        ("inbox/~$a.xlsx", ["*.xlsx"], False),
        ("inbox/folder.csv/", ["*.csv"], False),
        ("inbox/leads-2026.txt", ["*.csv", "leads-*.txt"], True),
        ("inbox/a.txt", ["*.csv", "leads-*.txt"], False),
    ],
)
def test_a_name_is_wanted_or_not(path: str, patterns: list[str], wanted: bool) -> None:
    assert is_wanted(path, patterns) == wanted


def test_the_oldest_quiet_files_come_first_and_the_rest_is_counted() -> None:
    at = FILE.modified_at
    files = [
        InboxFile("", f"inbox/{name}.csv", 1, f"2026-05-01T10:00:{second:02}Z")
        for name, second in [("late", 59), ("b", 10), ("a", 10), ("first", 0), ("d", 20)]
    ]
    due = choose(files, now=at + 60, quiet_seconds=30, max_files=3)
    assert [file.name for file in due.files] == ["first.csv", "a.csv", "b.csv"]
    assert (due.changing, due.next_run) == (1, 1)


def test_a_file_from_the_future_waits() -> None:
    assert choose([FILE], now=FILE.modified_at - 5, quiet_seconds=0, max_files=1).files == []


@pytest.mark.parametrize("modified", ["2026-05-01T10:00:00.123456789Z", "2026-05-01T12:00:00+02:00"])
def test_every_time_a_storage_gives_is_read(modified: str) -> None:
    assert int(InboxFile("", "a", 1, modified).modified_at) == int(FILE.modified_at)


@pytest.mark.parametrize(
    ("standing", "alive", "taken"),
    [
        (None, None, False),
        (ClaimState("other", 200, 1, None), True, True),
        (ClaimState("other", 50, 1, None), True, True),
        (ClaimState("other", 200, 1, None), False, False),
        (ClaimState("other", 200, 1, None), None, True),
        (ClaimState("other", 50, 1, None), None, False),
        (ClaimState("other", 0, 1, None), True, False),
        (ClaimState("me", 200, 1, None), True, False),
        (ClaimState("other", 200, 1, RESULT), True, True),
    ],
    ids=["new", "alive", "alive long", "dead", "leased", "expired", "given back", "mine", "settling"],
)
def test_a_claim_holds_while_its_job_runs_or_else_its_lease(
    standing: ClaimState | None, alive: bool | None, taken: bool
) -> None:
    assert is_taken(standing, "me", 100, alive=alive) == taken


def ended(name: str, step: str = "report", **counts: int) -> dict[str, Any]:
    error = {"error": {"name": name, "message": "Why.", "step_id": step}}
    return {**error, "counts": {"rows": 9, **counts}} if counts else error


@pytest.mark.parametrize(
    ("imported", "outcome"),
    [
        ({"counts": {"rows": 3, "created": 2, "rejected": 1}}, "done"),
        (ended("BadTable", "parse"), "failed"),
        (ended("FixInput", "gate", failed=6, invalid=3), "failed"),
        (ended("SuspendedDisapproved", "create", failed=9), "failed"),
        (ended("TryLater", "parse"), "later"),
        (ended("ExecutionErr", "parse"), "later"),
        (ended("ExecutionErr", "failure"), "failed"),
        (ended("FixSettings", "gate", failed=9), "later"),
        (ended("ImportIncomplete", failed=9), "later"),
        (ended("ImportIncomplete", failed=8, created=1), "failed"),
        (ended("ImportIncomplete", failed=8, updated=1), "failed"),
        (ended("ImportIncomplete", failed=8, unknown=1), "failed"),
    ],
)
def test_a_file_is_tried_again_only_if_not_a_row_of_it_was_sent(
    imported: dict[str, Any], outcome: str
) -> None:
    assert judge(imported, 2, 3, journalled=False)[0] == outcome
    assert judge(imported, 3, 3, journalled=False)[0] == ("failed" if outcome == "later" else outcome)


@pytest.mark.parametrize(
    ("imported", "outcome"),
    [
        (ended("ImportIncomplete", failed=7, created=1, unknown=1), "later"),
        (ended("ExecutionErr", "failure"), "later"),
        (ended("BadTable", "parse"), "failed"),
        ({"counts": {"rows": 1, "created": 1}}, "done"),
    ],
)
def test_where_a_database_knows_which_rows_were_sent_the_file_may_be_sent_again(
    imported: dict[str, Any], outcome: str
) -> None:
    assert judge(imported, 2, 3, journalled=True)[0] == outcome
    assert judge(imported, 3, 3, journalled=True)[0] == ("failed" if outcome == "later" else outcome)


def test_a_result_says_where_the_file_is_and_what_to_do() -> None:
    assert describe(RESULT) == f"Imported (2 rows, 2 created); it is in {RESULT['folder']} now."
    assert RESULT["folder"] == f"done/20260501-100000-{FILE.id[:8]}/"
    file = {"filename": "rest.csv", "s3": "imports/x/rest.csv"}
    rest = {"rows": 3, "resume_at": "2026-05-02T00:00:00+00:00", "job": "7", "file": file}
    parked = conclude(
        FILE, "done/", {"counts": {"created": 5, "failed": 3}, "rest": rest}, None, attempt=1, now=0
    )
    assert describe(parked).endswith(
        "now. The rest of the file (3 rows) is sent at 2026-05-02 00:00 UTC by job 7."
    )
    imported = {**ended("ImportIncomplete", failed=1, created=8), "rejects": {"s3": "imports/x/rejects.csv"}}
    left = conclude(FILE, "failed/", imported, judge(imported, 1, 3, journalled=False)[1], attempt=1, now=0)
    assert left["copies"] == {"rejects.csv": "imports/x/rejects.csv"}
    assert f"{left['folder']}rejects.csv holds the rows left" in describe(left)
    broken = conclude(FILE, "failed/", {}, {"name": "BadTable", "message": "No."}, attempt=1, now=0)
    assert "Copy it back into the inbox" in describe(broken)


@pytest.mark.parametrize(
    ("inbox", "done", "failed"),
    [
        ("inbox/", "inbox/done/", "failed/"),
        ("inbox/", "done/", "inbox/failed/"),
        ("inbox", "/inbox//done", "failed"),
        ("/", "done/", "failed/"),
        ("inbox/", "", "failed/"),
        ("inbox/../", "done/", "failed/"),
        ("same/", "same/", "failed/"),
    ],
)
def test_a_place_where_a_moved_file_would_be_found_again_is_refused(
    inbox: str, done: str, failed: str
) -> None:
    with pytest.raises(FixInput):
        clean_prefixes(inbox, done, failed)


def test_prefixes_are_written_as_one_likes() -> None:
    assert clean_prefixes("/in", "in-done/", "x//failed") == ("in/", "in-done/", "x/failed/")


@pytest.fixture
def claims(tmp_path: Path) -> Iterator[FileClaims]:
    with SqliteStore(tmp_path / "s", clock=lambda: 1000.0) as store:
        yield FileClaims(store)


def test_a_claim_goes_to_one_run_and_counts_its_attempts(claims: FileClaims) -> None:
    assert claims.state(FILE) is None
    assert claims.take(FILE, "first", 60, None) == 1
    assert claims.take(FILE, "second", 60, None) is None
    seen = claims.state(FILE)
    assert seen == ClaimState("first", 1060.0, 1, None)
    assert claims.take(FILE, "first", 60, seen) == 1
    assert claims.take(FILE, "second", 60, seen) == 2
    assert claims.take(FILE, "third", 60, seen) is None


def test_a_result_is_kept_by_the_owner_alone_and_for_good(claims: FileClaims) -> None:
    claims.take(FILE, "first", 60, None)
    claims.take(FILE, "second", 60, claims.state(FILE))
    assert claims.conclude(FILE, "first", 1, RESULT) is None
    assert claims.conclude(FILE, "second", 2, RESULT) == RESULT
    later: FileResult = {**RESULT, "imported_at": "later"}
    assert claims.conclude(FILE, "second", 2, later) == RESULT
    claims.give_back(FILE, "second", 2)
    seen = claims.state(FILE)
    assert seen == ClaimState("second", 1060.0, 2, RESULT)
    assert claims.take(FILE, "third", 60, seen) is None


def test_an_owner_that_took_the_file_again_is_not_the_one_it_was(
    claims: FileClaims,
) -> None:
    """What is left of its first attempt neither concludes the third nor gives it back."""
    assert claims.take(FILE, "first", 60, None) == 1
    assert claims.take(FILE, "second", 60, claims.state(FILE)) == 2
    assert claims.take(FILE, "first", 60, claims.state(FILE)) == 3
    claims.give_back(FILE, "first", 1)
    assert claims.conclude(FILE, "first", 1, RESULT) is None
    assert claims.state(FILE) == ClaimState("first", 1060.0, 3, None)
    assert (claims.holds(FILE, "first", 1), claims.holds(FILE, "first", 3)) == (False, True)


RACER = """
import sys
from f.store.stores import SqliteStore, postgres_store, sqlite_store
from f.records.inbox.decisions import InboxFile
from f.records.inbox.claims import FileClaims
where, me = sys.argv[1:]
with (postgres_store if where.startswith("postgres") else sqlite_store)(where) as store:
    claims = FileClaims(store)
    print("ready", flush=True)
    sys.stdin.readline()
    files = [InboxFile("", f"inbox/{n}.csv", 1, "") for n in range(200)]
    print(*(file.path for file in files if claims.take(file, me, 60, None)))
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_of_processes_that_want_the_same_files_each_gets_its_own(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = str(tmp_path / "s") if kind == "sqlite" else request.getfixturevalue("postgres")
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, where, name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b", "c")
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    got = [racer.communicate(timeout=30)[0].split() for racer in racers]
    assert sorted(path for paths in got for path in paths) == sorted(f"inbox/{n}.csv" for n in range(200))
    with sqlite_store(where) if kind == "sqlite" else postgres_store(where) as store:
        assert len(store.execute("SELECT id FROM inbox_file WHERE attempt = 1")) == 200
