"""Standard Webhooks 1.0, https://www.standardwebhooks.com.

    webhook-id: msg_2KWPBgLlAfxdpx2AI54pPJ85f4W
    webhook-timestamp: 1674087231
    webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= v1a,...

Signed is `<id>.<timestamp>.<body>`, so that id and time can be believed like the body.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# cffi==2.1.1
# cryptography==50.0.2
# pycparser==3.12

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from f.webhooks.verifying.evidence import (
    MOST_SIGNATURES,
    base64_bytes,
    check_hmac,
    check_time,
    header_of,
    invalid,
    no_match,
)
from f.webhooks.verifying.keys import standard_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from f.webhooks.requests.request import WebhookRequest
    from f.webhooks.requests.source import Source

_SIZES = {"v1": 32, "v1a": 64}  # bytes of a signature: HMAC-SHA256, ed25519
_VERSION = re.compile(r"v[0-9]+[a-z]*")
_PARTS = ("id", "timestamp", "signature")


def check_standard(request: WebhookRequest, source: Source, now: float) -> None:
    """Refuse unless one of the listed signatures is by one of the keys: v1 with whsec_, v1a with whpk_.

    An id with a full stop is refused, as the specification warns of it: it would leave open where the id
    ends.
    """
    prefix = header_prefix(request)
    message_id, time, signature = (header_of(request, f"{prefix}-{part}") for part in _PARTS)
    if "." in message_id:
        raise invalid(f"{prefix}-id holds a full stop")
    given = _signatures(signature, f"{prefix}-signature")
    check_time(time, f"{prefix}-timestamp", now, source.tolerance)
    message = f"{message_id}.{time}.".encode() + request.body
    keys = [standard_key(secret) for secret in source.secrets]
    secrets = [key for key in keys if isinstance(key, bytes)]
    if any(_is_signed(key, message, given["v1a"]) for key in keys if not isinstance(key, bytes)):
        return
    if not secrets:
        raise no_match(len(keys))
    check_hmac(secrets, [message], given["v1"])


def header_prefix(request: WebhookRequest) -> str:
    """Return how the headers begin: `webhook`, or `svix` as Svix and its customers send them as well.

    One header of the first kind, and those of the second do not count: a signed request must not get another
    id by a header that somebody adds. Who reads the id reads it under this prefix.
    """
    standard = any(request.header(f"webhook-{part}") for part in _PARTS)
    return "webhook" if standard or not request.header("svix-signature") else "svix"


def _signatures(text: str, name: str) -> dict[str, list[bytes]]:
    """Return the signatures by version; those of versions that are not known here are left out."""
    entries = [entry.partition(",") for entry in text.split(" ")]
    if not all(comma and value and _VERSION.fullmatch(version) for version, comma, value in entries):
        raise invalid(f"{name} is not a list of version,signature")
    known = [(version, value) for version, _, value in entries if version in _SIZES]
    if not 1 <= len(known) <= MOST_SIGNATURES:
        raise invalid(
            f"{name} has {len(known)} signatures v1 or v1a, and 1 to {MOST_SIGNATURES} are looked at"
        )
    found: dict[str, list[bytes]] = {version: [] for version in _SIZES}
    for version, value in known:
        found[version].append(base64_bytes(value, f"{name} {version}", _SIZES[version], _SIZES[version]))
    return found


def _is_signed(key: Ed25519PublicKey, message: bytes, signatures: list[bytes]) -> bool:
    from cryptography.exceptions import InvalidSignature  # only with a public key

    for signature in signatures:
        try:
            key.verify(signature, message)
        except InvalidSignature:
            continue
        return True
    return False
