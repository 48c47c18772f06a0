"""The twins of the message services, a home for the state of each test, and a desk without a Windmill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from f.store.stores import sqlite_store
from f.tools.effects.ledger import Ledger
from f.tools.guards.desk import Desk
from f.tools.guards.guards_resource import Guards
from tests.f.notify.conftest import Twin, account_at
from tests.mill.twins.stage import TwinProcess


@dataclass(frozen=True)
class OwnDesk(Desk):
    """A desk whose routing is given instead of read."""

    given: Mapping[str, Any] = field(default_factory=dict)

    def routing(self) -> Mapping[str, Any]:
        return self.given


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tools keep their state."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def slack_twin(twins: TwinProcess) -> Twin:
    return account_at(twins, "slack")


@pytest.fixture
def twilio_twin(twins: TwinProcess) -> Twin:
    return account_at(twins, "twilio")


@pytest.fixture
def resend_twin(twins: TwinProcess) -> Twin:
    return account_at(twins, "resend")


@pytest.fixture
def sendgrid_twin(twins: TwinProcess) -> Twin:
    return account_at(twins, "sendgrid")


@pytest.fixture
def desk(slack_twin: Twin, twilio_twin: Twin, resend_twin: Twin, sendgrid_twin: Twin) -> OwnDesk:
    channels = {
        "ops": {"kind": "slack", "slack": slack_twin.resource, "channel": "C0OPS"},
        "phone": {
            "kind": "sms",
            "twilio": twilio_twin.resource,
            "sender": "+15005550006",
            "to": ["+12025550123"],
        },
        "office": {
            "kind": "email",
            "resend": resend_twin.resource,
            "sender": "a@example.com",
            "to": ["office@example.com"],
        },
        "post": {
            "kind": "email",
            "sendgrid": sendgrid_twin.resource,
            "sender": "a@example.com",
            "to": ["office@example.com", "boss@example.com"],
        },
    }
    return OwnDesk(Guards(), {"channels": channels, "routes": [{"channels": ["ops"]}]})


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """The ledger that the tools of this test use."""
    path = Path.home() / ".millwright" / "tools.sqlite"
    with sqlite_store(path) as store:
        yield Ledger(store)
