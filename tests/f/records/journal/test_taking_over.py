"""A data table that is made on a running workspace knows what was sent before: nothing goes out twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from f.connect.errors import TryLater
from f.customers.create_customers import main
from f.records.journal.journal import Claim, Entry
from f.records.journal.owner import LockingOwner
from f.records.journal.row_journal import RowJournal
from f.records.journal.taking_over import take_over
from f.store.data_table_store import DataTableStore
from f.store.store import Store
from f.store.stores import sqlite_store
from mill.api.server import LocalApi
from tests.loopback import Reply, serve

ADA, BOB, CLEO, DAN = (Entry(key, "1") for key in ("ada", "bob", "cleo", "dan"))


@pytest.fixture
def table(data_table_api: LocalApi) -> Iterator[DataTableStore]:
    with DataTableStore(data_table_api.url, data_table_api.workspace_id, data_table_api.token) as store:
        assert store.open()
        yield store
        store.execute("DROP SCHEMA millwright CASCADE")


def journal(store: Store, owners: Path) -> RowJournal:
    return RowJournal(store, "crm", "import-1", LockingOwner(owners))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The journal of a job that was killed: ada is done, bob was sent, cleo was to be."""
    path = tmp_path / "imports.sqlite"
    with sqlite_store(path) as store:
        before = journal(store, tmp_path / "owners")
        before.claim([ADA, BOB, CLEO])
        before.record_sent([ADA, BOB], 5.0)
        before.record_outcomes(done=[(ADA, "created", "7")], in_doubt=[], forgotten=[])
        before.keep_proof("shown")
    return path


def test_what_the_file_knows_is_known_to_the_data_table(file: Path, table: DataTableStore) -> None:
    owners = file.parent / "owners"
    assert take_over(file, owners, table) == 2
    after = journal(table, owners)
    claims = after.claim([ADA, BOB, CLEO, DAN])
    assert {key: claim.state for key, claim in claims.items()} == {
        "ada": "done",
        "bob": "in_doubt",
        "cleo": "mine",
        "dan": "mine",
    }
    assert claims["ada"].remote_id == "7"
    assert after.proof() == "shown"
    assert not file.exists()
    assert take_over(file, owners, table) == 0


def test_what_the_data_table_knows_already_counts_more(file: Path, table: DataTableStore) -> None:
    owners = file.parent / "owners"
    newer = journal(table, owners)
    newer.claim([BOB])
    newer.record_sent([BOB], 5.0)
    newer.record_outcomes(done=[(BOB, "created", "9")], in_doubt=[], forgotten=[])
    take_over(file, owners, table)
    assert newer.claim([BOB])["bob"] == Claim("done", same_import=True, outcome="created", remote_id="9")


def test_while_a_job_still_sends_by_the_file_nobody_takes_it(file: Path, table: DataTableStore) -> None:
    owners = file.parent / "owners"
    with LockingOwner(owners) as alive, sqlite_store(file) as store:
        RowJournal(store, "crm", "import-2", alive).claim([DAN])
        with pytest.raises(TryLater, match="still running on this machine"):
            take_over(file, owners, table)
    assert file.exists()
    assert take_over(file, owners, table) == 2


def test_an_import_after_the_data_table_was_made_sends_nothing_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data_table_api: LocalApi, table: DataTableStore
) -> None:
    del table  # is removed afterwards
    monkeypatch.setenv("HOME", str(tmp_path))
    people = [{"name": f"C {n}", "email": f"c{n}@example.com"} for n in range(5)]
    with serve(lambda _: Reply(201, {"id": "1"})) as server:
        api = cast("Any", {"kind": "generic", "base_url": server.url})
        assert main(api, people)["counts"]["created"] == 5
        monkeypatch.setenv("BASE_INTERNAL_URL", data_table_api.url)
        monkeypatch.setenv("WM_WORKSPACE", data_table_api.workspace_id)
        monkeypatch.setenv("WM_TOKEN", data_table_api.token)
        monkeypatch.setenv("MILL", "1")
        monkeypatch.setenv("MILL_DATA_TABLES", "1")
        again = main(api, [*people, {"name": "C 5", "email": "c5@example.com"}])
        posts = sum(asked.method == "POST" for asked in server.asked)
    assert (again["counts"]["unchanged"], again["counts"]["created"]) == (5, 1)
    assert posts == 6
