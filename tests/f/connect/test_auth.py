"""A credential is made of its settings, and any client may use it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import requests

from f.connect.client import Client
from f.connect.errors import FixSettings
from f.connect.integration import BearerToken, Integration
from f.connect.sign_in import auth
from f.connect.sign_in.auth import HeaderAuth
from tests.f.connect.wire import Wire, reply


@dataclass(frozen=True)
class Badge:
    number: str


def integration(wire: Wire, settings: object) -> Integration:
    return Integration(name="svc", base_url=wire.url, authentication=settings)  # type: ignore[arg-type]  # as a further kind


def test_a_further_kind_of_settings_can_be_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_FURTHER", {})
    with Wire([reply(200)]) as wire:
        with pytest.raises(FixSettings, match="of type Badge is not known"):
            Client(integration(wire, Badge("7")))
        auth.register(Badge, lambda settings, _integration, _store: HeaderAuth("X-Badge", settings.number))
        with Client(integration(wire, Badge("7"))) as client:
            client.get("/x")
    assert wire.seen[0].headers["x-badge"] == "7"


def test_requests_takes_a_credential_as_auth_object() -> None:
    with Wire([reply(200)]) as wire, Client(integration(wire, BearerToken(token="t0ken"))) as client:
        requests.get(f"{wire.url}/x", auth=client.auth, timeout=5)
    assert wire.seen[0].headers["authorization"] == "Bearer t0ken"
