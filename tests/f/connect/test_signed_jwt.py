"""Tokens we sign ourselves are what other libraries accept."""

from __future__ import annotations

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from f.connect.client import Client
from f.connect.errors import FixInput, FixSettings, SignInAgain
from f.connect.integration import Integration, SignedJwt
from f.connect.sign_in.signed_jwt import SignedJwtAuth, expiry_of, sign
from tests.f.connect.wire import FakeClock, Wire, reply

NOW = 1_700_000_000.0
SECRET = "0123456789abcdef" * 2
PEM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
KEYS = {
    "HS256": (SECRET, SECRET),
    "RS256": (RSA.private_bytes(*PEM).decode(), RSA.public_key()),
    "ES256": (EC.private_bytes(*PEM).decode(), EC.public_key()),
    "EdDSA": (ED.private_bytes(*PEM).decode(), ED.public_key()),
}


@pytest.mark.parametrize("algorithm", KEYS)
def test_another_library_verifies_what_we_sign(algorithm: str) -> None:
    private, public = KEYS[algorithm]
    settings = SignedJwt(
        key=private,
        algorithm=algorithm,  # type: ignore[arg-type]  # each is one of the literals
        issuer="us",
        subject="me",
        audience="them",
        key_id="k1",
        claims={"role": "r"},
    )
    with (
        Wire([reply(200)]) as wire,
        Client(Integration(name="svc", base_url=wire.url, authentication=settings)) as client,
    ):
        client.get("/x")
        client.get("/x")
    one, two = (seen.headers["authorization"].removeprefix("Bearer ") for seen in wire.seen)
    assert one == two
    claims = jwt.decode(one, public, algorithms=[algorithm], audience="them", issuer="us")  # type: ignore[arg-type]  # keys of three kinds
    assert (claims["sub"], claims["role"], claims["exp"] - claims["iat"]) == ("me", "r", 600)
    assert jwt.get_unverified_header(one) == {"alg": algorithm, "typ": "JWT", "kid": "k1"}


def test_the_vector_of_rfc_7515_comes_out_as_published() -> None:
    signed = sign({"sub": "1"}, SignedJwt(key=SECRET, algorithm="HS256"))
    assert signed == jwt.encode({"sub": "1"}, SECRET, algorithm="HS256", headers={"typ": "JWT"})


def test_a_token_is_signed_anew_before_it_expires_and_after_a_refusal(clock: FakeClock) -> None:
    auth = SignedJwtAuth(SignedJwt(key=SECRET, algorithm="HS256"), clock=clock)
    assert not auth.is_ready()
    assert auth.renew(refused=False)
    assert auth.is_ready()
    clock.time += 539
    assert auth.is_ready()
    clock.time += 2
    assert not auth.is_ready()


def test_a_401_signs_once_more_and_then_fails() -> None:
    settings = SignedJwt(key=SECRET, algorithm="HS256")
    with (
        Wire([reply(401)]) as wire,
        Client(Integration(name="svc", base_url=wire.url, authentication=settings)) as client,
        pytest.raises(SignInAgain),
    ):
        client.get("/x")
    assert len({seen.headers["authorization"] for seen in wire.seen}) == len(wire.seen) == 2


@pytest.mark.parametrize(
    ("key", "algorithm", "says"),
    [
        ("short", "HS256", "at least 32 bytes"),
        ("no pem", "RS256", "not a readable, unencrypted PEM"),
        (KEYS["ES256"][0], "RS256", "does not fit RS256"),
        (KEYS["RS256"][0], "ES256", "does not fit ES256"),
    ],
)
def test_a_key_that_does_not_fit_is_a_setting_to_fix(key: str, algorithm: str, says: str) -> None:
    with pytest.raises(FixSettings, match=says):
        sign({}, SignedJwt(key=key, algorithm=algorithm))  # type: ignore[arg-type]  # each is one of the literals


def test_the_expiry_of_somebody_elses_token_is_read() -> None:
    assert expiry_of(jwt.encode({"exp": 1234}, SECRET)) == 1234
    assert expiry_of(jwt.encode({"a": 1}, SECRET)) is None


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "a.W10.b", "a.eyJleHAiOiJ4In0.b"])
def test_what_is_no_token_is_refused_in_one_sentence(token: str) -> None:
    with pytest.raises(FixInput, match="no JSON Web Token"):
        expiry_of(token)
