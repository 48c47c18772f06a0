"""What tests of this folder share: stores of every kind, and the twins in a process of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.f.connect.conftest import any_store, postgres
from tests.mill.twins.stage import TwinProcess

__all__ = ["any_store", "postgres"]


@pytest.fixture(scope="session")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    """One process for all tests here: each test makes a twin forget what it knows before it begins."""
    with TwinProcess(tmp_path_factory.mktemp("twins")) as process:
        yield process
