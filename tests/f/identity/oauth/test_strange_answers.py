"""Answers as no token server should give them, and some do: no traceback, and no sign-in that is lost."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from f.connect.errors import TryLater
from f.identity.oauth.app import app_of
from f.identity.oauth.device import finish_device, start_device
from f.identity.oauth.sign_ins import keep, shared_token
from f.store.store import Store
from f.store.stores import SqliteStore
from tests.f.connect.wire import FakeClock
from tests.f.identity.oauth.conftest import SEAL_KEY
from tests.loopback import Asked, Reply, serve

GRANTED = {"access_token": "access-0", "refresh_token": "refresh-0", "expires_in": 60}
TEN_YEARS = 10 * 366 * 86_400.0


def custom(url: str, **more: Any) -> Any:
    return {
        "provider": "custom",
        "client_id": "app",
        "client_secret": "s3cret",
        "seal_key": SEAL_KEY,
        "token_url": f"{url}/token",
        "device_url": f"{url}/device",
        **more,
    }


@pytest.mark.parametrize(
    ("answer", "refresh_token", "seconds"),
    [
        (b'{"access_token": "a", "refresh_token": "r", "expires_in": 60, "error": null}', "r", 60.0),
        (b'{"access_token": "a", "refresh_token": "r", "expires_in": 60, "error": ""}', "r", 60.0),
        (b'{"access_token": "a", "refresh_token": "\\ud800", "expires_in": 60}', "refresh-0", 60.0),
        (b'{"access_token": "a", "refresh_token": {"a": 1}, "expires_in": 60}', "refresh-0", 60.0),
        (b'{"access_token": "a", "refresh_token": null, "expires_in": "60"}', "refresh-0", 60.0),
        (b'{"access_token": "a", "refresh_token": "r", "expires_in": 1e18}', "r", TEN_YEARS),
        (b'{"access_token": "a", "refresh_token": "r", "expires_in": 1e300}', "r", TEN_YEARS),
    ],
    ids=["null error", "empty error", "half a character", "object", "null", "too long", "far too long"],
)
def test_what_came_is_kept(
    answer: bytes, refresh_token: str, seconds: float, store: Store, clock: FakeClock
) -> None:
    with serve(lambda _: Reply(200, answer)) as server, SqliteStore(None, clock=clock.now) as here:
        app = app_of(custom(server.url))
        keep(app, here, GRANTED, "ada", clock=clock)
        token = shared_token(app, "ada", here, clock=clock).get("access-0")
        assert (token.access_token, token.refresh_token) == ("a", refresh_token)
        assert token.expires_at - here.now() == seconds


def test_a_token_that_no_header_can_carry_is_none(store: Store) -> None:
    with pytest.raises(TryLater, match="without an access_token"):
        keep(app_of(custom("https://id.example.com")), store, {**GRANTED, "access_token": "\u65e5"}, "ada")


def test_a_client_is_named_in_utf_8(store: Store) -> None:
    seen: list[Asked] = []

    def answer(asked: Asked) -> Reply:
        seen.append(asked)
        return Reply(200, GRANTED)

    with serve(answer) as server:
        app = app_of(custom(server.url, client_id="\u65e5", client_secret="\u672c"))
        keep(app, store, GRANTED, "ada")
        shared_token(app, "ada", store).get("access-0")
    _, _, text = seen[0].headers["Authorization"].partition(" ")
    assert base64.b64decode(text).decode() == "\u65e5:\u672c"


def test_no_device_is_asked_about_more_often_than_once_a_second(clock: FakeClock) -> None:
    code = {
        "device_code": "d",
        "user_code": "U",
        "verification_uri": "https://id.example.com",
        "interval": 1e-3,
    }

    def answer(asked: Asked) -> Reply:
        return Reply(200, code) if asked.path == "/device" else Reply(400, {"error": "authorization_pending"})

    with serve(answer) as server, SqliteStore(None, clock=clock.now) as store:
        app = app_of(custom(server.url))
        begun = start_device(app, store, "ada")
        assert finish_device(app, store, begun.device_key, 10, clock=clock) is None
        assert len(server.asked) <= 12
