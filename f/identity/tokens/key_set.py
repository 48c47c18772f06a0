"""The keys an issuer publishes (RFC 7517), and those among them that may check a signature. Pure.

    {"keys": [{"kty": "EC", "crv": "P-256", "kid": "2026-11", "use": "sig", "x": "...", "y": "..."}, ...]}

While an issuer rotates, the old key and the new one stand there side by side.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Jwk = dict[str, Any]

MOST_KEYS = 100
_FORMS = {
    "RS256": {"kty": "RSA"},
    "ES256": {"kty": "EC", "crv": "P-256"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
}
_MEMBERS = {"RSA": ("n", "e"), "EC": ("x", "y"), "OKP": ("x",)}
_KEPT = ("kty", "crv", "kid", "alg", "use", "key_ops", "n", "e", "x", "y")
_NUMBER = re.compile(r"[A-Za-z0-9_-]{2,2048}")
_MODULUS = re.compile(r"[A-Za-z0-9_-]{342,2048}")  # from 2048 bits (RFC 7518, 3.3)


def public_keys(document: object) -> list[Jwk] | None:
    """Return the public keys of a key set, without what else they say; None if it is not a key set.

    Secrets ("oct") are no public keys, and a private key that is published is nobody's own any more.
    """
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, list):
        return None
    return [
        {name: key[name] for name in _KEPT if name in key}
        for key in keys[:MOST_KEYS]
        if isinstance(key, Mapping) and "d" not in key and _is_whole(key)
    ]


def candidates(keys: Sequence[Jwk], key_id: str, algorithm: str) -> list[Jwk]:
    """Return the keys that may have made a signature: of this id, or without one if none has it.

    A token that names no key may be of any. A key for another algorithm or for encryption is none.
    """
    fit = [key for key in keys if _is_fit(key, algorithm)]
    if not key_id:
        return fit
    return [key for key in fit if key.get("kid") == key_id] or [key for key in fit if "kid" not in key]


def has_key(keys: Sequence[Jwk], key_id: str, algorithm: str) -> bool:
    """Return whether the key a token names is there; for one that names none, whether any is."""
    return any(not key_id or key.get("kid") == key_id for key in keys if _is_fit(key, algorithm))


def _is_whole(key: Mapping[str, Any]) -> bool:
    kind = key.get("kty")
    members = _MEMBERS.get(kind, ()) if isinstance(kind, str) else ()
    return (
        bool(members)
        and all(isinstance(key.get(name), str) and _NUMBER.fullmatch(key[name]) for name in members)
        and (kind != "RSA" or bool(_MODULUS.fullmatch(key["n"])))
        and isinstance(key.get("kid", ""), str)
    )


def _is_fit(key: Mapping[str, Any], algorithm: str) -> bool:
    operations = key.get("key_ops", ["verify"])
    return (
        all(key.get(name) == value for name, value in _FORMS[algorithm].items())
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and isinstance(operations, list)
        and "verify" in operations
    )
