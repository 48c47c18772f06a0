"""The twin of Google's and GitHub's sign-in, by the rules of their documents."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.mill.twins.stage import Answer, TwinClient, TwinProcess

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CALLBACK = "https://app.example.com/callback"
PATHS = {
    "google": ("/o/oauth2/v2/auth", "/token", "/v1/userinfo"),
    "github": ("/login/oauth/authorize", "/login/oauth/access_token", "/user"),
}
CLIENT = {"client_id": "c1", "client_secret": "s1"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("oauth").url, token=None)
    client.forget()
    return client


def post(twin: TwinClient, path: str, **form: str) -> Answer:
    return twin.send("POST", path, urlencode(form).encode(), FORM)


def code_of(twin: TwinClient, service: str, **more: str) -> str:
    query = {
        "client_id": "c1",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid email",
        "state": "st",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
        **more,
    }
    reply = twin.get(f"{PATHS[service][0]}?{urlencode(query)}")
    assert reply.status == 302, reply.body
    answer = dict(parse_qsl(urlsplit(reply.headers["location"]).query))
    assert answer["state"] == "st"
    return answer["code"]


def exchange(twin: TwinClient, service: str, code: str, /, **more: str) -> Answer:
    form = {**CLIENT, "grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    return post(twin, PATHS[service][1], **{**form, "redirect_uri": CALLBACK, **more})


@pytest.mark.parametrize(
    ("service", "status", "error"),
    [("google", 400, "invalid_grant"), ("github", 200, "bad_verification_code")],
)
@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "w" * 64}, {"code_verifier": ""}, {"redirect_uri": CALLBACK + "/"},
        {"client_id": "c2"}, {"code": "x"},
    ],
    ids=["verifier", "no verifier", "redirect", "client", "code"],
)  # fmt: skip
def test_a_code_is_exchanged_by_who_asked_for_it_as_it_was_asked_for(
    twin: TwinClient, service: str, status: int, error: str, change: dict[str, str]
) -> None:
    code = code_of(twin, service)
    refused = exchange(twin, service, code, **change)
    assert (refused.status, refused.json["error"]) == (status, error)
    assert exchange(twin, service, code).json["access_token"]


@pytest.mark.parametrize("service", PATHS)
def test_a_code_that_comes_twice_ends_what_it_gave(twin: TwinClient, service: str) -> None:
    code = code_of(twin, service)
    token = exchange(twin, service, code).json["access_token"]
    authorization = {"Authorization": f"Bearer {token}"}
    assert twin.get(PATHS[service][2], **authorization).status == 200
    assert "error" in exchange(twin, service, code).json
    assert twin.get(PATHS[service][2], **authorization).status == 401


def test_google_gives_a_refresh_token_only_to_who_asks_for_it_and_keeps_it(twin: TwinClient) -> None:
    assert "refresh_token" not in exchange(twin, "google", code_of(twin, "google", prompt="none")).json
    first = exchange(twin, "google", code_of(twin, "google")).json
    for _ in range(2):
        again = post(
            twin, "/token", **CLIENT, grant_type="refresh_token", refresh_token=first["refresh_token"]
        )
        assert again.status == 200
        assert "refresh_token" not in again.json
        assert again.json["access_token"] != first["access_token"]


def test_githubs_refresh_token_is_good_for_one_use(twin: TwinClient) -> None:
    first = exchange(twin, "github", code_of(twin, "github")).json
    assert first["scope"] == "openid,email"
    form = {**CLIENT, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = post(twin, "/login/oauth/access_token", **form)
    assert second.json["refresh_token"] != first["refresh_token"]
    third = post(twin, "/login/oauth/access_token", **form)
    assert (third.status, third.json["error"]) == (200, "bad_refresh_token")


def test_a_wrong_secret_is_refused_in_each_ones_words(twin: TwinClient) -> None:
    google = exchange(twin, "google", code_of(twin, "google"), client_secret="wrong")
    github = exchange(twin, "github", code_of(twin, "github"), client_secret="wrong")
    assert (google.status, google.json["error"]) == (401, "invalid_client")
    assert (github.status, github.json["error"]) == (200, "incorrect_client_credentials")


def test_a_redirect_that_is_not_registered_is_refused_on_the_spot(twin: TwinClient) -> None:
    twin.put_settings(redirect_uris=[CALLBACK])
    code_of(twin, "google")
    query = urlencode({"client_id": "c1", "redirect_uri": CALLBACK + "?x=1", "response_type": "code"})
    assert twin.get(f"/o/oauth2/v2/auth?{query}").status == 400


def test_a_device_asks_too_often(twin: TwinClient) -> None:
    twin.put_settings(device_interval=60)
    device = post(twin, "/device/code", client_id="c1", scope="email").json
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    asked = [
        post(twin, "/token", **CLIENT, grant_type=grant, device_code=device["device_code"]) for _ in range(2)
    ]
    assert [(one.status, one.json["error"]) for one in asked] == [
        (428, "authorization_pending"),
        (403, "slow_down"),
    ]


def test_a_revoked_consent_is_over(twin: TwinClient) -> None:
    token = exchange(twin, "google", code_of(twin, "google")).json
    assert post(twin, "/revoke", token=token["refresh_token"]).status == 200
    assert post(twin, "/revoke", token=token["access_token"]).json["error"] == "invalid_token"
    github = exchange(twin, "github", code_of(twin, "github")).json["access_token"]
    basic = base64.b64encode(b"c1:s1").decode()
    ended = twin.send(
        "DELETE", "/applications/c1/grant", {"access_token": github}, {"Authorization": f"Basic {basic}"}
    )
    assert ended.status == 204
    assert twin.get("/user", Authorization=f"Bearer {github}").json["message"] == "Bad credentials"
