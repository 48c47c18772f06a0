"""The twins in a process of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mill.twins.stage import TwinProcess


@pytest.fixture(scope="package")
def twin_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    with TwinProcess(tmp_path_factory.mktemp("twins")) as running:
        yield running


@pytest.fixture
def twins(twin_process: TwinProcess) -> Iterator[TwinProcess]:
    """All twins, of which the next test meets no fault that this one made."""
    yield twin_process
    twin_process.forget()
