"""Stripe: snapshot events, and thin events, which name an object and do not hold it.

https://docs.stripe.com/webhooks, https://docs.stripe.com/event-destinations#events-overview
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.times import parse_iso
from f.webhooks.providers.answer import Reading
from f.webhooks.providers.content import hash_of, headers_of, id_of, object_of, seconds_of, type_of
from f.webhooks.requests.event import IncomingEvent

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest


def read(request: WebhookRequest) -> Reading:
    """Return the one event. A thin one of an object of the v1 API has the type of the snapshot."""
    body = object_of(request.body)
    event_id, created = id_of(body.get("id")), body.get("created")
    facts = {"api-version": id_of(body.get("api_version"))}
    event = IncomingEvent(
        key=event_id,
        type=type_of(body.get("type")).removeprefix("v1."),
        body=body,
        content_hash=hash_of(request.body),
        provider_id=event_id,
        occurred_at=seconds_of(parse_iso(created) if isinstance(created, str) else created),
        headers={**headers_of(request), **{name: fact for name, fact in facts.items() if fact}},
    )
    return Reading((event,))
