"""JSON Web Tokens (RFC 7519) that we sign ourselves: RS256, ES256, EdDSA (Ed25519) and HS256.

HS256 needs nothing but the standard library; cryptography is imported for the others only.
"""

# ruff: noqa: D102 - Auth says what its methods are for

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# cffi==2.1.1
# cryptography==50.0.2
# pycparser==3.12

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.calls.exchange import Auth, S
from f.connect.errors import FixInput, FixSettings
from f.connect.redact import digest_of, remember
from f.connect.times import REAL, Clock

if TYPE_CHECKING:
    from f.connect.integration import SignedJwt


class SignedJwtAuth(Auth):
    """Sends `Authorization: Bearer <JWT>`, signed anew before it expires and after a 401."""

    def __init__(self, settings: SignedJwt, *, clock: Clock = REAL) -> None:
        self._settings, self._clock = settings, clock
        self._token, self._expires_at = "", 0.0
        self._fingerprint = digest_of(dataclasses.asdict(settings))

    def __call__(self, outgoing: S, /) -> S:
        outgoing.headers["Authorization"] = f"Bearer {self._token}"
        return outgoing

    def is_ready(self) -> bool:
        return self._clock.now() < self._expires_at - self._settings.refresh_early

    def renew(self, *, refused: bool) -> bool:
        """Sign a token; a refused one may have been too old by the server's clock."""
        del refused
        now = self._clock.now()
        self._token = sign(claims_of(self._settings, now), self._settings)
        self._expires_at = now + self._settings.lifetime
        remember(self._token)
        return True

    def fingerprint(self) -> str:
        return self._fingerprint


def claims_of(settings: SignedJwt, now: float) -> dict[str, Any]:
    """Return the claims of a token made `now`; a unique `jti` lets the server refuse a replay."""
    claims: dict[str, Any] = {
        "iat": int(now),
        "exp": int(now + settings.lifetime),
        "jti": secrets.token_hex(8),
    }
    named = {"iss": settings.issuer, "sub": settings.subject, "aud": settings.audience}
    return {
        **claims,
        **{name: value for name, value in named.items() if value is not None},
        **settings.claims,
    }


def sign(claims: Mapping[str, Any], settings: SignedJwt) -> str:
    """Return the compact serialisation (RFC 7515). FixSettings if the key does not fit the algorithm."""
    return sign_claims(claims, settings.key, settings.algorithm, key_id=settings.key_id)


def sign_claims(
    claims: Mapping[str, Any],
    key: str,
    algorithm: str,
    *,
    key_id: str | None = None,
    token_type: str = "JWT",  # noqa: S107 - the header typ, no secret
    field: str = "authentication.key",
) -> str:
    """Return the compact serialisation of claims, the one place where anything here is signed.

    FixSettings if the key does not fit the algorithm, which calls it by `field`; FixInput if JSON cannot say
    a claim.
    """
    header = {"alg": algorithm, "typ": token_type}
    if key_id is not None:
        header["kid"] = key_id
    signed = f"{_json64(header)}.{_json64(claims)}"
    make = _hs256 if algorithm == "HS256" else _with_private_key
    return f"{signed}.{_base64url(make(signed.encode(), key, algorithm, field))}"


def expiry_of(token: str) -> float | None:
    """Read a JWT's `exp`, seconds since the epoch, without checking its signature; None if it has none."""
    try:
        expiry = claims_in(token).get("exp")
        return None if expiry is None else float(expiry)
    except (ValueError, AttributeError, TypeError) as error:
        raise FixInput("This is no JSON Web Token.") from error


def claims_in(token: str) -> Any:
    """Return what a JWT claims, as JSON, without checking its signature; FixInput if it is none."""
    parts = token.split(".")
    try:
        return json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, RecursionError) as error:
        raise FixInput("This is no JSON Web Token.") from error


def shared_secret(key: str, field: str) -> bytes:
    """Return the secret of HS256; FixSettings if it is too short, or a key that others may know."""
    if len(key.encode("utf-8", "surrogatepass")) < hashlib.sha256().digest_size:
        raise FixSettings(f"{field}: HS256 needs a secret of at least 32 bytes (RFC 7518, 3.2).")
    if "-----BEGIN " in key:
        raise FixSettings(f"{field} is a PEM key, which is no secret for HS256. Check the algorithm.")
    return key.encode("utf-8", "surrogatepass")


def private_key(key: str, field: str) -> Any:
    """Return the private key of a PEM text; FixSettings if it is not readable, or encrypted."""
    from cryptography.exceptions import UnsupportedAlgorithm  # 30 ms that HS256 need not pay
    from cryptography.hazmat.primitives import serialization

    try:
        return serialization.load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FixSettings(f"{field} is not a readable, unencrypted PEM private key.") from error


def _hs256(message: bytes, key: str, algorithm: str, field: str) -> bytes:
    del algorithm
    return hmac.digest(shared_secret(key, field), message, "sha256")


def _with_private_key(message: bytes, pem: str, algorithm: str, field: str) -> bytes:
    from cryptography.hazmat.primitives import hashes  # 30 ms that HS256 need not pay
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

    key = private_key(pem, field)
    if algorithm == "RS256" and isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    if algorithm == "ES256" and isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp256r1":
        r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    raise FixSettings(f"{field} does not fit {algorithm}.")


def _json64(value: Mapping[str, Any]) -> str:
    try:
        return _base64url(json.dumps(value, separators=(",", ":"), allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise FixInput(
            "A claim cannot be written as JSON: it may hold texts, numbers, lists and objects."
        ) from error


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
