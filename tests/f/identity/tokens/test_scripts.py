"""The scripts as people run them: against the issuer twin, with the state in a file of this machine."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain
from f.identity.get_jwt import main as get_jwt
from f.identity.read_jwt import main as read_jwt
from f.identity.set_jwt import main as set_jwt
from f.identity.sign_jwt import main as sign_jwt
from f.identity.verify_jwt import main as verify_jwt
from tests.f.identity.tokens.conftest import (
    AUDIENCE,
    EC,
    ISSUER,
    OTHER_EC,
    SEAL,
    claims_at,
    made,
    resource,
)
from tests.mill.twins.stage import TwinClient, TwinProcess


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("jwks").url)
    client.forget()
    return client


@pytest.fixture
def issuer(twin: TwinClient) -> Any:
    """The jwt_issuer that points at the twin."""
    return {
        "algorithm": "ES256",
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "jwks_url": f"{twin.url}/.well-known/jwks.json",
        "refresh_url": f"{twin.url}/token/refresh",
        "seal_key": SEAL,
    }


def totals(twin: TwinClient) -> dict[str, int]:
    found: dict[str, int] = twin.get("/_ledger").json["totals"]
    return found


def test_a_token_is_signed_and_verified_by_the_same_resource() -> None:
    signed = sign_jwt(resource(), "ada", claims={"role": "reader", "email": "ada@example.com"}, lifetime=60)
    assert (
        jwt.decode(signed["token"], EC.public_key(), algorithms=["ES256"], audience=AUDIENCE)["sub"] == "ada"
    )
    found = verify_jwt(resource(), f" {signed['token']}\n", return_claims=["role"])
    assert (found["verified"], found["claims"]["role"], found["other_claims"]) == (True, "reader", ["email"])
    assert "ada@example.com" not in str(found)
    assert 55 <= found["seconds_left"] <= 60
    assert found["expires_at"] == signed["expires_at"]


def test_a_signed_token_that_is_stored_is_not_in_the_result() -> None:
    signed = sign_jwt(resource(), "ada", store_as="mine")
    assert (signed["token"], signed["stored_as"]) == ("", "mine")
    assert verify_jwt(resource(), stored_as="mine")["claims"]["sub"] == "ada"
    assert get_jwt("mine", resource())["token"].startswith("eyJ")


def test_a_token_is_kept_fresh_at_the_issuer_and_verified_by_its_keys(twin: TwinClient, issuer: Any) -> None:
    first = twin.post("/token", {"sub": "ada", "lifetime": 61}).json
    stored = set_jwt("partner", issuer, f"{first['access_token']}\n", f"{first['refresh_token']} ")
    assert (stored["has_refresh_token"], stored["stored_as"]) == (True, "partner")
    assert get_jwt("partner", issuer, margin_seconds=30)["token"] == first["access_token"]

    fresh = get_jwt("partner", issuer, margin_seconds=120)
    assert fresh["refreshed"]
    assert fresh["token"] != first["access_token"]
    assert get_jwt("partner", issuer, margin_seconds=120, return_token=False) == {
        "token": "",
        "stored_as": "partner",
        "expires_at": fresh["expires_at"],
        "refreshed": False,
    }
    twin.post("/keys/rotate", {})
    assert verify_jwt(issuer, fresh["token"])["claims"]["sub"] == "ada"
    assert totals(twin) == {"issued": 2, "keys_read": 1, "rotated": 1}


def test_a_schedule_that_gives_its_first_refresh_token_again_and_again_keeps_what_came_since(
    twin: TwinClient, issuer: Any
) -> None:
    """The twin revokes everything when a refresh token comes twice."""
    first = twin.post("/token", {"sub": "ada", "lifetime": 61}).json
    for _ in range(3):
        stored = set_jwt("partner", issuer, refresh_token=first["refresh_token"])
        assert stored["has_refresh_token"]
        assert get_jwt("partner", issuer, margin_seconds=10**6)["refreshed"]
    assert "reused" not in totals(twin)
    another = twin.post("/token", {"sub": "grace"}).json
    set_jwt("partner", issuer, another["access_token"], another["refresh_token"])
    assert get_jwt("partner", issuer)["token"] == another["access_token"]
    third = twin.post("/token", {"sub": "edsger"}).json
    for one in (third, another):  # back to one that was given before the last
        set_jwt("partner", issuer, one["access_token"], one["refresh_token"])
        assert get_jwt("partner", issuer)["token"] == one["access_token"]


def test_a_refresh_token_that_somebody_else_has_used_is_dead(twin: TwinClient, issuer: Any) -> None:
    first = twin.post("/token", {"sub": "ada"}).json
    set_jwt("partner", issuer, refresh_token=first["refresh_token"])
    twin.post("/token/refresh", {"refresh_token": first["refresh_token"]})
    with pytest.raises(SignInAgain, match="sign in again"):
        get_jwt("partner", issuer)
    assert totals(twin)["reused"] == 1


def test_reading_is_marked_as_unverified() -> None:
    forged = made(claims_at(time.time(), sub="admin", exp=int(time.time()) + 30), OTHER_EC, kid="k")
    read = read_jwt(f"\n{forged} ")
    assert (read["verified"], read["unverified_claims"]["sub"]) == (False, "admin")
    assert read["unverified_header"] == {"alg": "ES256", "typ": "JWT", "kid": "k"}
    assert (read["good_for_margin"], read_jwt(forged, margin_seconds=10)["good_for_margin"]) == (False, True)
    nothing = read_jwt(made({"a": 1}))
    assert (nothing["expires_at"], nothing["seconds_left"], nothing["good_for_margin"]) == ("", None, None)
    milliseconds = read_jwt(made(claims_at(0, exp=1_700_000_000_000)))
    assert milliseconds["expires_at"] == ""


@pytest.mark.parametrize(
    ("arguments", "kind", "says"),
    [
        ({}, FixInput, "either the token, or the name"),
        ({"token": "a.b.c", "stored_as": "x"}, FixInput, "either the token, or the name"),
        ({"token": "hello"}, FixInput, "not a JSON Web Token"),
        ({"stored_as": "nobody"}, FixInput, "Store one with set_jwt"),
        ({"token": made(claims_at(0))}, SignInAgain, "it has expired"),
        ({"token": made(claims_at(time.time()), OTHER_EC)}, SignInAgain, "not of the issuer's key"),
        ({"token": made(claims_at(time.time())), "audience": "me"}, SignInAgain, "not for this audience"),
        ({"token": "a.b.c", "issuer": {}}, FixSettings, "issuer is empty"),
    ],
)
def test_what_cannot_be_verified_is_said_in_one_sentence(
    arguments: dict[str, Any], kind: type[ConnectError], says: str
) -> None:
    with pytest.raises(kind, match=says) as caught:
        verify_jwt(**{"issuer": resource(), **arguments})
    assert "\n" not in str(caught.value)
