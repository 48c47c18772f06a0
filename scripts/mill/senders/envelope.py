"""A request as a provider makes it of an event: where its id goes, what names its type, how it is written.

An event that is told again has the same id in the same place; that is what receivers know it by.
"""

from __future__ import annotations

import copy
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from mill.senders.signing import FORM, JSON, Kind

_SLACK_FORMS = frozenset({"slash_command"})
_SLACK_INTERACTIONS = frozenset({"block_actions", "view_submission", "shortcut", "message_action"})


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is posted, before it is signed. `headers` are those that name the event."""

    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def new_id(kind: Kind) -> str:
    """Return an id for an event as this provider writes them."""
    one = uuid.uuid4()
    return {
        "stripe": f"evt_{one.hex[:24]}",
        "slack": f"Ev{one.hex[:10].upper()}",
        "standard": f"msg_{one.hex[:27]}",
    }.get(kind, str(one))


def envelope(
    kind: Kind, event_type: str, content: Any, *, event_id: str, now: float, attempt: int = 1
) -> Envelope:
    """Return the request of an event. `content`: the sample's body; it is not changed.

    `attempt` counts from 1; only some providers say it.
    """
    return _WRITERS[kind](_Event(event_type, copy.deepcopy(content), event_id, now, attempt))


@dataclass(frozen=True, slots=True)
class _Event:
    type: str
    content: Any
    id: str
    now: float
    attempt: int


def _stripe(event: _Event) -> Envelope:
    content = event.content
    is_thin = isinstance(content.get("created"), str)
    created = datetime.fromtimestamp(int(event.now), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    content |= {"id": event.id, "created": created if is_thin else int(event.now)}
    return Envelope(json.dumps(content, indent=2).encode(), "application/json; charset=utf-8")


def _slack(event: _Event) -> Envelope:
    content, headers = event.content, {}
    if event.attempt > 1:
        headers = {"X-Slack-Retry-Num": str(event.attempt - 1), "X-Slack-Retry-Reason": "http_timeout"}
    if event.type in _SLACK_FORMS:
        return Envelope(urlencode(content | {"trigger_id": event.id}).encode(), FORM, headers)
    if event.type in _SLACK_INTERACTIONS:
        payload = json.dumps(content | {"trigger_id": event.id})
        return Envelope(urlencode({"payload": payload}).encode(), FORM, headers)
    if content.get("type") == "event_callback":
        content |= {"event_id": event.id, "event_time": int(event.now)}
    return Envelope(_compact(content), JSON, headers)


def _twilio(event: _Event) -> Envelope:
    headers = {"I-Twilio-Idempotency-Token": event.id, "X-Home-Region": "us1"}
    if any(isinstance(value, dict | list) for value in event.content.values()):
        return Envelope(_compact(event.content), JSON, headers)
    return Envelope(urlencode(event.content).encode(), f"{FORM}; charset=UTF-8", headers)


def _sendgrid(event: _Event) -> Envelope:
    for place, one in enumerate(event.content):
        one["sg_message_id"] = f"{event.id}.filterdrecv-{place}"
        one["sg_event_id"] = hashlib.sha256(f"{event.id} {place}".encode()).hexdigest()[:22]
    lines = ",\r\n".join(json.dumps(one) for one in event.content)
    return Envelope(f"[{lines}]\r\n".encode(), "application/json; charset=utf-8")


def _github(event: _Event) -> Envelope:
    headers = {
        "User-Agent": "GitHub-Hookshot/1234567",
        "X-GitHub-Event": event.type.partition(".")[0],
        "X-GitHub-Delivery": event.id,
        "X-GitHub-Hook-ID": "292430182",
    }
    return Envelope(_compact(event.content), JSON, headers)


def _shopify(event: _Event) -> Envelope:
    headers = {
        "X-Shopify-Topic": event.type,
        "X-Shopify-Webhook-Id": event.id,
        "X-Shopify-Event-Id": str(uuid.uuid5(uuid.NAMESPACE_OID, event.id)),
        "X-Shopify-Shop-Domain": "example.myshopify.com",
        "X-Shopify-API-Version": "2026-10",
        "X-Shopify-Triggered-At": datetime.fromtimestamp(event.now, UTC).isoformat(),
    }
    return Envelope(_compact(event.content), JSON, headers)


def _hubspot(event: _Event) -> Envelope:
    number = int.from_bytes(hashlib.sha256(event.id.encode()).digest()[:4], "big")
    for place, one in enumerate(event.content):
        one |= {"eventId": number + place, "attemptNumber": event.attempt - 1}
    return Envelope(_compact(event.content), JSON)


def _standard(event: _Event) -> Envelope:
    return Envelope(_compact(event.content), JSON)  # its id is signed, and so among the signature's headers


def _generic(event: _Event) -> Envelope:
    headers = {
        "x-webhook-id": event.id,
        "x-webhook-event": event.type,
        "x-webhook-source": "millwright",
        "x-webhook-retry": str(event.attempt - 1),
    }
    return Envelope(_compact(event.content), JSON, headers)


_WRITERS: Mapping[Kind, Callable[[_Event], Envelope]] = {
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


def _compact(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
