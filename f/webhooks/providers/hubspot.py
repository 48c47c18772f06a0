"""HubSpot: changes of records, up to a hundred in a request.

https://developers.hubspot.com/docs/api/webhooks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.store.sent_keys import key_of
from f.webhooks.providers.answer import Reading
from f.webhooks.providers.content import entries_of, hash_of_entry, headers_of, id_of, seconds_of, type_of
from f.webhooks.requests.event import IncomingEvent

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest

# HubSpot does not promise that an eventId is unique. A changed association has two objects and no objectId.
_KEY = (
    *("eventId", "portalId", "subscriptionId", "objectId", "occurredAt", "propertyName", "messageId"),
    *("fromObjectId", "toObjectId", "associationType", "associationTypeId", "associationRemoved"),
)
_NEEDED = ("eventId", "occurredAt")
_ATTEMPT = "attemptNumber"


def read(request: WebhookRequest) -> Reading:
    """Return an event an entry."""
    headers = headers_of(request)
    return Reading(tuple(_event(entry, headers) for entry in entries_of(request.body)))


def _event(entry: dict[str, Any], headers: dict[str, str]) -> IncomingEvent:
    event_id, attempt = id_of(entry.get("eventId")), id_of(entry.get(_ATTEMPT))
    named = all(id_of(entry.get(name)) for name in _NEEDED)
    return IncomingEvent(
        key=key_of("hubspot", *(entry.get(name, "") for name in _KEY)) if named else "",
        type=type_of(entry.get("subscriptionType")),
        body=entry,
        content_hash=hash_of_entry(entry, _ATTEMPT),
        provider_id=event_id,
        occurred_at=seconds_of(entry.get("occurredAt"), per_second=1000),
        headers={**headers, **({"attempt": attempt} if attempt else {})},
    )
