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
