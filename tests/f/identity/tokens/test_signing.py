"""What we sign other libraries verify, and the other way round; the RFCs' own examples come out right."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from joserfc import jwk as jose_jwk
from joserfc import jwt as jose_jwt

from f.connect.errors import FixInput, FixSettings
from f.identity.tokens.issuer import issuer_of
from f.identity.tokens.manager import JwtManager
from f.identity.tokens.signature import is_signed, keys_of
from tests.f.connect.wire import FakeClock
from tests.f.identity.tokens.conftest import (
    ALGORITHMS,
    AUDIENCE,
    EC,
    ISSUER,
    KEYS,
    PRIVATE,
    SECRET,
    claims_at,
    made,
    pem_of,
    public_pem_of,
    resource,
)
from tests.f.identity.tokens.vectors import RFC_EC, VECTORS


def jose_key(algorithm: str) -> Any:
    kinds: dict[str, Any] = {"HS256": jose_jwk.OctKey, "RS256": jose_jwk.RSAKey, "ES256": jose_jwk.ECKey}
    return kinds.get(algorithm, jose_jwk.OKPKey).import_key(KEYS[algorithm])


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # joserfc, which knows the newer name, too
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_two_other_libraries_verify_what_we_sign(algorithm: str, clock: FakeClock) -> None:
    tokens = JwtManager(resource(algorithm, key_id="k1"), clock=clock)
    token = tokens.sign("ada", claims={"role": "r", "név": "Ödön 🚢"})
    expected = {**claims_at(clock.time), "role": "r", "név": "Ödön 🚢"}
    key = PRIVATE[algorithm].public_key() if algorithm in PRIVATE else SECRET

    theirs = jwt.decode(token, key, algorithms=[algorithm], audience=AUDIENCE, options={"verify_exp": False})
    jose = jose_jwt.decode(token, jose_key(algorithm), algorithms=[algorithm])

    assert len(theirs.pop("jti")) == 32
    assert theirs == expected
    assert {**jose.claims, "jti": ...} == {**expected, "jti": ...}
    assert jose.header == jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT", "kid": "k1"}
    assert tokens.verify(token)["role"] == "r"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # as above
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_two_other_libraries_sign_we_verify(algorithm: str, clock: FakeClock) -> None:
    claims = claims_at(clock.time)
    tokens = JwtManager(resource(algorithm), clock=clock)
    header = {"alg": algorithm, "typ": "JWT"}
    jose = jose_jwt.encode(header, dict(claims), jose_key(algorithm), algorithms=[algorithm])

    assert tokens.verify(made(claims, KEYS[algorithm], algorithm)) == claims
    assert tokens.verify(jose) == claims


@pytest.mark.parametrize("algorithm", list(PRIVATE))
def test_a_public_key_alone_verifies_and_does_not_sign(algorithm: str, clock: FakeClock) -> None:
    public = resource(algorithm, key="", public_key=public_pem_of(PRIVATE[algorithm]))
    tokens = JwtManager(public, clock=clock)
    assert tokens.verify(made(claims_at(clock.time), KEYS[algorithm], algorithm))["sub"] == "ada"
    with pytest.raises(FixSettings, match="no key to sign with"):
        tokens.sign("ada")


def test_inputs_stand_in_place_of_the_resource(clock: FakeClock) -> None:
    tokens = JwtManager(resource(token_type="at+jwt", lifetime=60), clock=clock)
    token = tokens.sign(audience="https://other.example.com", lifetime=5)
    claims = tokens.verify(token, audience="https://other.example.com")
    assert (claims["exp"] - claims["iat"], "sub" in claims) == (5, False)
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    first, second = (tokens.read(tokens.sign()).claims for _ in range(2))
    assert first["exp"] - first["iat"] == 60
    assert first["jti"] != second["jti"]


@pytest.mark.parametrize(
    ("claims", "lifetime", "says"),
    [
        ({"exp": 1}, None, "claims holds exp"),
        ({"iss": "x", "sub": "y"}, None, "claims holds iss, sub"),
        ({"when": {1, 2}}, None, "cannot be written as JSON"),
        ({"share": float("nan")}, None, "cannot be written as JSON"),
        ({}, 0.5, "from one second"),
        ({}, float("nan"), "from one second"),
        ({}, 1e12, "from one second"),
    ],
)
def test_what_cannot_be_signed_is_an_input_to_fix(
    claims: dict[str, Any], lifetime: float | None, says: str
) -> None:
    with pytest.raises(FixInput, match=says):
        JwtManager(resource()).sign("ada", claims=claims, lifetime=lifetime)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"key": "no pem"}, "key is not a readable"),
        ({"algorithm": "HS256", "key": pem_of(EC)}, "a PEM key, which is no secret"),
        ({"algorithm": "HS256", "key": "short"}, "at least 32 bytes"),
        ({"algorithm": "RS256", "key": pem_of(EC)}, "key does not fit RS256"),
        ({"algorithm": "none"}, "algorithm must be one of"),
        ({"algorithm": "HS512"}, "algorithm must be one of"),
        ({"algorithm": ["ES256"]}, "algorithm must be a text"),
        ({"issuer": ""}, "issuer is empty"),
        ({"lifetime": 0}, "lifetime must be a number of seconds from 1"),
        ({"leeway": 3600}, "leeway must be a number of seconds from 0 to 600"),
        ({"leeway": True}, "leeway must be"),
        ({"seal_key": "short"}, "seal_key must have at least 32"),
        ({"refresh_fields": "x"}, "refresh_fields must be an object"),
        ({"jwks_url": "http://id.example.com/keys"}, "jwks_url is plain http"),
        ({"jwks_url": "https://[/keys"}, "jwks_url is no URL"),
        ({"refresh_url": "ftp://id.example.com"}, "refresh_url must be like https"),
        (
            {"algorithm": "HS256", "key": SECRET, "jwks_url": "https://id.example.com/k"},
            "leave jwks_url empty",
        ),
    ],
)
def test_a_resource_that_is_wrong_is_a_setting_to_fix(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(FixSettings, match=says):
        JwtManager({**resource(), **changes}).sign("ada")


def test_all_faults_of_a_resource_are_said_at_once() -> None:
    with pytest.raises(FixSettings) as caught:
        issuer_of({"algorithm": "x", "leeway": -1})
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize("name", VECTORS)
def test_the_signature_of_a_published_example_holds_and_no_other(name: str) -> None:
    algorithm, key, token = VECTORS[name]
    keys = keys_of([key], algorithm) if "kty" in key else [jwt.utils.base64url_decode(key["k"])]
    assert is_signed(token, keys, algorithm)
    start, _, signature = token.rpartition(".")
    other = "A" if signature[20] != "A" else "B"
    assert not is_signed(f"{start}.{signature[:20]}{other}{signature[21:]}", keys, algorithm)


def test_the_token_of_rfc_7519_is_read_and_verified_while_it_held(clock: FakeClock) -> None:
    token = VECTORS["RFC 7515, A.3"][2]
    clock.time = 1_300_819_379
    key = keys_of([RFC_EC], "ES256")[0]
    public = {"algorithm": "ES256", "issuer": "joe", "public_key": public_pem_of(_Public(key))}
    assert JwtManager(public, clock=clock).verify(token) == {
        "iss": "joe",
        "exp": 1_300_819_380,
        "http://example.com/is_root": True,
    }


class _Public:
    def __init__(self, key: Any) -> None:
        self._key = key

    def public_key(self) -> Any:
        return self._key


def test_the_issuer_is_in_every_token(clock: FakeClock) -> None:
    assert JwtManager(resource()).read(JwtManager(resource()).sign()).claims["iss"] == ISSUER
