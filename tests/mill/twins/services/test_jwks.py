"""The issuer twin rotates keys when asked, and takes a refresh token once."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from tests.mill.twins.stage import TwinClient, TwinProcess


@pytest.fixture
def issuer(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("jwks").url)
    client.forget()
    return client


def keys(issuer: TwinClient) -> dict[str, jwt.PyJWK]:
    answer = issuer.get("/.well-known/jwks.json")
    return {key["kid"]: jwt.PyJWK(key) for key in answer.json["keys"]}


def verified(issuer: TwinClient, token: str) -> Any:
    key = keys(issuer)[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, audience="https://api.example.com", issuer="https://id.example.com")


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_its_tokens_are_verified_by_the_keys_it_publishes(issuer: TwinClient, algorithm: str) -> None:
    issuer.put_settings(algorithm=algorithm)
    first = issuer.post("/token", {"sub": "ada"}).json
    assert jwt.get_unverified_header(first["access_token"])["alg"] == algorithm
    assert verified(issuer, first["access_token"])["sub"] == "ada"


def test_rotation_keeps_the_old_key_unless_told_not_to(issuer: TwinClient) -> None:
    old = issuer.post("/token", {"sub": "ada"}).json["access_token"]
    kid = issuer.post("/keys/rotate", {}).json["kid"]
    new = issuer.post("/token", {"sub": "ada"}).json["access_token"]
    assert jwt.get_unverified_header(new)["kid"] == kid == next(iter(keys(issuer)))
    assert verified(issuer, old)["sub"] == verified(issuer, new)["sub"] == "ada"
    kid = issuer.post("/keys/rotate", {"keep_old": False}).json["kid"]
    assert list(keys(issuer)) == [kid]


def test_how_long_keys_may_be_kept_is_a_setting_and_so_are_foreign_ones(issuer: TwinClient) -> None:
    assert issuer.get("/.well-known/jwks.json").headers["cache-control"] == "public, max-age=300"
    issuer.put_settings(max_age=None, extra_keys=[{"kty": "oct", "k": "AAAA"}])
    answer = issuer.get("/.well-known/jwks.json")
    assert "cache-control" not in answer.headers
    assert [key["kty"] for key in answer.json["keys"]] == ["EC", "oct"]


def test_a_refresh_token_that_is_used_twice_revokes_its_family(issuer: TwinClient) -> None:
    first = issuer.post("/token", {"sub": "ada"}).json
    other = issuer.post("/token", {"sub": "ben"}).json
    second = issuer.post("/token/refresh", {"refresh_token": first["refresh_token"]}).json
    assert second["refresh_token"] != first["refresh_token"]
    again = issuer.post("/token/refresh", {"refresh_token": first["refresh_token"]})
    assert (again.status, again.json["error"]) == (401, "invalid_grant")
    assert issuer.post("/token/refresh", {"refresh_token": second["refresh_token"]}).status == 401
    assert issuer.post("/token/refresh", {"refresh_token": other["refresh_token"]}).status == 200
    assert issuer.get("/_ledger").json["totals"] == {"issued": 4, "reused": 2}


def test_the_first_refresh_token_of_the_settings_begins_anew_each_time(issuer: TwinClient) -> None:
    for _ in range(2):
        assert issuer.post("/token/refresh", {"refresh_token": "rt_twin"}).status == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/token", {}, 400, "invalid_request"),
        ("/token", {"sub": ""}, 400, "invalid_request"),
        ("/token/refresh", {}, 400, "invalid_request"),
        ("/token/refresh", {"refresh_token": 1}, 400, "invalid_request"),
        ("/token/refresh", {"refresh_token": "made up"}, 401, "invalid_grant"),
        ("/keys/rotate", {"keep": 1}, 400, "invalid_request"),
        ("/nothing", {}, 404, "not_found"),
    ],
)
def test_what_it_does_not_take_is_said(
    issuer: TwinClient, path: str, body: Any, status: int, error: str
) -> None:
    answer = issuer.post(path, body)
    assert (answer.status, answer.json["error"]) == (status, error)
