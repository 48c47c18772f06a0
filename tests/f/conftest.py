"""Stores of every kind, on their real clocks, for the tests of every folder of f."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from f.connect.redact import forget
from f.store.data_table_store import DataTableStore
from f.store.store import Store
from f.store.stores import memory_store, postgres_store, sqlite_store
from f.windmill.connection import disconnect
from mill.api.server import LocalApi
from mill.bench.rig.data_table import data_table


@pytest.fixture(autouse=True)
def _no_connection_stays() -> Iterator[None]:
    """Close what a test has opened to Windmill's API: the next one has another, or none."""
    yield
    disconnect()


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """The word `secret` is a credential in one test and a word in the next."""
    yield
    forget()


@pytest.fixture(scope="session")
def data_table_api(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    """A workspace with a data table, which lies in the test run's Postgres."""
    with data_table(postgres_server, tmp_path_factory.mktemp("workspace")) as api:
        yield api


@pytest.fixture(params=["memory", "sqlite", "postgres", "data table"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind of store in turn, on its real clock."""
    store: Store
    if request.param == "memory":
        store = memory_store()
    elif request.param == "sqlite":
        store = sqlite_store(tmp_path / "state.sqlite")
    elif request.param == "postgres":
        store = postgres_store(request.getfixturevalue("postgres"))
    else:
        api = request.getfixturevalue("data_table_api")
        store = DataTableStore(api.url, api.workspace_id, api.token)
        assert store.open()
    with store:
        yield store
        if request.param == "data table":
            store.execute("DROP SCHEMA millwright CASCADE")
