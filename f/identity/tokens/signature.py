"""Whether a key made a signature: PyJWT's word on it, which is imported when the first one is checked."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# cffi==2.1.1
# cryptography==50.0.2
# pycparser==3.12
# pyjwt==2.15.1

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixSettings
from f.connect.sign_in.signed_jwt import private_key, shared_secret

if TYPE_CHECKING:
    from f.identity.tokens.issuer import Issuer
    from f.identity.tokens.key_set import Jwk

_LEAST_RSA_BITS = 2048  # RFC 7518, 3.3


def is_signed(token: str, keys: Iterable[Any], algorithm: str) -> bool:
    """Return whether one of the keys made the token's signature, with this algorithm and no other."""
    from jwt.api_jws import PyJWS  # with cryptography 70 ms, which who only signs need not pay
    from jwt.exceptions import PyJWTError

    reader = PyJWS(algorithms=[algorithm])
    for key in keys:
        try:
            reader.decode_complete(token, key, algorithms=[algorithm])
        except (PyJWTError, ValueError, TypeError):  # of a foreign key, or a signature of no sense
            continue
        return True
    return False


def own_key(issuer: Issuer) -> Any:
    """Return the key of the settings that checks a signature; FixSettings if none fits the algorithm."""
    if issuer.algorithm == "HS256":
        if not issuer.key:
            raise FixSettings("The jwt_issuer resource has no key, the secret of HS256.", code="bad_settings")
        return shared_secret(issuer.key, "key")
    if issuer.public_key:
        key = _public_key(issuer.public_key)
    elif issuer.key:
        key = private_key(issuer.key, "key").public_key()
    else:
        raise FixSettings(
            "The jwt_issuer resource has neither jwks_url nor public_key nor key: nothing can check a token.",
            code="bad_settings",
        )
    if not _fits(key, issuer.algorithm):
        name = "public_key" if issuer.public_key else "key"
        raise FixSettings(
            f"{name} does not fit {issuer.algorithm}, or is too short for it.", code="bad_settings"
        )
    return key


def keys_of(jwks: Iterable[Jwk], algorithm: str) -> list[Any]:
    """Return published keys as PyJWT takes them, without those that are none."""
    from jwt.api_jwk import PyJWK
    from jwt.exceptions import PyJWTError

    found = []
    for jwk in jwks:
        try:
            key = PyJWK(jwk, algorithm=algorithm).key
        except (
            PyJWTError,
            ValueError,
            TypeError,
            KeyError,
            OverflowError,
        ):  # no point of the curve, and such
            continue
        if _fits(key, algorithm):
            found.append(key)
    return found


def _public_key(pem: str) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        return serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FixSettings("public_key is not a readable PEM public key.", code="bad_settings") from error


def _fits(key: Any, algorithm: str) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if algorithm == "RS256":
        return isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS
    if algorithm == "ES256":
        return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"
    return isinstance(key, ed25519.Ed25519PublicKey)
