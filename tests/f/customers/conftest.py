"""What tests of this folder share: the twins in a process of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mill.twins.stage import TwinProcess


@pytest.fixture(scope="session")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    """One process for all tests here: each test makes a twin forget what it knows before it begins."""
    with TwinProcess(tmp_path_factory.mktemp("twins")) as process:
        yield process
