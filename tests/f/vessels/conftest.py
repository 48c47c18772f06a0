"""The Vessey twin in a process of its own, and a home for the state of each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.store.store import Store
from f.store.stores import sqlite_store
from tests.mill.twins.stage import TwinClient, TwinProcess

NOW = "2026-11-23T12:00:00Z"
IMO = "9074729"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the scripts keep their state."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def store() -> Iterator[Store]:
    """The very store the scripts of this test use."""
    with sqlite_store(Path.home() / ".millwright" / "vessels.sqlite") as opened:
        yield opened


class Vessey:
    """The twin, as it begins: its client, and the resource that points at it."""

    def __init__(self, client: TwinClient) -> None:
        client.forget()
        self.client = client
        self.resource: Any = {"api_key": "vk_good", "base_url": f"{client.url}/v1"}

    def with_key(self, key: str) -> Any:
        """The resource with another credential."""
        return {**self.resource, "api_key": key}

    def fail_next(self, operation: str, fault: str, times: int = 1) -> None:
        """Let the next calls of an operation meet a fault."""
        self.client.put_faults(
            script=[{"operation": operation, "fault": fault, "times": times}], retry_after=0
        )

    def answer_next(self, operation: str, body: Any, status: int = 200, times: int = 1) -> None:
        """Let the next calls of an operation get this answer."""
        answer = {"status": status, "body": body}
        self.client.put_faults(script=[{"operation": operation, "answer": answer, "times": times}])


@pytest.fixture
def vessey(twins: TwinProcess) -> Iterator[Vessey]:
    running = Vessey(twins.client("vessey"))
    yield running
    running.client.forget()
