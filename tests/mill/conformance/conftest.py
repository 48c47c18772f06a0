from __future__ import annotations

from collections.abc import Iterator

import pytest

from mill.api.server import LocalApi
from tests.mill.conformance.stage import ROOT, Between, between, mill_serve


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    """This repository, served."""
    with mill_serve(ROOT, tmp_path_factory.mktemp("serving")) as api:
        yield api


@pytest.fixture
def server(serving: LocalApi) -> Iterator[Between]:
    with between(serving.url) as stand:
        yield stand
