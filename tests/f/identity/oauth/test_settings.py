"""Resources, PKCE, and what a callback may say: pure rules, one table each."""

from __future__ import annotations

import string
from typing import Any

import pytest

from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain, TryLater
from f.identity.oauth.app import app_of
from f.identity.oauth.authorization import authorization_url, challenge_of, code_of, new_secret
from f.identity.oauth.browser import browser_key_of, link_of, refusal_page, to_provider
from f.identity.oauth.providers import PROVIDERS
from f.identity.oauth.refusals import refused, refused_by_server
from f.identity.oauth.sign_ins import Begun
from tests.f.identity.oauth.conftest import resource_at

GOOD: dict[str, Any] = {key: value for key, value in resource_at("").items() if key != "base_url"}
CUSTOM = {**GOOD, "provider": "custom", "token_url": "https://login.example.com/token"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": ""}, "client_id is missing"),
        ({"client_id": None}, "client_id is missing"),
        ({"client_id": 7}, "client_id must be a text"),
        ({"client_id": "a\nb"}, "client_id must be a text on one line"),
        ({"client_secret": ""}, "client_secret is missing"),
        ({"provider": "facebook"}, "provider must be one of google, github, custom"),
        ({"provider": ["google"]}, "provider must be"),
        ({"seal_key": "short"}, "seal_key must be a secret of at least 32"),
        ({"seal_key": None}, "seal_key must be"),
        ({"scopes": "openid email"}, "scopes must be a list"),
        ({"scopes": ["open id"]}, "scopes must be a list"),
        ({"scopes": [7]}, "scopes must be a list"),
        ({"return_paths": "/apps"}, "return_paths must be a list"),
        ({"redirect_uri": "/callback"}, "redirect_uri must be a whole address"),
        ({"redirect_uri": "https://a.example.com/#x"}, "redirect_uri must be a whole address"),
        ({"redirect_uri": "http://a.example.com/cb"}, "redirect_uri is plain http"),
        ({"redirect_uri": "http://["}, "redirect_uri must be a whole address"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri must be a whole address"),
        ({"base_url": "http://a.example.com"}, "base_url is plain http"),
        ({"base_url": "nonsense"}, "base_url must be like"),
    ],
)
def test_a_resource_with_a_fault_is_refused_with_all_of_them(change: dict[str, Any], words: str) -> None:
    with pytest.raises(FixSettings, match=words) as caught:
        app_of({**GOOD, **change})
    assert caught.value.faults
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token_url": ""}, "token_url is missing"),
        ({"token_url": "http://login.example.com/token"}, "token_url is plain http"),
        ({"token_url": "https://user:pw@login.example.com"}, "token_url holds a user name"),
        ({"userinfo_url": "https://a.example.com/?x=1"}, "userinfo_url must end before"),
        ({"client_auth": "header"}, "client_auth must be basic or body"),
        ({"client_auth": ["basic"]}, "client_auth must be a text"),
    ],
)
def test_another_provider_is_checked_too(change: dict[str, Any], words: str) -> None:
    with pytest.raises(FixSettings, match=words):
        app_of({**CUSTOM, **change})


@pytest.mark.parametrize("resource", [None, [], "$res:f/a/b", 7])
def test_what_is_no_resource_is_refused(resource: Any) -> None:
    with pytest.raises(FixSettings, match="not a resource"):
        app_of(resource)


def test_another_provider_needs_no_more_than_a_token_address() -> None:
    app = app_of({key: value for key, value in CUSTOM.items() if key != "client_secret"})
    assert app.provider.title == "login.example.com"
    with pytest.raises(FixSettings, match="no authorize_url"):
        authorization_url(app, "s", new_secret())


def test_what_an_authorization_address_holds_already_stays() -> None:
    app = app_of({**CUSTOM, "authorize_url": "https://login.example.com/auth?prompt=consent&tenant=a"})
    assert "?prompt=consent&tenant=a&response_type=code&" in authorization_url(app, "s", new_secret())


def test_the_challenge_is_that_of_rfc_7636_appendix_b() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_verifier_is_long_random_and_of_the_alphabet() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(43 <= len(one) <= 128 for one in made)
    assert set("".join(made)) <= {*string.ascii_letters, *string.digits, *"-._~"}
    for wrong in ("a" * 42, "a" * 129, "é" * 50, "a" * 43 + "\n"):
        with pytest.raises(FixInput):
            challenge_of(wrong)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_row_of_the_table_is_whole(name: str) -> None:
    """What a new provider needs, said by the one test that a new row has to pass."""
    provider = PROVIDERS[name]
    for url in (provider.authorize_url, provider.token_url, provider.userinfo_url, provider.revoke_url):
        assert url.startswith("https://")
        assert "#" not in url
    app = app_of({**GOOD, "provider": name})
    assert authorization_url(app, "s", new_secret()).startswith(provider.authorize_url + "?")
    for code in ("invalid_grant", "bad_refresh_token"):
        assert provider.dead_grant in str(refused(app, code, about="refresh_token"))
    for code, refusal in provider.errors.items():
        assert str(refused(app, code)).startswith(provider.title), code
        assert not refusal.sentence.endswith(".")


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ("access_denied", SignInAgain, "access_denied"),
        ("server_error", TryLater, "token"),
        ("temporarily_unavailable", TryLater, "token"),
        ("invalid_scope", FixSettings, "invalid_scope"),
        ("redirect_uri_mismatch", FixSettings, "redirect_uri_mismatch"),
        ("a_secret_of_lower_case", SignInAgain, "unknown_error"),  # what ?error=$var:f/a/b has become
        ("<script>alert(1)</script>", SignInAgain, "unknown_error"),
        ("a" * 5000, SignInAgain, "unknown_error"),
    ],
)
def test_what_a_callback_says_instead_of_a_code_has_a_name(
    error: str, kind: type[ConnectError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        code_of(app_of(GOOD), {"error": error, "error_description": "call a zebra"})
    assert caught.value.code == code
    assert "zebra" not in str(caught.value)
    assert "script" not in str(caught.value)
    assert "a_secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "answer", "kind", "words"),
    [
        (200, {"error": "bad_verification_code"}, SignInAgain, "older than ten minutes"),
        (200, {"error": "incorrect_client_credentials"}, FixSettings, "client_secret"),
        (400, {"error": "invalid_grant"}, SignInAgain, "used before, is too old"),
        (
            400,
            {"error": "invalid_grant", "error_description": "Bad Request"},
            SignInAgain,
            'says: "Bad Request"',
        ),
        (401, {"error": "invalid_client"}, FixSettings, "client_id or"),
        (503, {"error": "server_error"}, TryLater, "Try again later"),
        (503, {}, TryLater, "503"),
        (429, {}, TryLater, "429"),
        (400, {"error": ["x"]}, SignInAgain, "400"),
        (403, {}, SignInAgain, "403"),
    ],
)
def test_what_the_token_endpoint_says_has_a_name(
    status: int, answer: dict[str, Any], kind: type[ConnectError], words: str
) -> None:
    error = refused_by_server(app_of({**GOOD, "provider": "github"}), status, answer)
    assert type(error) is kind
    assert words in str(error)


def test_a_cookie_is_for_this_sign_in_alone_and_for_https_only_where_there_is_https() -> None:
    begun = Begun("https://provider.example.com", "state-1", "key-1", 0.0)
    reply = to_provider(
        app_of({**GOOD, "redirect_uri": "https://w.example.com/api/r/m/oauth/g/callback"}), begun
    )
    cookie = reply["windmill_headers"]["Set-Cookie"]
    assert "; Path=/api/r/m/oauth/g; HttpOnly; SameSite=Lax; Secure" in cookie
    assert reply["windmill_headers"]["Cache-Control"] == "no-store"
    sent = f"a=b; {cookie.partition(';')[0]}; c"
    assert browser_key_of(sent, "state-1") == "key-1"
    assert browser_key_of(sent, "state-2") == ""
    assert "Secure" not in to_provider(app_of(GOOD), begun)["windmill_headers"]["Set-Cookie"]


def test_the_link_is_that_of_our_own_route_or_none() -> None:
    begun = Begun("https://provider.example.com", "state-1", "key-1", 0.0)
    assert link_of(app_of(GOOD), begun).endswith("/oauth/google/start?state=state-1&key=key-1")
    assert link_of(app_of({**GOOD, "redirect_uri": "https://a.example.com/done"}), begun) == ""


def test_a_page_tells_a_stranger_no_setting() -> None:
    page = refusal_page(FixSettings("The OAuth app: client_id is missing."))
    assert page["windmill_status_code"] == 503
    assert "client_id" not in page["result"]
    assert page["wm_failure"] == "The OAuth app: client_id is missing."
    said = refusal_page(FixInput("<b>no</b>"))
    assert "&lt;b&gt;" in said["result"]
    assert "wm_failure" not in said
