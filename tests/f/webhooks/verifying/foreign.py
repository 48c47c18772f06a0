"""Signers and verifiers that the providers wrote, each behind one shape, on a clock that stands still.

Of SendGrid there is only a verifier; what it checks is signed by `cryptography`. HubSpot's library is not
among the packages, nor one of Shopify or GitHub: these sign by the standard library, after their pages.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import types
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
import standardwebhooks.webhooks
import stripe._webhook
import svix.webhooks
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sendgrid.helpers.eventwebhook import EventWebhook  # type: ignore[import-untyped]
from slack_sdk.signature import Clock, SignatureVerifier
from stripe import WebhookSignature
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tests.f.webhooks.verifying.signed import ADDRESS, FORM, NOW, Signed, signed

SENDGRID_PRIVATE = ec.derive_private_key(0xC0FFEE, ec.SECP256R1())
SENDGRID_PUBLIC = base64.b64encode(
    SENDGRID_PRIVATE.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()


class StillClock(Clock):
    def now(self) -> float:
        return NOW


class _StillDatetime(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> _StillDatetime:
        return cls.fromtimestamp(NOW, tz)


def stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the clocks of those SDKs that ask the system for the time."""
    monkeypatch.setattr(stripe._webhook, "time", types.SimpleNamespace(time=lambda: NOW))
    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", _StillDatetime)


class Sdk(NamedTuple):
    """`sign`: a request by secret, body and time. `accepts`: the provider's own word on one."""

    sign: Callable[[str, str, int], Signed]
    accepts: Callable[[Signed], bool]


def _sign_stripe(secret: str, body: str, time: int) -> Signed:
    header = WebhookSignature.generate_signature_header(body, secret, time)
    return signed("stripe", secret, {"Stripe-Signature": header}, body.encode())


def _stripe_accepts(request: Signed) -> bool:
    header = request.request.header("stripe-signature")
    return bool(
        WebhookSignature.verify_header(request.request.body, header, request.source.secrets[0], tolerance=300)
    )


def _sign_slack(secret: str, body: str, time: int) -> Signed:
    signature = SignatureVerifier(secret).generate_signature(timestamp=str(time), body=body)
    headers = {"X-Slack-Signature": str(signature), "X-Slack-Request-Timestamp": str(time)}
    return signed("slack", secret, headers, body.encode())


def _slack_accepts(request: Signed) -> bool:
    verifier = SignatureVerifier(request.source.secrets[0], StillClock())
    return verifier.is_valid_request(request.request.body, dict(request.request.headers))


def _sign_twilio_json(secret: str, body: str, time: int) -> Signed:
    hashed = f"{ADDRESS}&bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    headers = {
        "X-Twilio-Signature": RequestValidator(secret).compute_signature(hashed, {}),
        "Content-Type": "application/json",
    }
    return signed("twilio", secret, headers, body.encode())


def _twilio_json_accepts(request: Signed) -> bool:
    url = f"{request.source.url}&bodySHA256={hashlib.sha256(request.request.body).hexdigest()}"
    validator = RequestValidator(request.source.secrets[0])
    return bool(
        validator.validate(url, request.request.body.decode(), request.request.header("x-twilio-signature"))
    )


def sign_twilio_form(
    secret: str, fields: list[tuple[str, str]], url: str = ADDRESS, algorithm: str | None = None
) -> Signed:
    """Return a form as Twilio posts it."""
    signature = RequestValidator(secret).compute_signature(url, MultiDict(fields), algorithm)
    headers = {"X-Twilio-Signature": signature, "Content-Type": f"{FORM}; charset=UTF-8"}
    if algorithm:
        headers["X-Twilio-Webhooks-Signature-Settings"] = f"key=webhooks_sharedkey_1,algorithm={algorithm}"
    return signed("twilio", secret, headers, urlencode(fields).encode(), url=url)


def twilio_accepts_form(secret: str, fields: list[tuple[str, str]], url: str, signature: str) -> bool:
    """Return what Twilio's SDK says of a form that came to an address."""
    return bool(RequestValidator(secret).validate(url, MultiDict(fields), signature))


class MultiDict(dict[str, str]):
    """A form with names that may stand twice, as web frameworks hand it to Twilio's SDK."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        super().__init__(fields)
        self._fields = fields

    def getall(self, name: str) -> list[str]:
        return [value for key, value in self._fields if key == name]


def _sign_sendgrid(secret: str, body: str, time: int) -> Signed:
    """`secret` is not used: a key of the test's own signs."""
    signature = SENDGRID_PRIVATE.sign(f"{time}{body}".encode(), ec.ECDSA(hashes.SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": str(time),
    }
    return signed("sendgrid", SENDGRID_PUBLIC, headers, body.encode())


def _sendgrid_accepts(request: Signed) -> bool:
    right = EventWebhook(request.source.secrets[0]).verify_signature(
        request.request.body.decode(),
        request.request.header("x-twilio-email-event-webhook-signature"),
        request.request.header("x-twilio-email-event-webhook-timestamp"),
    )
    return bool(right)


def _whsec(secret: str) -> str:
    return f"whsec_{base64.b64encode(secret.encode()).decode()}"


def _standard_headers(prefix: str, signature: str, time: int) -> dict[str, str]:
    return {f"{prefix}-id": "msg_1", f"{prefix}-timestamp": str(time), f"{prefix}-signature": signature}


def _moment(time: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(time, dt.UTC)


def _sign_standard(secret: str, body: str, time: int) -> Signed:
    signature = standardwebhooks.webhooks.Webhook(_whsec(secret)).sign("msg_1", _moment(time), body)
    return signed("standard", _whsec(secret), _standard_headers("webhook", signature, time), body.encode())


def _standard_accepts(request: Signed) -> bool:
    webhook = standardwebhooks.webhooks.Webhook(request.source.secrets[0])
    webhook.verify(request.request.body, dict(request.request.headers), json_parse=False)
    return True


def _sign_svix(secret: str, body: str, time: int) -> Signed:
    signature = svix.webhooks.Webhook(_whsec(secret)).sign("msg_1", _moment(time), body)
    return signed("standard", _whsec(secret), _standard_headers("svix", signature, time), body.encode())


def _svix_accepts(request: Signed) -> bool:
    webhook = svix.webhooks.Webhook(request.source.secrets[0])
    webhook.verify(request.request.body, dict(request.request.headers))
    return True


def _hmac_base64(secret: str, message: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()).decode()


def _sign_hubspot(secret: str, body: str, time: int) -> Signed:
    signature = _hmac_base64(secret, f"POST{ADDRESS}{body}{time * 1000}")
    headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": str(time * 1000)}
    return signed("hubspot", secret, headers, body.encode())


def _sign_shopify(secret: str, body: str, time: int) -> Signed:
    return signed("shopify", secret, {"X-Shopify-Hmac-SHA256": _hmac_base64(secret, body)}, body.encode())


def _sign_github(secret: str, body: str, time: int) -> Signed:
    signature = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    return signed("github", secret, {"X-Hub-Signature-256": f"sha256={signature}"}, body.encode())


def _sign_generic(secret: str, body: str, time: int) -> Signed:
    signature = hmac.new(secret.encode(), f"{time}.{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"x-webhook-signature": signature, "x-webhook-timestamp": str(time)}
    return signed("generic", secret, headers, body.encode())


SDKS = {
    "stripe": Sdk(_sign_stripe, _stripe_accepts),
    "slack_sdk": Sdk(_sign_slack, _slack_accepts),
    "twilio": Sdk(_sign_twilio_json, _twilio_json_accepts),
    "sendgrid": Sdk(_sign_sendgrid, _sendgrid_accepts),
    "standardwebhooks": Sdk(_sign_standard, _standard_accepts),
    "svix": Sdk(_sign_svix, _svix_accepts),
}
OWN_SIGNERS = {
    "hubspot": _sign_hubspot,
    "shopify": _sign_shopify,
    "github": _sign_github,
    "generic": _sign_generic,
}
SIGNERS = {**{name: sdk.sign for name, sdk in SDKS.items()}, **OWN_SIGNERS}
