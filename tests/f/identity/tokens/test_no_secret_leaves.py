"""No token, key or claim stands in an error, a log or a repr, whatever goes wrong."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from f.connect.client import Client
from f.connect.errors import ConnectError
from f.connect.integration import Integration, SignedJwt
from f.identity.tokens.issuer import issuer_of
from f.identity.tokens.manager import JwtManager
from f.store.store import Store
from tests.f.connect.wire import FakeClock
from tests.f.identity.tokens.conftest import (
    EC,
    KEYS,
    OTHER_EC,
    SEAL,
    SECRET,
    claims_at,
    jwk,
    made,
    resource,
)
from tests.loopback import Asked, Loopback, Reply, serve

PERSON = {
    "sub": "user-of-ada-lovelace",
    "email": "ada.lovelace@example.net",
    "name": "Ada Lovelace",
    "n": "NL42BANK",
}
KID = "kid-of-the-issuer"
REFRESH = "refresh-token-of-ada-0123456789"
ACCESS = "access-token-of-ada-0123456789"
NOW = FakeClock().time


def echo(asked: Asked) -> Reply:
    """A server that says back what it was sent, as chatty ones do."""
    if asked.path == "/keys":
        return Reply(200, {"keys": [jwk(EC, "ES256", kid=KID)]})
    status = int(asked.path.rpartition("/")[2])
    said = f"no such token: {asked.body.decode()} {asked.headers.get('Authorization', '')}"
    body = {
        "error": "invalid_grant",
        "error_description": said,
        "message": said,
        "access_token": f"{ACCESS} x",
    }
    return Reply(status, body)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serve(echo) as running:
        yield running


def tokens(server: Loopback, store: Store, **more: Any) -> JwtManager:
    settings = resource(**{"refresh_url": f"{server.url}/refresh/400", **more})
    return JwtManager(settings, store, clock=FakeClock())


def published(server: Loopback, store: Store) -> JwtManager:
    return tokens(server, store, key="", jwks_url=f"{server.url}/keys")


def token(key: Any = EC, kid: str = KID, **changes: Any) -> str:
    return made(claims_at(NOW, **{**PERSON, **changes}), key, kid=kid)


def refreshed(server: Loopback, store: Store, status: int) -> Any:
    mine = tokens(server, store, refresh_url=f"{server.url}/refresh/{status}")
    mine.set_token("partner", ACCESS, refresh_token=REFRESH, expires_in=1)
    return mine.get_token("partner")


def wrong_seal(server: Loopback, store: Store) -> Any:
    tokens(server, store).set_token("partner", ACCESS, refresh_token=REFRESH)
    return tokens(server, store, seal_key=f"{SEAL}x").get_token("partner")


FAILURES: dict[str, Callable[[Loopback, Store], Any]] = {
    "expired": lambda server, store: tokens(server, store).verify(token(exp=1)),
    "another issuer": lambda server, store: tokens(server, store).verify(token(iss="https://x.example.net")),
    "another audience": lambda server, store: tokens(server, store).verify(token(aud=PERSON["email"])),
    "another key": lambda server, store: tokens(server, store).verify(token(OTHER_EC)),
    "unknown key": lambda server, store: published(server, store).verify(token(kid="kid-of-eve")),
    "forged under a known key": lambda server, store: published(server, store).verify(token(OTHER_EC)),
    "cut": lambda server, store: tokens(server, store).verify(token()[:-30] + "="),
    "no JSON": lambda server, store: tokens(server, store).verify(token().replace(".", ".e", 1)),
    "claims of its own": lambda server, store: tokens(server, store).sign(claims={"exp": PERSON["email"]}),
    "no JSON to sign": lambda server, store: tokens(server, store).sign(claims={"x": {PERSON["email"]}}),
    "a key that does not fit": lambda server, store: tokens(server, store, key=KEYS["RS256"]).sign("ada"),
    "a key that is none": lambda server, store: tokens(server, store, key=SECRET).sign("ada"),
    "a seal key too short": lambda server, store: tokens(server, store, seal_key="short-seal-key"),
    "no token to store": lambda server, store: tokens(server, store).set_token("partner", f"{ACCESS} x"),
    "refresh refused": lambda server, store: refreshed(server, store, 400),
    "refresh unauthorized": lambda server, store: refreshed(server, store, 401),
    "refresh not understood": lambda server, store: refreshed(server, store, 422),
    "refresh failed": lambda server, store: refreshed(server, store, 500),
    "refresh unreadable": lambda server, store: refreshed(server, store, 200),
    "another seal": wrong_seal,
}  # fmt: skip
SECRETS = [
    *PERSON.values(), REFRESH, ACCESS, SEAL, SECRET, "kid-of-eve", "short-seal-key",
    *(pem.splitlines()[1] for pem in KEYS.values() if "\n" in pem),
]  # fmt: skip


def assert_clean(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text
    assert "eyJ" not in text  # no token, nor a part of one


@pytest.mark.parametrize("name", FAILURES)
def test_no_error_and_no_log_tells_what_a_token_holds(
    name: str,
    server: Loopback,
    store: Store,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ConnectError) as caught:
        FAILURES[name](server, store)
    error: BaseException | None = caught.value
    while error is not None:  # also what it was raised from, as a traceback shows it
        said = list(traceback.format_exception_only(error))
        assert_clean(f"{''.join(said)} {json.dumps(vars(error), default=repr)}")
        error = error.__cause__
    assert_clean(caplog.text)
    assert_clean("".join(capfd.readouterr()))


def test_what_is_signed_and_refreshed_shows_in_no_log(
    server: Loopback, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mine = tokens(server, store)
    signed = mine.sign("user-of-ada-lovelace", claims={"email": PERSON["email"]})
    mine.set_token("partner", signed)
    mine.verify(mine.get_token("partner"))
    assert_clean(caplog.text)


def test_a_call_that_is_signed_in_with_a_token_shows_it_nowhere(
    server: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    """`authentication: jwt` of a customer API signs with the same code, and is as quiet."""
    caplog.set_level(logging.DEBUG)
    settings = SignedJwt(key=SECRET, algorithm="HS256", claims=PERSON)
    integration = Integration(name="svc", base_url=server.url, authentication=settings)
    for status in (400, 401, 500):
        with Client(integration) as client, pytest.raises(ConnectError) as caught:
            client.get(f"/{status}").raise_for_status()
        assert_clean(f"{caught.value} {json.dumps(vars(caught.value), default=repr)}")
    assert len(server.asked) >= 4
    assert "eyJ" in server.asked[0].headers["Authorization"]
    assert_clean(caplog.text)


def test_no_repr_shows_a_key_or_a_claim() -> None:
    issuer = issuer_of(resource("HS256", refresh_fields={"client_secret": "client-secret-of-ada"}))
    assert "client-secret-of-ada" not in repr(issuer)
    assert_clean(repr(issuer))
    assert_clean(repr(JwtManager.read(token())))


def test_the_table_of_secrets_would_find_one() -> None:
    with pytest.raises(AssertionError):
        assert_clean(f"... {PERSON['email']} ...")
    with pytest.raises(AssertionError):
        assert_clean(token())
