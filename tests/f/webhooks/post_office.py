"""Signed requests of every provider, and a workspace that they are sent to.

Where a provider has an SDK that signs, it signs here; the others are written down from the providers' pages.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import standardwebhooks
import stripe
import svix
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # no types are shipped

from f.store.stores import sqlite_store
from f.webhooks.receive_event import main, preprocessor
from tests.mill.api.stage import Function

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
KINDS = ("stripe", "slack", "twilio", "sendgrid", "github", "shopify", "hubspot", "standard", "generic")
STORAGE_KEY = "a storage key that opens nothing else"
BASE = "https://windmill.example.com/api/r/main/webhooks"
_SENDGRID = ec.generate_private_key(ec.SECP256R1())
_STANDARD = "whsec_" + base64.b64encode(b"a standard secret of 32 bytes...").decode()
SECRETS = {
    **{kind: f"a secret of {kind}" for kind in KINDS},
    "stripe": "whsec_of_stripe",
    "standard": _STANDARD,
    "sendgrid": base64.b64encode(
        _SENDGRID.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode(),
}
# A body that each of them sends.
SAMPLES: dict[str, Any] = {
    "stripe": {
        "id": "evt_1",
        "object": "event",
        "type": "payment_intent.succeeded",
        "created": 1_790_000_000,
    },
    "slack": {"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_mention"}},
    "twilio": {"MessageSid": "SM1", "MessageStatus": "delivered"},
    "sendgrid": [{"sg_message_id": "m1", "event": "delivered", "email": "a@example.com", "timestamp": 1}],
    "github": {"action": "opened"},
    "shopify": {"id": 1},
    "hubspot": [{"eventId": 1, "subscriptionType": "contact.creation", "occurredAt": 1_790_000_000_000}],
    "standard": {"type": "user.created", "data": {}},
    "generic": {"type": "order.paid"},
}


def encoded(body: Any, content_type: str = JSON) -> str:
    """Return a body as text, as it is if it is one."""
    if isinstance(body, str):
        return body
    return urlencode(body) if content_type == FORM else json.dumps(body)


def signed(kind: str, body: str, *, content_type: str = JSON, at: float | None = None) -> dict[str, str]:
    """Return the headers of a request as the provider makes them, with ids of their own."""
    now = int(time.time() if at is None else at)
    headers = {"content-type": content_type, "content-length": str(len(body.encode())), "user-agent": "test"}
    return {**headers, **_SIGNERS[kind](body, content_type, now)}


def _stripe(body: str, _: str, now: int) -> dict[str, str]:
    signature = stripe.WebhookSignature._compute_signature(f"{now}.{body}", SECRETS["stripe"])
    return {"stripe-signature": f"t={now},v1={signature}"}


def _slack(body: str, _: str, now: int) -> dict[str, str]:
    signature = SignatureVerifier(SECRETS["slack"]).generate_signature(timestamp=str(now), body=body)
    return {"x-slack-signature": str(signature), "x-slack-request-timestamp": str(now)}


def _twilio(body: str, content_type: str, _: int) -> dict[str, str]:
    validator, url = RequestValidator(SECRETS["twilio"]), f"{BASE}/twilio"
    fields = dict(parse_qsl(body, keep_blank_values=True)) if content_type == FORM else {}
    if content_type != FORM and body:
        url += f"?bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
    signature = validator.compute_signature(url, fields)
    return {"x-twilio-signature": signature, "i-twilio-idempotency-token": str(uuid.uuid4())}


def _sendgrid(body: str, _: str, now: int) -> dict[str, str]:
    signature = _SENDGRID.sign(f"{now}{body}".encode(), ec.ECDSA(hashes.SHA256()))
    name = "x-twilio-email-event-webhook"
    return {f"{name}-signature": base64.b64encode(signature).decode(), f"{name}-timestamp": str(now)}


def _github(body: str, _: str, __: int) -> dict[str, str]:
    digest = _digest("github", body).hex()
    ids = {"x-github-event": "issues", "x-github-delivery": str(uuid.uuid4())}
    return {"x-hub-signature-256": f"sha256={digest}", **ids}


def _shopify(body: str, _: str, __: int) -> dict[str, str]:
    ids = {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": str(uuid.uuid4())}
    return {"x-shopify-hmac-sha256": base64.b64encode(_digest("shopify", body)).decode(), **ids}


def _hubspot(body: str, _: str, now: int) -> dict[str, str]:
    digest = _digest("hubspot", f"POST{BASE}/hubspot{body}{now * 1000}")
    name = "x-hubspot"
    return {
        f"{name}-signature-v3": base64.b64encode(digest).decode(),
        f"{name}-request-timestamp": str(now * 1000),
    }


def _standard(body: str, _: str, now: int) -> dict[str, str]:
    at, one = dt.datetime.fromtimestamp(now, dt.UTC), f"msg_{uuid.uuid4().hex}"
    signature = standardwebhooks.Webhook(_STANDARD).sign(one, at, body)
    return {"webhook-id": one, "webhook-timestamp": str(now), "webhook-signature": signature}


def by_svix(body: str) -> dict[str, str]:
    """Return what Svix sends, under its own names."""
    now, one = dt.datetime.now(dt.UTC), f"msg_{uuid.uuid4().hex}"
    signature = svix.Webhook(_STANDARD).sign(one, now, body)
    seconds = str(int(now.timestamp()))
    return {
        "content-type": JSON, "svix-id": one, "svix-timestamp": seconds, "svix-signature": signature
    }  # fmt: skip


def _generic(body: str, _: str, now: int) -> dict[str, str]:
    digest = _digest("generic", f"{now}.{body}").hex()
    return {"x-webhook-signature": digest, "x-webhook-timestamp": str(now), "x-webhook-id": str(uuid.uuid4())}


def _digest(kind: str, message: str) -> bytes:
    return hmac.new(SECRETS[kind].encode(), message.encode(), hashlib.sha256).digest()


_SIGNERS = {
    "stripe": _stripe, "slack": _slack, "twilio": _twilio, "sendgrid": _sendgrid, "github": _github,
    "shopify": _shopify, "hubspot": _hubspot, "standard": _standard, "generic": _generic,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the provider read, and what the log says."""

    status: int
    content_type: str
    text: str
    headers: Mapping[str, str]
    log: str


@dataclass
class PostOffice:
    """A workspace with a source a kind, and its receiver, run in this process as a job of it."""

    home: Path
    capture: pytest.CaptureFixture[str]
    templates: Path
    scripts: dict[str, Function]
    started: list[str] = field(default_factory=list)

    def source(self, name: str, **fields: Any) -> None:
        """Make or change a source of the workspace."""
        value = {"kind": name, "secret": SECRETS.get(name, "none"), "storage_key": STORAGE_KEY}
        value["url"] = f"{BASE}/{name}"
        resource = {"resource_type": fields.pop("resource_type", "webhook_source"), "value": value | fields}
        file = self.templates / f"f/webhooks/{name}.resource.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(resource))

    def send(
        self, kind: str, body: Any, headers: Mapping[str, str] | None = None, *, content_type: str = JSON
    ) -> Delivered:
        """Sign a body as its provider does, and have it received; `headers` instead of what signs it."""
        text = encoded(body, content_type)
        return self.post(
            kind, text, signed(kind, text, content_type=content_type) if headers is None else headers
        )

    def post(self, name: str, body: str, headers: Mapping[str, str]) -> Delivered:
        """Have a request received."""
        event = {
            "kind": "http", "route": "local/webhooks/:provider", "path": f"local/webhooks/{name}",
            "trigger_path": "f/webhooks/receive_event", "body": None, "raw_string": body,
            "params": {"provider": name}, "headers": dict(headers), "query": {}, "method": "post",
        }  # fmt: skip
        return self.run(preprocessor(event))

    def run(self, arguments: dict[str, Any]) -> Delivered:
        self.capture.readouterr()
        result = main(**json.loads(json.dumps(arguments)))
        log = self.capture.readouterr().out
        return Delivered(
            result["windmill_status_code"],
            result["windmill_content_type"],
            result["result"],
            result.get("windmill_headers", {}),
            log,
        )

    def kept(self, columns: str = "type") -> list[Any]:
        """Return what is stored: one value an event, or a row of several."""
        file = self.home / ".millwright" / "webhooks.sqlite"
        if not file.exists():
            return []
        with closing(sqlite_store(file)) as store:
            rows = store.execute(f"SELECT {columns} FROM webhook_event ORDER BY received_at, type")
        return [row[0] if len(row) == 1 else tuple(row) for row in rows]
