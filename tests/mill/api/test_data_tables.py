"""Data tables through the official client: in SQLite what that knows, in a Postgres as on Windmill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wmill

from mill.api.server import LocalApi
from mill.api.storage.data_tables import DataTables, read_script, servers_in
from mill.bench.rig.data_table import data_table
from mill.errors import MillError
from tests.mill.api.stage import Stage


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[DataTables]:
    tables = DataTables(tmp_path, {})
    yield tables
    tables.close()


def client_of(api: LocalApi) -> Any:
    return wmill.Windmill(api.url, api.token, api.workspace_id)  # type: ignore[no-untyped-call]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    """The client of a job whose workspace has data tables in SQLite."""
    (tmp_path / "workspace").mkdir()
    stage = Stage(tmp_path / "workspace", tmp_path / "state")
    with stage.serve() as api:
        client = client_of(api)
        yield client
        client.client.close()
    stage.jobs.close()


@pytest.fixture(scope="module")
def postgres_client(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with data_table(postgres_server, tmp_path_factory.mktemp("workspace")) as api:
        client = client_of(api)
        yield client
        client.client.close()


@pytest.fixture(params=["sqlite", "postgres"])
def any_client(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("client" if request.param == "sqlite" else "postgres_client")


def test_a_script_that_keeps_its_state_there_runs_unchanged(any_client: Any) -> None:
    table = any_client.datatable("main:shop")
    any_client.datatable("main").query("CREATE SCHEMA IF NOT EXISTS shop").execute()
    table.query(
        "CREATE TABLE IF NOT EXISTS orders (id BIGINT PRIMARY KEY, note TEXT, price FLOAT8)"
    ).execute()
    add = """INSERT INTO orders VALUES ($1, $2, $3::float8)
        ON CONFLICT (id) DO UPDATE SET note = excluded.note, price = orders.price + excluded.price
        RETURNING *"""
    assert table.query(add, 1, "it's $1; -- no std::string", 2.5).fetch() == [
        {"id": 1, "note": "it's $1; -- no std::string", "price": 2.5}
    ]
    assert table.query(add, 1, None, 1.0).fetch_one() == {"id": 1, "note": None, "price": 3.5}
    assert table.query("SELECT price FROM orders WHERE id = $1", 1).fetch_one_scalar() == 3.5
    assert table.query("SELECT price FROM orders WHERE id = $1", 2).fetch() == []
    assert table.query("SELECT price FROM orders WHERE id = $1", 2).fetch_one() is None
    assert table.query("SELECT 'std::string' AS t, $1::bigint AS n", 2).fetch_one() == {
        "t": "std::string",
        "n": 2,
    }
    twelve = "SELECT " + ", ".join(f"${n} AS c{n}" for n in (12, 2, 11)) + " /* $13; */ -- $14\n"
    values = [f"v{n}" for n in range(1, 13)]
    assert table.query(twelve, *values).fetch_one() == {"c12": "v12", "c2": "v2", "c11": "v11"}


@pytest.mark.parametrize(
    ("collection", "expected"),
    [
        (None, [{"b": 2}, {"b": 3}]),
        ("last_statement_first_row", {"b": 2}),
        ("last_statement_all_rows_scalar", [2, 3]),
        ("last_statement_first_row_scalar", 2),
        ("all_statements_all_rows", [[{"a": 1}], [{"b": 2}, {"b": 3}]]),
        ("all_statements_first_row", [{"a": 1}, {"b": 2}]),
        ("all_statements_all_rows_scalar", [[1], [2, 3]]),
        ("all_statements_first_row_scalar", [1, 2]),
    ],
)
def test_what_comes_back_is_what_result_collection_names(
    any_client: Any, collection: str | None, expected: Any
) -> None:
    query = any_client.datatable().query("SELECT 1 AS a; SELECT 2 AS b UNION SELECT 3 ORDER BY b;")
    assert query.fetch(collection) == expected


def test_a_transaction_in_one_text_happens_whole_or_not_at_all(any_client: Any) -> None:
    table = any_client.datatable("main")
    table.query("CREATE TABLE IF NOT EXISTS n (n INTEGER PRIMARY KEY)").execute()
    with pytest.raises(Exception, match="400"):
        table.query("BEGIN; INSERT INTO n VALUES (1); INSERT INTO n VALUES (1); COMMIT").execute()
    table.query("ROLLBACK").execute()
    assert table.query("SELECT count(*) AS n FROM n").fetch_one_scalar() == 0
    table.query("BEGIN; INSERT INTO n VALUES (1); INSERT INTO n VALUES (2); COMMIT").execute()
    assert table.query("SELECT count(*) AS n FROM n").fetch_one_scalar() == 2
    table.query("DROP TABLE n").execute()


def test_types_come_back_as_windmill_gives_them(postgres_client: Any) -> None:
    sql = """SELECT 1.50::numeric AS n, '2026-11-28'::date AS d, '\\xff00'::bytea AS b, 'NaN'::text AS t,
        '{"a": [1]}'::jsonb AS j, true AS yes, NULL AS nothing"""
    assert postgres_client.datatable().query(sql).fetch_one() == {
        "n": "1.50",
        "d": "2026-11-28",
        "b": "\\xff00",
        "t": "NaN",
        "j": {"a": [1]},
        "yes": True,
        "nothing": None,
    }
    block = "SELECT * FROM json_to_recordset($1) AS x(id int, name text)"
    rows = [{"id": 1, "name": "a"}, {"id": 2, "name": None}]
    assert postgres_client.datatable().query(block, rows).fetch() == rows


@pytest.mark.parametrize(
    ("content", "args", "says"),
    [
        ("SELECT 1", {}, "must be datatable://<name>"),
        ("SELECT 1", {"database": "$res:f/crm/db"}, "must be datatable://<name>"),
        ("SELECT 1", {"database": "datatable://../x"}, "not found"),
        ("SELECT * FROM nowhere", {"database": "datatable://main"}, "no such table: nowhere"),
        ("SELECT jsonb_agg(1)", {"database": "datatable://main"}, "MILL_DATA_TABLE_MAIN=postgresql://"),
        ("-- result_collection=legacy\nSELECT 1", {"database": "datatable://main"}, "does not know"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    tables: DataTables, content: str, args: dict[str, str], says: str
) -> None:
    with pytest.raises(MillError, match=says):
        tables.run(content, args)


def test_a_text_is_read_as_the_server_reads_it() -> None:
    text = """-- result_collection=all_statements_all_rows
-- $1 argument (JSON)
-- $2 other (TEXT)
SELECT ';', "a;b", $tag$ ; $1 $tag$ /* ; */ -- ;
; SELECT $2;
"""
    script = read_script(text)
    assert script.arguments == {1: ("argument", "json"), 2: ("other", "text")}
    assert [statement.split() for statement in script.statements] == [
        ["SELECT", "';',", '"a;b",', "$tag$", ";", "$1", "$tag$"],
        ["SELECT", "$2"],
    ]


def test_data_tables_are_named_in_the_environment() -> None:
    assert servers_in(
        {"MILL_DATA_TABLE_MAIN": "postgresql://x", "MILL_DATA_TABLE_B": "", "MILL_VAR_A": "1"}
    ) == {"main": "postgresql://x"}
    assert DataTables(Path(), {"main": "postgresql://x"}).are_real
    assert not DataTables(Path(), {}).are_real


@pytest.mark.parametrize(
    "address",
    ["postgresql://u:hunter2hunter2@127.0.0.1:1/x", "host=x password='hunter2hunter2", "hunter2hunter2"],
)
def test_a_postgres_that_is_not_there_is_named_and_its_password_is_not(tmp_path: Path, address: str) -> None:
    tables = DataTables(tmp_path, {"main": address})
    with pytest.raises(MillError, match="Check MILL_DATA_TABLE_MAIN") as caught:
        tables.run("SELECT 1", {"database": "datatable://main"})
    assert "hunter2" not in str(caught.value)
