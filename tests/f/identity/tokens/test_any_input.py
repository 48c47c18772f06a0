"""Whatever comes in, what comes out is a result or one of our errors, and nothing forged is ever taken."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain
from f.identity.tokens.compact import read_unverified
from f.identity.tokens.issuer import issuer_of
from f.identity.tokens.key_set import candidates, public_keys
from f.identity.tokens.manager import JwtManager
from f.identity.tokens.results import unverified
from f.identity.tokens.signature import is_signed, keys_of
from tests.f.connect.wire import FakeClock
from tests.f.identity.tokens.conftest import AUDIENCE, EC, SECRET, claims_at, jwk, made, resource
from tests.f.identity.tokens.test_verifying import b64, written
from tests.properties import at_most

NOW = FakeClock().time
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=8)
    | st.sampled_from(["JWT", "ES256", "HS256", "none", "sig", "EC", "P-256", AUDIENCE, int(NOW)]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["alg", "typ", "kid", "crit", "iss", "aud", "exp", "nbf", "kty", "crv", "x", "y"])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
PART = st.binary(max_size=40).map(b64) | JSON.map(lambda value: b64(json.dumps(value))) | st.text(max_size=8)
TOKEN = st.lists(PART, min_size=1, max_size=6).map(".".join) | st.text(max_size=40)
QUICK = settings(
    max_examples=at_most(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ES, HS = (JwtManager(resource(algorithm), clock=FakeClock()) for algorithm in ("ES256", "HS256"))


@QUICK
@given(TOKEN | JSON)
def test_what_is_not_signed_is_never_taken(token: Any) -> None:
    for tokens in (ES, HS):
        with pytest.raises((FixInput, SignInAgain)):
            tokens.verify(token)


@QUICK
@given(TOKEN)
def test_reading_gives_what_json_can_say_or_says_what_is_wrong(token: str) -> None:
    try:
        found = unverified(read_unverified(token), 60, NOW)
    except FixInput:
        return
    json.dumps(found, allow_nan=False, ensure_ascii=False).encode()


@QUICK
@given(
    st.dictionaries(st.sampled_from(["typ", "kid", "crit", "b64", "cty", "jku", "jwk"]), JSON, max_size=3),
    st.dictionaries(st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "sub"]), JSON, max_size=3),
)
def test_what_is_signed_and_taken_pyjwt_takes_too(header: dict[str, Any], changes: dict[str, Any]) -> None:
    """Any header and claims over a good token: ours takes no more than PyJWT with the same settings."""
    claims = {**claims_at(NOW), **changes}
    token = written(json.dumps({"alg": "HS256", **header}), json.dumps(claims))
    try:
        taken = HS.verify(token)
    except (FixInput, SignInAgain):
        return
    options: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_sub": False}
    assert taken == jwt.decode(token, SECRET, algorithms=["HS256"], audience=AUDIENCE, options=options)
    assert taken["exp"] > NOW - 30


@QUICK
@given(st.integers(0, 10**6), st.sampled_from("ABCxyz019-_.="))
def test_one_other_sign_anywhere_and_the_token_is_refused(at: int, sign: str) -> None:
    token = made(claims_at(NOW))
    at %= len(token)
    changed = f"{token[:at]}{sign}{token[at + 1 :]}"
    if changed == token:
        assert ES.verify(token)["sub"] == "ada"
        return
    with pytest.raises((FixInput, SignInAgain)):
        ES.verify(changed)


@QUICK
@given(JSON | st.fixed_dictionaries({"keys": st.lists(JSON, max_size=4) | JSON}))
def test_any_answer_of_an_issuer_is_keys_or_none(document: Any) -> None:
    for algorithm in ("RS256", "ES256", "EdDSA"):
        keys_of(candidates(public_keys(document) or [], "", algorithm), algorithm)


@QUICK
@given(st.dictionaries(st.sampled_from([*jwk(EC, "ES256", kid="a"), "key_ops", "d"]), JSON, max_size=4))
def test_a_key_with_anything_in_it_is_a_key_or_is_ignored(changes: dict[str, Any]) -> None:
    document = {"keys": [{**jwk(EC, "ES256", kid="a"), **changes}]}
    keys = keys_of(candidates(public_keys(document) or [], "", "ES256"), "ES256")
    assert is_signed(made(claims_at(NOW)), keys, "ES256") in {True, False}


@QUICK
@given(
    st.dictionaries(
        st.sampled_from([*resource(), "jwks_url", "refresh_url", "leeway", "lifetime", "public_key"]), JSON
    )
)
def test_any_resource_is_settings_or_says_what_is_wrong(changes: dict[str, Any]) -> None:
    with contextlib.suppress(FixSettings):
        issuer_of({**resource(), **changes})


@QUICK
@given(st.dictionaries(st.text(max_size=6), JSON, max_size=3), st.floats())
def test_any_claims_are_signed_and_read_again_or_refused(claims: dict[str, Any], lifetime: float) -> None:
    try:
        token = HS.sign("ada", claims=claims, lifetime=lifetime)
    except FixInput:
        return
    # What others may take can be too much for us: nested deeper, begun later.
    assert outcome(token) in {"ada", "not_a_jwt", "token_not_yet_valid"}


def outcome(token: str) -> object:
    try:
        return HS.verify(token)["sub"]
    except ConnectError as error:
        return error.code
