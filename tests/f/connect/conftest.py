"""The clock of these tests, and the stores that run on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from f.store.store import Store
from f.store.stores import SqliteStore
from tests.f.connect.windmill import Windmill, job_of_windmill
from tests.f.connect.wire import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def windmill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Windmill]:
    """Make the test a job of a Windmill that starts others."""
    with job_of_windmill(tmp_path, monkeypatch) as fake:
        yield fake


@pytest.fixture(params=["memory", "sqlite"])
def timed_store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    """A store of plain dictionaries and one of SQL, both on the fake clock."""
    path = None if request.param == "memory" else tmp_path / "state.sqlite"
    with SqliteStore(path, clock=clock.now) as store:
        yield store


@pytest.fixture
def sql_and_memory(tmp_path: Path, clock: FakeClock) -> Iterator[tuple[Store, Store]]:
    with (
        SqliteStore(tmp_path / "state.sqlite", clock=clock.now) as sql,
        SqliteStore(None, clock=clock.now) as memory,
    ):
        yield sql, memory
