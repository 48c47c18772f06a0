"""Google and GitHub as twins in a process of their own, and a browser that consents without looking."""

from __future__ import annotations

import http.client
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from f.identity.oauth.app import App, app_of
from f.store.store import Store
from f.store.stores import sqlite_store
from tests.f.connect.wire import FakeClock
from tests.mill.twins.stage import TwinClient, TwinProcess

ROOT = Path(__file__).parents[4]
SEAL_KEY = "a key for seals that only this test knows"
CALLBACK = "http://localhost:9/api/r/local/oauth/google/callback"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the scripts keep their state."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def store() -> Iterator[Store]:
    """The very store the scripts of this test use."""
    (Path.home() / ".millwright").mkdir(exist_ok=True)
    with sqlite_store(Path.home() / ".millwright" / "identity.sqlite") as opened:
        yield opened


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    client = twins.client("oauth")
    client.forget()
    return client


def resource_at(url: str, provider: str = "google", **more: Any) -> Any:
    """An app at the twin."""
    return {
        "provider": provider,
        "client_id": "client-1",
        "client_secret": "s3cret-of-the-app",
        "redirect_uri": CALLBACK,
        "seal_key": SEAL_KEY,
        "base_url": url,
        **more,
    }


@pytest.fixture(params=["google", "github"])
def resource(request: pytest.FixtureRequest, twin: TwinClient) -> Any:
    return resource_at(twin.url, request.param)


@pytest.fixture
def google(twin: TwinClient) -> Any:
    return resource_at(twin.url)


@pytest.fixture
def github(twin: TwinClient) -> Any:
    return resource_at(twin.url, "github")


@pytest.fixture
def app(google: Any) -> App:
    return app_of(google)


def consent(url: str) -> dict[str, str]:
    """Open an authorization URL as a browser does, and return the query it is sent back with."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        reply = connection.getresponse()
        body = reply.read()
        assert reply.status in {302, 303}, (reply.status, body)
        return dict(parse_qsl(urlsplit(reply.getheader("Location") or "").query))
    finally:
        connection.close()


def stored_texts(store: Store) -> str:
    """Everything that the store holds, as one text."""
    tables = ("connect_token", "identity_pending")
    return json.dumps([store.execute(f"SELECT * FROM {name}") for name in tables if store.columns(name)])


def ledger(twin: TwinClient) -> list[str]:
    """What the twin applied, by kind."""
    return [kind for kind, _ in twin.ledger()]


def finished(answer: Mapping[str, str]) -> dict[str, Any]:
    """The inputs of finish_sign_in that an address holds."""
    return {name: answer[name] for name in ("code", "state", "iss") if name in answer}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def make_workspace(folder: Path, resources: Mapping[str, tuple[str, Any]]) -> None:
    """Make a workspace of what signing in needs, with resources in f/identity: each a type and a value."""
    for name in ("f/connect", "f/identity", "f/store", "f/windmill"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("wmill.yaml", "oauth_app.resource-type.yaml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "resources/mock/f/identity").mkdir(parents=True)
    for name, (kind, value) in resources.items():
        file = folder / f"resources/mock/f/identity/{name}.resource.yaml"
        file.write_text(json.dumps({"resource_type": kind, "value": value}))


def environ_of(home: Path) -> dict[str, str]:
    """The environment of a `mill` whose state lies in `home`."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "HOME": str(home)}
