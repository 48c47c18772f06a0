"""Calls to real services: `make live` alone makes them, whatever credentials the environment has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is here unless it was asked for by name."""
    if os.environ.get("LIVE") == "1":
        return
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.skip(reason="It calls real services: make live runs it."))
