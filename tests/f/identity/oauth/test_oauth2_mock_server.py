"""Against oauth2-mock-server, which checks PKCE and that a code comes once. It takes any refresh token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import FixSettings
from f.identity import (
    finish_sign_in,
    get_access_token,
    get_user_info,
    refresh_token,
    revoke_sign_in,
    start_sign_in,
)
from tests import foreign
from tests.f.identity.oauth.conftest import CALLBACK, SEAL_KEY, consent, finished

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def resource() -> Iterator[Any]:
    port = foreign.free_port()
    command = foreign.node(HERE / "oauth2_mock_server.mjs", "oauth2-mock-server")
    with foreign.running(command, port, environ={"PORT": str(port)}):
        url = f"http://127.0.0.1:{port}"
        yield {
            "provider": "custom",
            "client_id": "app",
            "client_secret": "secret-of-the-app",
            "redirect_uri": CALLBACK,
            "seal_key": SEAL_KEY,
            "scopes": ["openid"],
            "authorize_url": f"{url}/authorize",
            "token_url": f"{url}/token",
            "revoke_url": f"{url}/revoke",
            "userinfo_url": f"{url}/userinfo",
        }


def test_a_sign_in_from_its_begin_to_its_end(resource: Any) -> None:
    begun = start_sign_in.main(resource)
    answer = finished(consent(begun["url"]))
    done = finish_sign_in.main(resource, browser_key=begun["browser_key"], **answer)
    assert (done["status"], done["refreshable"]) == ("signed_in", True)
    assert get_user_info.main(resource)["id"] == "johndoe"
    assert refresh_token.main(resource)["status"] == "refreshed"
    assert get_access_token.main(resource, min_seconds=600)["status"] == "fresh"
    assert revoke_sign_in.main(resource)["status"] == "revoked"


def test_a_code_with_another_verifier_is_refused(resource: Any) -> None:
    first, second = start_sign_in.main(resource), start_sign_in.main(resource)
    code = consent(first["url"])["code"]
    with pytest.raises(FixSettings, match="does not match code_challenge"):
        finish_sign_in.main(resource, code, second["state"], second["browser_key"])


def test_a_code_is_good_for_one_use(resource: Any) -> None:
    begun, again = start_sign_in.main(resource), start_sign_in.main(resource)
    answer = finished(consent(begun["url"]))
    finish_sign_in.main(resource, browser_key=begun["browser_key"], **answer)
    with pytest.raises(FixSettings, match="code_challenge required"):
        finish_sign_in.main(resource, answer["code"], again["state"], again["browser_key"])


def test_the_app_itself_gets_a_token(resource: Any) -> None:
    result = get_access_token.main(resource, grant="client_credentials", audience="https://api.example.com")
    assert result["status"] == "fresh"
