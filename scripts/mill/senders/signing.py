"""The headers by which each provider proves that a request is its own.

Each scheme is written from the provider's documents, and shares nothing with what verifies it in `f/`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import parse_qsl

Kind = Literal["stripe", "slack", "twilio", "sendgrid", "github", "shopify", "hubspot", "standard", "generic"]
KINDS: tuple[Kind, ...] = get_args(Kind)

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

# HubSpot signs these of an address decoded, and everything else as it is called.
_HUBSPOT_DECODES = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$",
    "%27": "'", "%28": "(", "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
_SENDGRID_SEED = b"millwright mock sendgrid webhook key"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """What one of the schemes signs."""

    secret: str
    body: bytes
    url: str
    method: str
    now: float
    event_id: str
    content_type: str

    @property
    def seconds(self) -> str:
        return str(int(self.now))


def sign(
    kind: Kind,
    secret: str,
    body: bytes,
    *,
    now: float,
    url: str = "",
    method: str = "POST",
    event_id: str = "",
    content_type: str = JSON,
) -> dict[str, str]:
    """Return the headers of the signature, with what is signed beside the body.

    `url`: what is called, with its query: see `called`. `event_id` is signed by Standard Webhooks alone. Of
    SendGrid, `secret` is the private scalar as a decimal number, or anything else for that of the mock.
    """
    signed = _Signed(
        secret=secret,
        body=body,
        url=url,
        method=method,
        now=now,
        event_id=event_id,
        content_type=content_type,
    )
    return _SCHEMES[kind](signed)


def called(kind: Kind, url: str, body: bytes, content_type: str) -> str:
    """Return the address that a provider calls where it was told to call `url`.

    Twilio adds the hash of a body that is no form, and signs the address with it in place of the body.
    """
    if kind != "twilio" or content_type == FORM:
        return url
    return f"{url}{'&' if '?' in url else '?'}bodySHA256={hashlib.sha256(body).hexdigest()}"


def _stripe(signed: _Signed) -> dict[str, str]:
    mac = _sha256(signed.secret, f"{signed.seconds}.".encode() + signed.body)
    return {"Stripe-Signature": f"t={signed.seconds},v1={mac.hex()}"}


def _slack(signed: _Signed) -> dict[str, str]:
    mac = _sha256(signed.secret, f"v0:{signed.seconds}:".encode() + signed.body)
    return {"X-Slack-Request-Timestamp": signed.seconds, "X-Slack-Signature": f"v0={mac.hex()}"}


def _twilio(signed: _Signed) -> dict[str, str]:
    text = signed.url
    if signed.content_type == FORM:
        fields = parse_qsl(signed.body.decode("ascii"), keep_blank_values=True)
        # A name that is given several times counts with each of its values once, in their order.
        text += "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    mac = hmac.new(signed.secret.encode(), text.encode(), hashlib.sha1).digest()
    return {"X-Twilio-Signature": _base64(mac)}


def _sendgrid(signed: _Signed) -> dict[str, str]:
    # An ASN.1 library's imports, paid by who signs for this provider.
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - see above

    scalar = int(signed.secret) if signed.secret.isdecimal() else mock_sendgrid_scalar()
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    signature = key.sign(signed.seconds.encode() + signed.body, ec.ECDSA(hashes.SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": _base64(signature),
        "X-Twilio-Email-Event-Webhook-Timestamp": signed.seconds,
    }


def mock_sendgrid_scalar() -> int:
    """Return the private key to the public one of resources/mock/f/webhooks/sendgrid_secret."""
    return int.from_bytes(hashlib.sha256(_SENDGRID_SEED).digest(), "big")


def mock_sendgrid_public_key() -> str:
    """Return its public key, as SendGrid shows one: the DER of it in Base64."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - see above

    key = ec.derive_private_key(mock_sendgrid_scalar(), ec.SECP256R1()).public_key()
    return _base64(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _github(signed: _Signed) -> dict[str, str]:
    return {"X-Hub-Signature-256": f"sha256={_sha256(signed.secret, signed.body).hex()}"}


def _shopify(signed: _Signed) -> dict[str, str]:
    return {"X-Shopify-Hmac-Sha256": _base64(_sha256(signed.secret, signed.body))}


def _hubspot(signed: _Signed) -> dict[str, str]:
    milliseconds = str(int(signed.now * 1000))
    url = signed.url
    for code, character in _HUBSPOT_DECODES.items():
        url = url.replace(code, character).replace(code.lower(), character)
    text = f"{signed.method}{url}".encode() + signed.body + milliseconds.encode()
    return {
        "X-HubSpot-Request-Timestamp": milliseconds,
        "X-HubSpot-Signature-v3": _base64(_sha256(signed.secret, text)),
    }


def _standard(signed: _Signed) -> dict[str, str]:
    key = base64.b64decode(signed.secret.removeprefix("whsec_"))
    text = f"{signed.event_id}.{signed.seconds}.".encode() + signed.body
    mac = hmac.new(key, text, hashlib.sha256).digest()
    return {
        "webhook-id": signed.event_id,
        "webhook-timestamp": signed.seconds,
        "webhook-signature": f"v1,{_base64(mac)}",
    }


def _generic(signed: _Signed) -> dict[str, str]:
    mac = _sha256(signed.secret, f"{signed.seconds}.".encode() + signed.body)
    return {"x-webhook-timestamp": signed.seconds, "x-webhook-signature": f"sha256={mac.hex()}"}


_SCHEMES: Mapping[Kind, Callable[[_Signed], dict[str, str]]] = {
    "stripe": _stripe,
    "slack": _slack,
    "twilio": _twilio,
    "sendgrid": _sendgrid,
    "github": _github,
    "shopify": _shopify,
    "hubspot": _hubspot,
    "standard": _standard,
    "generic": _generic,
}


def _sha256(secret: str, text: bytes) -> bytes:
    return hmac.new(secret.encode(), text, hashlib.sha256).digest()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
