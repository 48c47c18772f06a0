"""What goes over the wire, beside what Authlib sends: an OAuth client that other people wrote."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]  # it has no types

from f.identity.oauth.app import app_of
from f.identity.oauth.authorization import authorization_url, new_secret
from f.identity.oauth.sign_ins import ask
from tests.loopback import Asked, Loopback, Reply, serve

CALLBACK = "http://localhost:9/callback"
CODE = {"grant_type": "authorization_code", "code": "c-1", "redirect_uri": CALLBACK}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "r-1"}


def answer(_asked: Asked) -> Reply:
    return Reply(200, {"access_token": "t", "token_type": "Bearer", "expires_in": 60})


def resource(url: str, client_auth: str) -> Any:
    return {
        "provider": "custom",
        "client_id": "client-1",
        "client_secret": "s3cret&=+ of the app",
        "redirect_uri": CALLBACK,
        "seal_key": "k" * 32,
        "scopes": ["openid", "email"],
        "authorize_url": f"{url}/authorize",
        "token_url": f"{url}/token",
        "client_auth": client_auth,
    }


def theirs(url: str, client_auth: str) -> Any:
    return OAuth2Session(
        "client-1",
        "s3cret&=+ of the app",
        scope="openid email",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint_auth_method=f"client_secret_{'basic' if client_auth == 'basic' else 'post'}",
    )


def last(server: Loopback) -> tuple[dict[str, str], str | None, str]:
    asked = server.asked[-1]
    headers = {name.lower(): value for name, value in asked.headers.items()}
    return (
        dict(parse_qsl(asked.body.decode())),
        headers.get("authorization"),
        headers["content-type"].partition(";")[0],
    )


def test_the_authorization_address_is_authlibs() -> None:
    verifier = new_secret()
    app = app_of(resource("https://login.example.com", "basic"))
    mine = authorization_url(app, "state-1", verifier)
    other, _ = theirs("", "basic").create_authorization_url(
        "https://login.example.com/authorize", state="state-1", code_verifier=verifier
    )
    assert urlsplit(mine)[:3] == urlsplit(other)[:3]
    assert dict(parse_qsl(urlsplit(mine).query)) == dict(parse_qsl(urlsplit(other).query))


@pytest.mark.parametrize("client_auth", ["basic", "body"])
def test_a_code_and_a_refresh_token_are_sent_as_authlib_sends_them(client_auth: str) -> None:
    verifier = new_secret()
    with serve(answer) as server:
        app = app_of(resource(server.url, client_auth))
        session = theirs(server.url, client_auth)
        session.fetch_token(f"{server.url}/token", code="c-1", code_verifier=verifier)
        expected = last(server)
        ask(app, {**CODE, "code_verifier": verifier})
        assert last(server) == expected
        session.refresh_token(f"{server.url}/token", refresh_token="r-1")
        form, authorization, kind = last(server)
        ask(app, REFRESH)
        # Authlib repeats the scopes with a refresh; without them they stay as they were (RFC 6749, 6).
        assert last(server) == ({n: v for n, v in form.items() if n != "scope"}, authorization, kind)
