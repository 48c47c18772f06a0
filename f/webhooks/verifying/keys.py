"""What signatures are checked with: secrets and public keys, read from how the resource holds them.

A fault here is ours and not the sender's. It is told apart from a bad signature, and found before one is
looked at.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# cffi==2.1.1
# cryptography==50.0.2
# pycparser==3.12

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from f.webhooks.verifying.evidence import decoded_base64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ED25519_BYTES = 32
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----(.*)-----END PUBLIC KEY-----", re.DOTALL)
_BREAK = re.compile(r"\\n|\s")  # also as a line break is written in JSON, which some forms make of it


class BadKeyError(Exception):
    """A secret that cannot check anything. Its text goes on from "secret ...", and quotes nothing of it."""


def shared_key(secret: str) -> bytes:
    """Return the key of an HMAC that is the secret's text itself. An empty one would let everybody in."""
    if not secret.strip():
        raise BadKeyError("is empty")
    try:
        return secret.encode()
    except UnicodeEncodeError:
        raise BadKeyError("holds characters that UTF-8 cannot write") from None


@functools.lru_cache(maxsize=16)  # public keys, so nothing secret is kept
def sendgrid_key(secret: str) -> EllipticCurvePublicKey:
    """Return SendGrid's public key: base64 of DER, as its page shows it, or PEM, on one line or on many."""
    from cryptography.exceptions import UnsupportedAlgorithm  # 30 ms that other schemes save
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    pem = _PEM.fullmatch(secret.strip())
    der = decoded_base64(_BREAK.sub("", pem[1] if pem else secret))
    if der is None:
        raise BadKeyError("is no public key in base64 or PEM")
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise BadKeyError("is no public key as SendGrid's page shows it") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise BadKeyError("is a public key, but not of the curve P-256")
    return key


def standard_key(secret: str) -> bytes | Ed25519PublicKey:
    """Return the key of Standard Webhooks: whsec_ and base64 for HMAC, whpk_ and base64 for ed25519.

    Without a prefix it is taken as of HMAC, and padding may be left out: so do the reference libraries.
    """
    if secret.startswith("whsk_"):
        raise BadKeyError("is the sender's private key (whsk_); the public one is needed (whpk_)")
    text = secret.removeprefix("whpk_").removeprefix("whsec_").rstrip("=")
    raw = decoded_base64(text + "=" * (-len(text) % 4))
    if not raw:
        raise BadKeyError("is no base64, after whsec_ or whpk_ where it has one")
    if not secret.startswith("whpk_"):
        return raw
    if len(raw) != _ED25519_BYTES:
        raise BadKeyError(f"is no ed25519 public key of {_ED25519_BYTES} bytes after whpk_")
    return _ed25519_key(raw)


def _ed25519_key(raw: bytes) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(raw)
