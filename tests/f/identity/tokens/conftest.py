"""An issuer with its keys, a clock that stands still, and a home for the state of each test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms

from f.connect import redact
from f.store.store import Store
from f.store.stores import SqliteStore
from tests.f.connect.wire import FakeClock

SECRET = "0123456789abcdef" * 2
SEAL = "fedcba9876543210" * 2
ISSUER, AUDIENCE = "https://id.example.com", "https://api.example.com"


def pem_of(key: Any) -> str:
    made: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.decode()


def public_pem_of(key: Any) -> str:
    made: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return made.decode()


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC, OTHER_EC = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
ED = ed25519.Ed25519PrivateKey.generate()
PRIVATE: dict[str, Any] = {"RS256": RSA, "ES256": EC, "EdDSA": ED}
KEYS = {"HS256": SECRET, **{name: pem_of(key) for name, key in PRIVATE.items()}}
ALGORITHMS = list(KEYS)


def resource(algorithm: str = "ES256", **more: Any) -> Any:
    """A jwt_issuer that signs and verifies with a key of its own."""
    return {
        "algorithm": algorithm,
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "key": KEYS[algorithm],
        "seal_key": SEAL,
        **more,
    }


def jwk(key: Any, algorithm: str, **more: Any) -> dict[str, Any]:
    """A public key as a key set has it."""
    made = get_default_algorithms()[algorithm].to_jwk(key.public_key())
    return {**json.loads(made), "use": "sig", "alg": algorithm, **more}


def made(claims: dict[str, Any], key: Any = EC, algorithm: str = "ES256", **header: Any) -> str:
    """A token as another library makes it."""
    return jwt.encode(claims, key, algorithm=algorithm, headers=header)


def claims_at(now: float, **changes: Any) -> dict[str, Any]:
    """The claims of a good token; a change to ... leaves one out."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": int(now), "exp": int(now) + 600}
    return {name: value for name, value in {**claims, **changes}.items() if value is not ...}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    with SqliteStore(tmp_path / "state.sqlite", clock=clock.now) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where the scripts keep their state; and what this process knows as a secret."""
    monkeypatch.setenv("HOME", str(tmp_path))
    yield
    redact.forget()
