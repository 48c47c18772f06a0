"""One SQL text, three stores."""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from f.connect.errors import ConnectError, FixSettings, TryLater
from f.store.store import Statement, Store
from f.store.stores import SqliteStore, memory_store, postgres_store, sqlite_store

ROOT = Path(__file__).parents[3]
TABLE = "CREATE TABLE IF NOT EXISTS t (key TEXT PRIMARY KEY, n INTEGER NOT NULL)"
ADD = "INSERT INTO t AS r VALUES (:key, :n) ON CONFLICT (key) DO UPDATE SET n = r.n + :n RETURNING n"


def test_an_upsert_returns_its_row(any_store: Store) -> None:
    any_store.create(TABLE)
    any_store.create(TABLE)
    assert any_store.execute(ADD, {"key": "100%", "n": 1}) == [(1,)]
    assert any_store.execute(ADD, {"key": "100%", "n": 2}) == [(3,)]
    assert any_store.execute("DELETE FROM t") == []


def test_what_is_written_together_happens_whole_or_not_at_all(any_store: Store) -> None:
    any_store.create(TABLE)
    with pytest.raises(FixSettings):
        any_store.together([(ADD, {"key": "a", "n": 1}), ("INSERT INTO t (n) VALUES (NULL)", {})])
    assert any_store.execute("SELECT n FROM t") == []
    both = [(ADD, {"key": "a", "n": 1}), (ADD.replace(" RETURNING n", ""), {"key": "b", "n": 2})]
    assert any_store.together([*both, ("SELECT key, n FROM t ORDER BY key", {})]) == [
        [(1,)],
        [],
        [("a", 1), ("b", 2)],
    ]


def test_a_block_of_rows_is_one_parameter(any_store: Store) -> None:
    any_store.create("CREATE TABLE IF NOT EXISTS t (key TEXT PRIMARY KEY, n DOUBLE PRECISION, note TEXT)")
    add = """INSERT INTO t AS r SELECT j.value ->> 0, CAST(j.value ->> 1 AS DOUBLE PRECISION), j.value ->> 2
        FROM each_row(:rows) AS j WHERE :n > 0
        ON CONFLICT (key) DO UPDATE SET n = r.n + excluded.n, note = excluded.note RETURNING key, n, note"""
    rows = [["a", 1.5, None], ["b", 2, 'quoted "é"; $1 -- :n']]
    for times in (1, 2):
        found = any_store.execute(add, {"rows": json.dumps(rows), "n": 1})
        assert sorted(found) == [(key, times * float(str(n)), note) for key, n, note in rows]
    assert any_store.execute(add, {"rows": "[]", "n": 1}) == []


def test_rows_are_found_by_the_first_cells_of_a_block(any_store: Store) -> None:
    any_store.create(TABLE)
    for key in ("a", "b", "c"):
        any_store.execute(ADD, {"key": key, "n": 1})
    found = "SELECT key FROM t WHERE n = :n AND key IN each_key(:rows) ORDER BY key"
    assert any_store.execute(found, {"rows": '[["c", 1], ["a"], ["z"], ["a"]]', "n": 1}) == [("a",), ("c",)]
    assert any_store.execute(found, {"rows": "[]", "n": 1}) == []


def test_rows_of_a_young_table_are_looked_up_in_postgres_and_written_again_beside(postgres: str) -> None:
    """Without statistics it takes a table for small: a join would read all of it for each block."""
    with postgres_store(postgres) as store:
        store.create("CREATE TABLE IF NOT EXISTS young (key TEXT PRIMARY KEY, n INTEGER)", written_twice=True)
        store.execute("INSERT INTO young (key, n) SELECT g::text, 1 FROM generate_series(1, 5000) AS g")
        plan = store.execute(
            "EXPLAIN SELECT n FROM young WHERE key IN each_key(:rows)", {"rows": '[["7"], ["4000"]]'}
        )
        assert any("Index Cond: (key = ANY" in line for (line,) in plan)
        assert not any("Seq Scan" in line for (line,) in plan)
        options = store.execute("SELECT reloptions FROM pg_class WHERE relname = 'young'")
        assert options == [(["fillfactor=50"],)]


def test_threads_lose_no_update(any_store: Store) -> None:
    any_store.create(TABLE)

    def add() -> None:
        for _ in range(25):
            any_store.execute(ADD, {"key": "a", "n": 1})

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any_store.execute("SELECT n FROM t") == [(100,)]


def test_a_state_file_is_private_and_outlives_the_store(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.sqlite"
    with sqlite_store(path) as store:
        store.create(TABLE)
        store.execute(ADD, {"key": "a", "n": 1})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with sqlite_store(path) as store:
        assert store.execute("SELECT n FROM t") == [(1,)]


def test_jobs_that_open_a_new_state_file_at_once_are_not_in_each_others_way(tmp_path: Path) -> None:
    for number in range(20):
        together, path = threading.Barrier(6), tmp_path / f"{number}.sqlite"

        def open_and_add(together: threading.Barrier, path: Path) -> None:
            together.wait(20)
            with sqlite_store(path) as store:
                store.create(TABLE)
                store.execute(ADD, {"key": "a", "n": 1})

        with ThreadPoolExecutor(6) as jobs:
            for job in [jobs.submit(open_and_add, together, path) for _ in range(6)]:
                job.result()
        assert sqlite_store(path).execute("SELECT n FROM t") == [(6,)]
    assert all(file.suffix == ".sqlite" for file in tmp_path.iterdir() if "-" not in file.name)


@pytest.mark.parametrize(("durable", "synchronous"), [(False, 1), (True, 2)])
def test_a_durable_state_file_waits_for_the_disk_on_every_thread(
    tmp_path: Path, durable: bool, synchronous: int
) -> None:
    with sqlite_store(tmp_path / "state.sqlite", durable=durable) as store, ThreadPoolExecutor() as threads:
        here = store.execute("PRAGMA synchronous")
        there = threads.submit(store.execute, "PRAGMA synchronous").result()
    assert here == there == [(synchronous,)]


@pytest.mark.parametrize("make", [memory_store, lambda: sqlite_store("state.sqlite")])
def test_a_store_that_is_dropped_closes_its_connections(
    make: Callable[[], SqliteStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = make()
    store.execute("CREATE TABLE t (n INTEGER)")
    (own,) = store._connections
    del store
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        own.connection.execute("SELECT 1")


def test_a_forked_process_opens_its_own_connection(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "state.sqlite") as store:
        store.create(TABLE)
        child = os.fork()
        if child == 0:
            store.execute(ADD, {"key": "a", "n": 1})
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert store.execute(ADD, {"key": "a", "n": 1}) == [(2,)]


def test_a_state_file_that_stays_locked_is_worth_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("f.store.stores.BUSY_SECONDS", 0.05)
    path = tmp_path / "state.sqlite"
    with sqlite_store(path) as store:
        store.create(TABLE)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TryLater, match="stayed locked"):
            store.execute(ADD, {"key": "a", "n": 1})
        other.close()


def unopenable(tmp_path: Path) -> Store:
    (tmp_path / "folder.sqlite").mkdir()
    return sqlite_store(tmp_path / "folder.sqlite")


def test_a_path_that_cannot_be_opened_is_a_setting_to_fix(tmp_path: Path) -> None:
    with unopenable(tmp_path) as store, pytest.raises(FixSettings, match="cannot be opened for writing"):
        store.execute("SELECT 1")


@pytest.mark.parametrize(
    ("where", "error", "says"),
    [
        (
            {"host": "127.0.0.1", "port": 1, "dbname": "x", "user": "u", "password": "hunter2"},
            TryLater,
            "cannot be used",
        ),
        ({"user": "u"}, FixSettings, "needs at least host and dbname"),
    ],
)
def test_a_postgres_that_cannot_be_used_is_named_without_its_password(
    where: dict[str, object], error: type[ConnectError], says: str
) -> None:
    with pytest.raises(error, match=says) as caught:
        postgres_store(where).execute("SELECT 1")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(postgres_store("host=x password=hunter2"))


def test_a_broken_postgres_connection_is_replaced(postgres: str) -> None:
    with postgres_store(postgres) as store:
        [(pid,)] = store.execute("SELECT pg_backend_pid()")
        with postgres_store(postgres) as other:
            other.execute("SELECT pg_terminate_backend(:pid)", {"pid": pid})
        with pytest.raises(TryLater):
            store.execute("SELECT 1")
        assert store.execute("SELECT 1") == [(1,)]


def test_one_broken_postgres_connection_tells_of_all(postgres: str) -> None:
    with postgres_store(postgres) as store, postgres_store(postgres) as other:
        at_once = threading.Barrier(3)

        def connect() -> object:
            wait: Statement = ("SELECT pg_backend_pid(), CAST(pg_sleep(0.2) AS TEXT)", {})
            at_once.wait(20)
            return store.together([wait])[0][0][0]

        with ThreadPoolExecutor(3) as pool:
            pids = [made.result() for made in [pool.submit(connect) for _ in range(3)]]
        assert len(set(pids)) == 3
        for pid in pids:
            other.execute("SELECT pg_terminate_backend(:pid)", {"pid": pid})
        with pytest.raises(TryLater):
            store.execute("SELECT 1")
        assert store.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize("any_store", ["postgres", "data table"], indirect=True)
def test_two_that_wait_for_each_other_both_come_to_an_end(any_store: Store) -> None:
    any_store.execute("CREATE TABLE IF NOT EXISTS pair (name TEXT PRIMARY KEY, number BIGINT NOT NULL)")
    any_store.execute("INSERT INTO pair VALUES ('a', 0), ('b', 0)")
    add = "UPDATE pair SET number = number + 1 WHERE name = :name"

    def both(first: str, second: str) -> None:
        pause: Statement = ("SELECT CAST(pg_sleep(0.4) AS TEXT)", {})
        any_store.together([(add, {"name": first}), pause, (add, {"name": second})])

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(both, "a", "b"), pool.submit(both, "b", "a")]:
            done.result()
    assert any_store.execute("SELECT number FROM pair") == [(2,), (2,)]


# One thread writes while another closes, as where a run ends whose breaker still tells others of a failure.
_CLOSED_MEANWHILE = """
import sys, threading
from f.connect.errors import ConnectError
from f.store.stores import sqlite_store

def write():
    while not ended.is_set():
        try:
            store.execute("INSERT INTO t VALUES (1) RETURNING 1")
        except ConnectError:
            pass

store, ended = sqlite_store(sys.argv[1]), threading.Event()
store.create("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
sys.setswitchinterval(1e-6)
thread = threading.Thread(target=write)
thread.start()
for _ in range(2000):
    store.close()
ended.set()
thread.join()
"""


def test_a_store_is_closed_while_another_thread_writes(tmp_path: Path) -> None:
    # In a process of its own: SQLite takes with it the one whose connection is closed beneath a statement.
    command = [sys.executable, "-c", _CLOSED_MEANWHILE, str(tmp_path / "state.sqlite")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
