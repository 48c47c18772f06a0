"""Tokens of an OpenID provider that other people wrote are verified by the keys it publishes, rotated or not.

It signs in earnest, with ES256, RS256 and EdDSA. What it does not check is anything of ours but the requests
of a sign-in: who takes its tokens is not its business.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from f.connect.errors import SignInAgain
from f.identity.tokens.manager import JwtManager
from f.store.store import Store
from tests.f.connect.wire import FakeClock
from tests.f.identity.tokens.conftest import SEAL
from tests.foreign import free_port, node, running

SERVER = Path(__file__).with_name("oidc_provider.mjs")
VERIFIER = "v" * 43


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    port = free_port()
    with running([*node(SERVER, "oidc-provider"), str(port)], port):
        yield f"http://127.0.0.1:{port}"


def id_token(provider: str, algorithm: str) -> str:
    """Sign Ada in as a browser does: login form, consent, code, token."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    landed, client = f"{provider}/landed", f"client-{algorithm}"
    asked = {
        "client_id": client,
        "response_type": "code",
        "scope": "openid email",
        "redirect_uri": landed,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "nonce": "n-1",
    }
    with requests.Session() as browser:
        page = browser.get(f"{provider}/auth", params=asked, timeout=20)
        for fields in ({"prompt": "login", "login": "ada", "password": "x"}, {"prompt": "consent"}):
            found = re.search(r'action="([^"]+)"', page.text)
            assert found, page.text
            page = browser.post(found[1], data=fields, timeout=20)
        assert page.url.startswith(landed), page.text
        code = parse_qs(urlsplit(page.url).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": landed,
            "client_id": client,
            "client_secret": "secret",
            "code_verifier": VERIFIER,
        }
        reply = browser.post(f"{provider}/token", data=form, timeout=20)
    token: str = reply.json()["id_token"]
    return token


def manager(provider: str, algorithm: str, store: Store, **more: object) -> JwtManager:
    settings = {
        "algorithm": algorithm,
        "issuer": provider,
        "audience": f"client-{algorithm}",
        "jwks_url": f"{provider}/jwks",
        "seal_key": SEAL,
        **more,
    }
    return JwtManager(settings, store, clock=Today())


class Today(FakeClock):
    """The issuer's clock is the machine's."""

    def __init__(self) -> None:
        super().__init__()
        self.time = super(FakeClock, self).now()


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_its_id_tokens_are_verified_before_and_after_it_rotates_its_keys(
    provider: str, algorithm: str, store: Store, clock: FakeClock
) -> None:
    tokens = manager(provider, algorithm, store)
    old = id_token(provider, algorithm)
    claims = tokens.verify(old)
    assert (claims["sub"], claims["email"], claims["nonce"]) == ("ada", "ada@example.com", "n-1")

    requests.post(f"{provider}/_rotate?keep=1", timeout=20)
    new = id_token(provider, algorithm)
    assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
    with pytest.raises(SignInAgain, match="publishes no key"):  # a minute has not passed
        tokens.verify(new)
    clock.time += 61
    assert tokens.verify(new)["sub"] == "ada"
    assert tokens.verify(old)["sub"] == "ada"

    requests.post(f"{provider}/_rotate", timeout=20)  # both are withdrawn
    clock.time += 86_401
    with pytest.raises(SignInAgain, match="publishes no key"):
        tokens.verify(old)


def test_its_access_tokens_are_of_a_type_of_their_own(provider: str, store: Store) -> None:
    resource = "https://api.example.com"
    form = {
        "grant_type": "client_credentials",
        "scope": "read",
        "resource": resource,
        "client_id": "client-ES256",
        "client_secret": "secret",
    }
    token = requests.post(f"{provider}/token", data=form, timeout=20).json()["access_token"]
    tokens = manager(provider, "ES256", store, audience=resource, token_type="at+jwt")
    assert tokens.verify(token)["scope"] == "read"
    with pytest.raises(SignInAgain, match="another purpose"):
        manager(provider, "ES256", store, audience=resource).verify(token)
    with pytest.raises(SignInAgain, match="another purpose"):
        tokens.verify(id_token(provider, "ES256"))
