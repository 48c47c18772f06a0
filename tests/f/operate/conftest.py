"""The twins, as services that are looked after."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mill.twins.stage import TwinProcess


@pytest.fixture
def twins(twins: TwinProcess) -> Iterator[TwinProcess]:
    """All twins, which meet no fault that another test made, and leave none."""
    twins.forget()
    yield twins
    twins.forget()
