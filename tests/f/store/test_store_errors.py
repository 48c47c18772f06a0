"""What a database says becomes one of our errors at the edge: where, what, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from f.connect.errors import ConnectError, FixInput, FixSettings, TryLater
from f.store.postgres_store import limits
from f.store.store import Store
from f.store.stores import memory_store, postgres_store, sqlite_store

TABLE = "CREATE TABLE IF NOT EXISTS t (key TEXT PRIMARY KEY, n INTEGER NOT NULL)"
ADD = "INSERT INTO t VALUES (:key, :n)"


def not_a_database(path: Path) -> None:
    path.write_bytes(b"key,n\r\na,1\r\n" * 200)


def cut_short(path: Path) -> None:
    with sqlite_store(path) as store:
        store.create(TABLE)
        store.together([(ADD, {"key": f"{n:0200}", "n": n}) for n in range(500)])
    path.write_bytes(path.read_bytes()[:5000])


def overwritten_inside(path: Path) -> None:
    cut_short(path)
    data = bytearray(path.read_bytes())
    data[100:5000] = b"\xff" * 4900
    path.write_bytes(data)


@pytest.mark.parametrize("damage", [not_a_database, cut_short, overwritten_inside])
def test_a_damaged_state_file_is_named_with_the_next_step(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    path = tmp_path / "imports.sqlite"
    damage(path)

    def read() -> None:
        with sqlite_store(path) as store:
            store.create(TABLE)
            store.execute("SELECT * FROM t ORDER BY n")

    with pytest.raises(FixSettings, match="damaged or not a SQLite") as caught:
        read()
    assert str(path) in str(caught.value)
    assert "does not know what was sent before" in str(caught.value)


def test_a_full_disk_is_named_and_the_store_goes_on_once_there_is_room(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "imports.sqlite") as store:
        store.create(TABLE)
        store.execute("PRAGMA max_page_count = 5")
        rows = [(ADD, {"key": f"{n:0900}", "n": n}) for n in range(100)]
        with pytest.raises(TryLater, match=r"imports\.sqlite cannot grow: the disk is full"):
            store.together(rows)
        store.execute("PRAGMA max_page_count = 5000")
        store.together(rows)
        with sqlite_store(tmp_path / "imports.sqlite") as other:
            assert other.execute("SELECT COUNT(*) FROM t") == [(100,)]


def test_after_a_commit_that_failed_the_next_transaction_is_one_of_its_own(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "imports.sqlite") as store:
        store.create(TABLE)
        store.execute("PRAGMA foreign_keys = ON")
        store.execute("CREATE TABLE u (key TEXT REFERENCES t (key) DEFERRABLE INITIALLY DEFERRED)")
        with pytest.raises(FixSettings, match="constraint failed"):
            store.together([("INSERT INTO u VALUES ('nobody')", {})])
        store.together([(ADD, {"key": "a", "n": 1})])
        with sqlite_store(tmp_path / "imports.sqlite") as other:
            assert other.execute("SELECT n FROM t") == [(1,)]
            assert other.execute("SELECT * FROM u") == []


@pytest.mark.parametrize("name", ["file/imports.sqlite", "n" * 300 + ".sqlite", "imports.sqlite/"])
def test_a_state_file_that_cannot_lie_there_is_a_setting_to_fix(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "imports.sqlite").mkdir()
    with sqlite_store(tmp_path / name) as store, pytest.raises(FixSettings, match="cannot be opened"):
        store.execute("SELECT 1")


@pytest.mark.parametrize("value", ["\ud800", 2**80])
def test_a_value_no_store_can_keep_is_an_input_to_fix(any_store: Store, value: object) -> None:
    any_store.create(TABLE)
    with pytest.raises(FixInput, match="A value cannot be kept") as caught:
        any_store.execute(ADD, {"key": value, "n": 1} if isinstance(value, str) else {"key": "a", "n": value})
    assert caught.value.code == "bad_value"


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM nowhere", "SELECT wrong FROM t", "INSERT INTO t (n) VALUES (1)"]
)
def test_tables_of_another_version_are_a_setting_to_fix(any_store: Store, statement: str) -> None:
    any_store.create("CREATE TABLE IF NOT EXISTS t (key TEXT NOT NULL, n INTEGER NOT NULL)")
    with pytest.raises(FixSettings, match="version"):
        any_store.execute(statement)


def test_memory_says_that_it_is_memory() -> None:
    with memory_store() as store, pytest.raises(FixSettings, match="The state in memory was written"):
        store.execute("SELECT * FROM nowhere")


def with_(uri: str, parameters: str) -> str:
    return f"{uri}{'&' if '?' in uri else '?'}{parameters}"


def test_what_postgres_refuses_is_named_by_what_to_do(postgres: str) -> None:
    with postgres_store(postgres) as store:
        store.create(TABLE)
        store.execute("DROP ROLE IF EXISTS weak")
        store.execute("CREATE ROLE weak")
        cases: list[tuple[str, str, type[ConnectError], str]] = [
            (with_(postgres, "options=-c%20role%3Dweak"), "SELECT * FROM t", FixSettings, "too few rights"),
            (
                with_(postgres, "options=-c%20default_transaction_read_only%3Don"),
                ADD.replace(":key", "'a'").replace(":n", "1"), FixSettings, "takes no writes",
            ),
            (with_(postgres, "dbname=nowhere"), "SELECT 1", FixSettings, "no such database"),
            (with_(postgres, "user=nobody"), "SELECT 1", FixSettings, "refused the user"),
            (with_(postgres, "options=-cstatement_timeout%3D50"), "SELECT pg_sleep(5)", TryLater, "again"),
        ]  # fmt: skip
        for where, statement, kind, says in cases:
            with postgres_store(where) as other, pytest.raises(kind, match=says) as caught:
                other.execute(statement)
            assert caught.value.code == "store"
        with pytest.raises(FixInput, match="holds a NUL"):
            store.execute(ADD, {"key": "a\0b", "n": 1})


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://u:hunter2hunter2@[bad/x",
        "host=x password='hunter2hunter2",
        "hunter2hunter2",
        "postgresql://u:hunter2hunter2@h/x?hunter2hunter2=1",
        {
            "host": "h",
            "dbname": "x",
            "password": "hunter2hunter2",
            "port": "hunter2hunter2",
            "sslmode": "odd",
        },
        {"host": "h", "dbname": "x", "password": "hunter2\0hunter2"},
    ],
)
def test_an_address_that_cannot_be_read_is_a_setting_to_fix_and_is_not_quoted(where: object) -> None:
    with pytest.raises(ConnectError) as caught:
        postgres_store(where).execute("SELECT 1")  # type: ignore[arg-type]  # some are what nobody may give
    assert "hunter2hunter2" not in str(caught.value)


@pytest.fixture
def wanted(postgres: str) -> str:
    """A Postgres with a row that several want to write."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE TABLE wanted (n BIGINT)")
        connection.execute("INSERT INTO wanted VALUES (1)")
    return postgres


def test_a_row_that_another_job_holds_is_not_waited_for_without_end(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("f.store.postgres_store.BUSY_SECONDS", 0.1)
    with postgres_store(wanted) as store, psycopg.connect(wanted) as holder:
        holder.execute("UPDATE wanted SET n = 2")
        with pytest.raises(TryLater) as caught:
            store.together([("UPDATE wanted SET n = 3", {})])
        holder.rollback()
    assert caught.value.code == "store"


def test_what_a_job_holds_that_says_nothing_more_is_given_back(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("f.store.postgres_store.BUSY_SECONDS", 5.0)
    with postgres_store(wanted) as store, closing(psycopg.connect(wanted)) as silent:
        silent.execute(limits(0.05))  # as each transaction of a store begins
        silent.execute("UPDATE wanted SET n = 2")
        store.together([("UPDATE wanted SET n = 3", {})])
        assert store.execute("SELECT n FROM wanted") == [(3,)]
