"""The twins that webhooks are about, and a home for the state of each test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.mill.twins.stage import TwinClient, TwinProcess

STRIPE_KEY = "sk_test_good"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the scripts keep their state."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def slack(twins: TwinProcess) -> TwinClient:
    client = twins.client("slack")
    client.forget()
    return client


@pytest.fixture
def stripe_twin(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("stripe").url, STRIPE_KEY)
    client.forget()
    return client


@pytest.fixture
def stripe(stripe_twin: TwinClient) -> Any:
    """The resource, as a script gets it."""
    return {"token": STRIPE_KEY, "base_url": stripe_twin.url}


@pytest.fixture
def routing(slack: TwinClient) -> Any:
    """All to one channel of Slack; the routing's own time of telling once is over at once."""
    bot = {"token": "xoxb-good", "base_url": f"{slack.url}/api"}
    channel = {"name": "ops", "kind": "slack", "slack": bot, "channel": "C0OPS"}
    return {"channels": [channel], "routes": [{"channels": ["ops"]}], "dedupe_seconds": 0}
