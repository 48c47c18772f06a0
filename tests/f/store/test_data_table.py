"""A job finds its workspace's data table by itself, or is told why not; nothing falls back silently."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
import wmill

from f.connect.errors import ConnectError, FixInput, FixSettings, TryLater
from f.store import data_table_store
from f.store.data_table_store import DataTableStore, workspace_store
from f.store.stores import SqliteStore, open_store
from mill.api.server import LocalApi
from tests.loopback import Asked, Loopback, Reply, serve

# As the server words it, in a version of today and in one of before.
MISSING = (
    (404, "Not found: Data table 'main' not found. No data table is configured in this workspace yet."),
    (500, "Internal: datatable main not found"),
    (404, "Not found"),  # of before there were any
)
TABLE = "CREATE TABLE IF NOT EXISTS t (key TEXT PRIMARY KEY, n INTEGER NOT NULL)"
CHANGE = "ALTER TABLE t ADD COLUMN later TEXT"


@pytest.fixture(autouse=True)
def _as_a_job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WM_WORKSPACE", "sales")
    monkeypatch.setenv("WM_TOKEN", "job-token")
    for name in ("MILL", "MILL_DATA_TABLES", "WM_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(data_table_store, "_without", set())


def job_at(server: Loopback | LocalApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_INTERNAL_URL", server.url)
    if isinstance(server, LocalApi):
        monkeypatch.setenv("WM_WORKSPACE", server.workspace_id)
        monkeypatch.setenv("WM_TOKEN", server.token)


@pytest.mark.parametrize(("status", "text"), MISSING)
def test_a_workspace_without_one_is_asked_once_and_a_file_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, text: str
) -> None:
    with serve(lambda _: Reply(status, text.encode())) as server:
        job_at(server, monkeypatch)
        for purpose in ("imports", "limits"):
            with open_store(None, purpose) as store:
                assert isinstance(store, SqliteStore)
                assert not store.spans_machines
                store.create(TABLE)
    assert len(server.asked) == 1
    assert {path.name for path in (tmp_path / ".millwright").glob("*.sqlite")} == {
        "imports.sqlite",
        "limits.sqlite",
    }


REFUSALS: list[tuple[Reply, type[ConnectError], str]] = [
    (Reply(401, b"Not authorized: Operators cannot run preview jobs"), FixSettings, "may not use it"),
    (Reply(403, b"Permission denied: not in your grants"), FixSettings, "may not use it"),
    (
        Reply(400, b"ExecutionErr: db error: ERROR: permission denied for database x"),
        FixSettings,
        "Grant CREATE",
    ),
    (Reply(502, b"<html>Bad gateway</html>"), TryLater, "502"),
    (Reply(200, b"<html>Sign in</html>"), TryLater, "not reached"),
    (Reply(200, {"rows": []}), TryLater, "cannot be read"),
    (Reply(200, []), TryLater, "cannot be read"),
    (Reply(drop=True), TryLater, "not reached"),
]


@pytest.mark.parametrize(("answer", "error", "says"), REFUSALS, ids=lambda case: str(case)[:40])
def test_one_that_cannot_be_used_is_an_error_and_not_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: Reply, error: type[ConnectError], says: str
) -> None:
    """Else this job would keep in a file what the others look for in the data table."""
    with serve(lambda _: answer) as server:
        job_at(server, monkeypatch)
        with pytest.raises(error, match=says) as caught:
            open_store(None, "imports")
    assert "job-token" not in str(caught.value)
    assert not (tmp_path / ".millwright").exists()


def test_a_server_that_is_gone_is_an_error_and_not_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with serve(lambda _: Reply()) as server:
        job_at(server, monkeypatch)
    with pytest.raises(TryLater, match="not reached"):
        open_store(None, "imports")
    assert not (tmp_path / ".millwright").exists()


def test_one_that_is_taken_away_meanwhile_is_named() -> None:
    with (
        serve(lambda _: Reply(404, MISSING[0][1].encode())) as server,
        DataTableStore(server.url, "sales", "t") as store,
        pytest.raises(FixSettings, match="no data table main any more"),
    ):
        store.execute("SELECT 1")


def test_after_a_data_table_was_used_no_file_takes_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data_table_api: LocalApi
) -> None:
    job_at(data_table_api, monkeypatch)
    with open_store(None, "imports") as store:
        assert store.is_remote
        store.execute("DROP SCHEMA millwright CASCADE")
    with serve(lambda _: Reply(404, MISSING[0][1].encode())) as server:
        job_at(server, monkeypatch)
        with pytest.raises(FixSettings, match=r"there is none any more.*remove .*data_table"):
            open_store(None, "imports")
        (tmp_path / ".millwright" / "data_table").unlink()
        with open_store(None, "imports") as store:
            assert isinstance(store, SqliteStore)


def test_a_laptop_and_a_plain_call_of_python_ask_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda _: Reply(500)) as server:
        job_at(server, monkeypatch)
        monkeypatch.setenv("MILL", "1")
        assert workspace_store() is None
        monkeypatch.delenv("BASE_INTERNAL_URL")
        monkeypatch.delenv("MILL")
        assert workspace_store() is None
        with open_store(None, "imports") as store:
            assert isinstance(store, SqliteStore)
    assert server.asked == []


def test_what_is_sent_is_what_the_official_client_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windmill lets an operator's job pass only in this shape."""

    with serve(lambda _: Reply(200, [[], [{"r": [[]]}]])) as server:
        job_at(server, monkeypatch)
        with DataTableStore(server.url, "sales", "job-token") as store:
            store.execute("DELETE FROM t WHERE key = :key", {"key": "a"})
        client = wmill.Windmill()  # type: ignore[no-untyped-call]  # wmill has no types there
        client.datatable("main:millwright").query("DELETE FROM t WHERE key = $1", "a").execute()
        client.client.close()
    ours, theirs = server.asked
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert ours.headers["Authorization"] == theirs.headers["Authorization"]
    assert ours.json.keys() == theirs.json.keys() == {"content", "language", "args"}
    assert ours.json["language"] == theirs.json["language"]
    assert ours.json["args"]["database"] == theirs.json["args"]["database"] == "datatable://main"
    # Theirs leaves the search path on a connection that all jobs of the worker have; ours names the schema.
    assert "SET search_path" in theirs.json["content"]
    assert "SET search_path" not in ours.json["content"]
    assert "millwright." in ours.json["content"]


def test_a_worker_without_a_server_of_its_own_runs_a_job_for_it() -> None:
    with DataTableStore("https://windmill.example.com", "sales", "t") as store:
        assert store._url.endswith("/api/w/sales/jobs/run_wait_result/preview")


def test_the_schema_is_made_once_and_tables_that_are_there_cost_nothing(
    data_table_api: LocalApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_at(data_table_api, monkeypatch)
    monkeypatch.setattr(data_table_store, "_LOOK_SECONDS", 60.0)  # on a busy machine a look takes long
    for _ in range(2):
        store = workspace_store()
        assert store is not None
        store.create(TABLE)
        store.close()
    store = workspace_store()
    assert store is not None
    with store:
        with monkeypatch.context() as patch:
            patch.delattr(store, "_pool")  # whoever asks the server fails
            store.create(TABLE)
            assert store.columns("t") == ["key", "n"]
            assert abs(store.now() - time.time()) < 5  # the look has told it too
        store.execute("DROP SCHEMA millwright CASCADE")


def test_what_another_has_left_on_the_servers_connection_is_over(data_table_api: LocalApi) -> None:
    """Windmill's worker uses a connection again, and an error in a transaction leaves it unusable."""
    client = wmill.Windmill(data_table_api.url, data_table_api.token, data_table_api.workspace_id)  # type: ignore[no-untyped-call]  # wmill has no types there
    with pytest.raises(Exception, match="400"):
        client.datatable("main").query("BEGIN; SELECT 1/0; COMMIT").fetch()
    with pytest.raises(Exception, match="400"):
        client.datatable("main").query("SELECT 1").fetch()
    client.client.close()
    with DataTableStore(data_table_api.url, data_table_api.workspace_id, data_table_api.token) as store:
        assert store.open()
        assert store.execute("SELECT 1, 'a', :n", {"n": 0.1}) == [(1, "a", 0.1)]
        store.execute("DROP SCHEMA millwright CASCADE")


def test_nothing_of_ours_is_left_on_the_servers_connection(data_table_api: LocalApi) -> None:
    """The worker's other jobs have the same one."""
    stranger = wmill.Windmill(data_table_api.url, data_table_api.token, data_table_api.workspace_id)  # type: ignore[no-untyped-call]  # wmill has no types there
    table = stranger.datatable("main")
    table.query("CREATE TABLE orders (n INTEGER)").execute()
    with DataTableStore(data_table_api.url, data_table_api.workspace_id, data_table_api.token) as store:
        assert store.open()
        store.create(TABLE)
        table.query("INSERT INTO orders VALUES (1)").execute()
        with pytest.raises(ConnectError):
            store.together([("INSERT INTO t VALUES ('a', 1)", {}), ("INSERT INTO t VALUES ('a', 2)", {})])
        assert table.query("SELECT n FROM orders").fetch() == [{"n": 1}]
        table.query("CREATE TABLE theirs (n INTEGER)").execute()
        assert store.execute("SELECT * FROM t") == []
        store.execute("DROP SCHEMA millwright CASCADE")
    table.query("DROP TABLE orders, theirs").execute()
    stranger.client.close()


def test_jobs_that_find_nothing_there_make_the_schema_once(data_table_api: LocalApi) -> None:
    def open_and_add(number: int) -> None:
        with DataTableStore(data_table_api.url, data_table_api.workspace_id, data_table_api.token) as store:
            assert store.open()
            store.create(TABLE)
            store.execute("INSERT INTO t VALUES (:key, 1)", {"key": str(number)})

    with ThreadPoolExecutor(8) as jobs:
        list(jobs.map(open_and_add, range(8)))
    with DataTableStore(data_table_api.url, data_table_api.workspace_id, data_table_api.token) as store:
        assert store.open()
        assert store.execute("SELECT count(*) FROM t") == [(8,)]
        store.execute("DROP SCHEMA millwright CASCADE")


def passed_on(api: LocalApi, hold: Callable[[str, Callable[[], Reply]], Reply]) -> Callable[[Asked], Reply]:
    """Answer as the API does; `hold` is given what is run and how to ask the API, and chooses when to."""

    def answer(asked: Asked) -> Reply:
        def ask() -> Reply:
            headers = {"Authorization": asked.headers["Authorization"], "Content-Type": "application/json"}
            reply = requests.post(api.url + asked.path, data=asked.body, headers=headers, timeout=30)
            return Reply(reply.status_code, reply.content)

        return hold(asked.json["content"] + asked.json["args"].get("argument", ""), ask)

    return answer


def test_a_look_that_took_long_does_not_tell_the_time(data_table_api: LocalApi) -> None:
    """It has opened the connection, perhaps, and the database looked at its clock at the very end."""
    api = data_table_api

    def hold(runs: str, ask: Callable[[], Reply]) -> Reply:
        if "pg_catalog" in runs:
            time.sleep(0.8)
        return ask()

    with (
        serve(passed_on(api, hold)) as server,
        DataTableStore(server.url, api.workspace_id, api.token) as store,
    ):
        assert store.open()
        assert abs(store.now() - time.time()) < 0.2  # the database is on this machine
        store.execute("DROP SCHEMA millwright CASCADE")


@pytest.mark.parametrize("ends", ["after the change", "before the change is made"])
def test_a_look_beside_a_change_is_not_kept(data_table_api: LocalApi, ends: str) -> None:
    """Threads share a store: one looks at the tables while another changes them."""
    holding, let_go = threading.Event(), threading.Event()
    held = "pg_catalog" if ends == "after the change" else "ALTER"

    def hold(runs: str, ask: Callable[[], Reply]) -> Reply:
        if not is_shared or held not in runs:
            return ask()
        before = ask() if held == "pg_catalog" else None  # it sees the table as it is by now
        holding.set()
        assert let_go.wait(30)
        return before or ask()

    api, is_shared = data_table_api, False
    with (
        serve(passed_on(api, hold)) as server,
        DataTableStore(server.url, api.workspace_id, api.token) as store,
        ThreadPoolExecutor(1) as others,
    ):
        assert store.open()
        store.create(TABLE)
        is_shared = True
        look, change = store.open, lambda: store.execute(CHANGE)
        first, second = (look, change) if held == "pg_catalog" else (change, look)
        under_way = others.submit(first)
        assert holding.wait(30)
        second()
        let_go.set()
        under_way.result()
        assert store.columns("t") == ["key", "n", "later"]
        store.execute("DROP SCHEMA millwright CASCADE")


@pytest.mark.parametrize("value", ["$var:f/a/secret", "$res:f/a/b", "-- $1", "a; b"])
def test_a_value_is_not_taken_for_something_else(
    data_table_api: LocalApi, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    with DataTableStore(data_table_api.url, data_table_api.workspace_id, data_table_api.token) as store:
        assert store.open()
        calls: list[Any] = []
        opened = store._opened()
        request = opened.request

        def listening(*args: Any, **more: Any) -> Any:
            calls.append(json.loads(more["body"]))
            return request(*args, **more)

        monkeypatch.setattr(opened, "request", listening)
        assert store.execute("SELECT :value", {"value": value}) == [(value,)]
        # Windmill replaces each text of the arguments that begins with such a word.
        (argument,) = (text for name, text in calls[0]["args"].items() if name != "database")
        assert argument.startswith("{")
        store.execute("DROP SCHEMA millwright CASCADE")


def test_values_and_columns_come_back_as_they_are(data_table_api: LocalApi) -> None:
    with DataTableStore(data_table_api.url, data_table_api.workspace_id, data_table_api.token) as store:
        assert store.open()
        values = {"a": "ünï $1 :b ; '", "b": 2**62, "c": 1732800000.123456, "d": None, "e": True, "f": ""}
        sql = "SELECT :a AS x, :b AS x, :c AS x, :d AS y, :e AS a, :f"
        assert store.execute(sql, values) == [tuple(values.values())]
        for bad in ("a\0b", "\ud800"):
            with pytest.raises(FixInput):
                store.execute("SELECT :a", {"a": bad})
        store.execute("DROP SCHEMA millwright CASCADE")


def test_who_reads_the_data_table_reads_no_person_and_no_token(
    data_table_api: LocalApi, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import whose target has a token server: what lies in the tables afterwards."""
    from f.customers.create_customers import main  # noqa: PLC0415 - with the environment of the job

    job_at(data_table_api, monkeypatch)
    monkeypatch.setenv("MILL", "1")
    monkeypatch.setenv("MILL_DATA_TABLES", "1")

    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            return Reply(200, {"access_token": "an-access-token", "expires_in": 3600})
        return Reply(201, {"id": "1"})

    with serve(answer) as server:
        oauth = {
            "type": "oauth2",
            "token_url": f"{server.url}/token",
            "client_id": "c",
            "client_secret": "a-secret",
        }
        api = {"kind": "generic", "base_url": server.url, "authentication": oauth}
        done = main(api, [{"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+442079460123"}])  # type: ignore[arg-type]  # as Windmill hands it over
    assert done["counts"]["created"] == 1
    assert "one machine" not in done["guarantee"]
    with psycopg.connect(postgres) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'millwright'"
        ).fetchall()
        rows = [connection.execute(f"SELECT * FROM millwright.{table}").fetchall() for (table,) in tables]
        connection.execute("DROP SCHEMA millwright CASCADE")
    assert {"import_rows", "connect_token", "store_lease"} <= {table for (table,) in tables}
    kept = json.dumps(rows, default=str)
    for told in ("Ada", "Lovelace", "ada@", "9460123", "an-access-token", "a-secret"):
        assert told not in kept
