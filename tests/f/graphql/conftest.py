"""GraphQL servers that other people wrote, the twin, and a home for the state of each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.foreign import free_port, node, running
from tests.mill.twins.stage import TwinClient, TwinProcess

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the scripts keep their state."""
    monkeypatch.setenv("HOME", str(tmp_path))


def changed(resource: Any, **more: Any) -> Any:
    """A resource with other settings."""
    return {**resource, **more}


@contextmanager
def yoga(*options: str) -> Iterator[str]:
    """graphql-yoga with graphql-ws: the address of its endpoint."""
    port = free_port()
    command = node(HERE / "yoga_server.mjs", "graphql-yoga", "graphql-ws", "ws")
    with running([*command, str(port), *options], port):
        yield f"http://127.0.0.1:{port}/graphql"


@contextmanager
def strawberry(*options: str) -> Iterator[str]:
    """Strawberry on uvicorn: the address of its endpoint, with a slash at its end."""
    pytest.importorskip("strawberry")
    port = free_port()
    command = [sys.executable, str(HERE / "strawberry_server.py"), str(port), *options]
    with running(command, port, seconds=60):
        yield f"http://127.0.0.1:{port}/"


class Twin:
    """The GraphQL twin, empty: its client, and the resource that points at it."""

    def __init__(self, client: TwinClient) -> None:
        client.forget()
        self.client = client
        self.resource: Any = {"base_url": f"{client.url}/graphql", "bearer_token": "good"}

    def made(self) -> list[str]:
        """The customers that were created, by their addresses."""
        return [key for _, key in self.client.ledger("created")]

    def fail_next(self, fault: str, times: int = 1) -> None:
        """Let the next operations meet a fault."""
        step = {"operation": "operation", "fault": fault, "times": times}
        self.client.put_faults(script=[step], retry_after=0, hang_seconds=0.1)


@pytest.fixture
def twin(twins: TwinProcess) -> Twin:
    return Twin(twins.client("graphql"))
