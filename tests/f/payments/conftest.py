"""The Stripe twin in a process of its own, and a home for the state of each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.store.store import Store
from f.store.stores import sqlite_store
from tests.mill.twins.stage import TwinClient, TwinProcess

KEY = "sk_test_good"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the scripts keep their state."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def store() -> Iterator[Store]:
    """The very store the scripts of this test use."""
    (Path.home() / ".millwright").mkdir(exist_ok=True)
    with sqlite_store(Path.home() / ".millwright" / "payments.sqlite") as opened:
        yield opened


class Twin:
    """The twin, empty: its client, and the resource that points at it."""

    def __init__(self, client: TwinClient) -> None:
        client.forget()
        self.client = client
        self.resource: Any = {"token": KEY, "base_url": client.url}  # main() takes a TypedDict

    def with_token(self, token: str) -> Any:
        """The resource with another credential."""
        return {**self.resource, "token": token}

    def with_address(self, address: Any) -> Any:
        """The resource with another address."""
        return {**self.resource, "base_url": address}

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        """What was applied, oldest first."""
        return [entry["body"] for entry in self.client.get(f"/_ledger?kind={kind}").json["entries"]]

    def get(self, path: str) -> Any:
        """An object as the twin has it."""
        return self.client.get(f"/v1/{path}", Authorization=f"Bearer {KEY}").json

    def fail_next(self, operation: str, fault: str, times: int = 1) -> None:
        """Let the next calls of an operation meet a fault."""
        step = {"operation": operation, "fault": fault, "times": times}
        self.client.put_faults(script=[step], retry_after=0)

    def answer_next(
        self, operation: str, status: int, body: Any, headers: dict[str, str] | None = None, times: int = 1
    ) -> None:
        """Let the next calls of an operation get this answer, and have no effect."""
        answer = {"status": status, "body": body, "headers": headers or {}}
        self.client.put_faults(script=[{"operation": operation, "answer": answer, "times": times}])


@pytest.fixture
def twin(twins: TwinProcess) -> Twin:
    return Twin(twins.client("stripe"))
