"""The twins of the message services in a process of their own, and a home for the state of each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.store.store import Store
from f.store.stores import sqlite_store
from tests.mill.twins.stage import TwinClient, TwinProcess


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the scripts keep their state."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def store() -> Iterator[Store]:
    """The very store the scripts of this test use."""
    with sqlite_store(Path.home() / ".millwright" / "notify.sqlite") as opened:
        yield opened


class Twin:
    """One twin, empty: its client, and the resource that points at it."""

    def __init__(self, client: TwinClient, resource: dict[str, Any]) -> None:
        client.forget()
        self.client = client
        self.resource: Any = resource  # main() takes the resource type's TypedDict

    def with_token(self, token: str) -> Any:
        """The resource with another credential."""
        return {**self.resource, "token": token}

    def sent(self) -> list[dict[str, Any]]:
        """What was applied, oldest first."""
        return [entry["body"] for entry in self.client.get("/_ledger?kind=sent").json["entries"]]

    def fail_next(self, operation: str, fault: str, times: int = 1) -> None:
        """Let the next calls of an operation meet a fault."""
        self.client.put_faults(
            script=[{"operation": operation, "fault": fault, "times": times}], retry_after=0
        )

    def answer_next(self, operation: str, status: int, body: Any, *, applied: bool = False) -> None:
        """Let the next call of an operation get this answer."""
        answer = {"status": status, "body": body, "applied": applied}
        self.client.put_faults(script=[{"operation": operation, "answer": answer}])


# Each account: its credential, by the names of its resource type, and where below the twin it answers.
ACCOUNTS = {
    "slack": ({"token": "xoxb-good"}, "/api"),
    "twilio": ({"accountSid": "AC1", "token": "good"}, ""),
    "resend": ({"token": "re_good"}, ""),
    "sendgrid": ({"token": "SG.good"}, "/v3"),
}


def account_at(twins: TwinProcess, name: str) -> Twin:
    """The twin of that name, and the resource of its account."""
    client = twins.client(name)
    credential, below = ACCOUNTS[name]
    return Twin(client, {**credential, "base_url": f"{client.url}{below}"})


@pytest.fixture
def slack(twins: TwinProcess) -> Twin:
    return account_at(twins, "slack")


@pytest.fixture
def slack_webhook(slack: Twin) -> Any:
    return {"url": f"{slack.client.url}/services/T0/B0/secret-part"}


@pytest.fixture
def twilio(twins: TwinProcess) -> Twin:
    return account_at(twins, "twilio")


@pytest.fixture
def resend(twins: TwinProcess) -> Twin:
    return account_at(twins, "resend")


@pytest.fixture
def sendgrid(twins: TwinProcess) -> Twin:
    return account_at(twins, "sendgrid")
