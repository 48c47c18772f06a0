"""Standard Webhooks, and the headers x-webhook-... of senders that have no scheme of their own.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.connect.times import parse_iso
from f.webhooks.providers.answer import Reading
from f.webhooks.providers.content import hash_of, headers_of, id_of, json_of, key_of_id, seconds_of, type_of
from f.webhooks.requests.event import IncomingEvent
from f.webhooks.verifying.standard_scheme import header_prefix

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest


def read(request: WebhookRequest) -> Reading:
    """Return the one event by Standard Webhooks, whose id is signed."""
    event_id = request.header(f"{header_prefix(request)}-id")
    return _told(request, event_id, json_of(request.body), headers_of(request))


def read_generic(request: WebhookRequest) -> Reading:
    """Return the one event of a sender that signs with x-webhook-signature."""
    body = json_of(request.body)
    fields = body if isinstance(body, dict) else {}
    said = (fields.get("event"), request.header("x-webhook-event"))
    headers = headers_of(request, "x-webhook-source", "x-webhook-retry")
    return _told(request, request.header("x-webhook-id"), body, headers, *said)


def _told(
    request: WebhookRequest, event_id: str, body: Any, headers: dict[str, str], *types: object
) -> Reading:
    fields = body if isinstance(body, dict) else {}
    at = fields.get("timestamp")
    event = IncomingEvent(
        key=key_of_id(event_id),
        type=type_of(fields.get("type"), *types),
        body=body,
        content_hash=hash_of(request.body),
        provider_id=id_of(event_id),
        occurred_at=seconds_of(parse_iso(at) if isinstance(at, str) else at),
        headers=headers,
    )
    return Reading((event,))
