from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mill.api.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A workspace to fill, and then to serve."""
    root = tmp_path / "workspace"
    root.mkdir()
    made = Stage(root, tmp_path / "state")
    yield made
    made.jobs.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A served workspace with nothing in it."""
    stage = Stage(tmp_path_factory.mktemp("workspace"), tmp_path_factory.mktemp("state"))
    with stage.serve():
        yield stage
    stage.jobs.close()
