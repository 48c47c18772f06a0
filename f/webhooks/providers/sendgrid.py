"""SendGrid: what became of e-mails, many events in a request.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.store.sent_keys import key_of
from f.webhooks.providers.answer import Reading
from f.webhooks.providers.content import entries_of, hash_of_entry, headers_of, id_of, seconds_of, type_of
from f.webhooks.requests.event import IncomingEvent

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest


def read(request: WebhookRequest) -> Reading:
    """Return an event an entry. Most come more than once, at times under another sg_event_id."""
    headers = headers_of(request)
    return Reading(tuple(_event(entry, headers) for entry in entries_of(request.body)))


def _event(entry: dict[str, Any], headers: dict[str, str]) -> IncomingEvent:
    happened = id_of(entry.get("event"))
    return IncomingEvent(
        key=_key(entry),
        type=type_of(f"message.{happened}" if happened else None),
        body=entry,
        content_hash=hash_of_entry(entry, "sg_event_id"),
        provider_id=id_of(entry.get("sg_message_id")),
        occurred_at=seconds_of(entry.get("timestamp")),
        headers=headers,
    )


def _key(entry: dict[str, Any]) -> str:
    """Return what makes two entries one event; of clicks the link, too: programs follow all at once."""
    parts = [entry.get(name) for name in ("sg_message_id", "event", "email", "timestamp")]
    if not all(isinstance(part, str | int) and part for part in parts):
        return ""
    return key_of("sendgrid", *parts, *((entry["url"],) if isinstance(entry.get("url"), str) else ()))
