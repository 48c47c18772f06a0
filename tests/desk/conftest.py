from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.desk.visiting import Site, open_browser, open_site
from tests.mill.desk.tiny_app import TINY
from tests.mill.trees import REPOSITORY, write_tree


@pytest.fixture(scope="session")
def browser() -> Iterator[str]:
    """A Chromium that all visits share; each has its own windows there."""
    with open_browser() as address:
        yield address


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, browser: str) -> Iterator[Site]:
    """This repository at `mill serve`: the desk that is deployed, with drafts and records of its own."""
    with open_site(REPOSITORY, tmp_path_factory.mktemp("state"), browser) as site:
        yield site


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, browser: str) -> Iterator[Site]:
    """A desk of a few lines: what holds for any page that is served so."""
    root = write_tree(tmp_path_factory.mktemp("tiny"), TINY)
    with open_site(root, tmp_path_factory.mktemp("state"), browser) as site:
        yield site
