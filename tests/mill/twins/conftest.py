from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mill.twins.stage import TwinProcess


@pytest.fixture(scope="package")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    """The twins, one process for all tests here: each test forgets what a twin knows before it begins."""
    with TwinProcess(tmp_path_factory.mktemp("twins")) as process:
        yield process
