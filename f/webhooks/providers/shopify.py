"""Shopify: what happens in a shop, by topic.

https://shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.times import parse_iso
from f.webhooks.providers.answer import Reading
from f.webhooks.providers.content import hash_of, headers_of, id_of, json_of, seconds_of, type_of
from f.webhooks.requests.event import IncomingEvent

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest

_ID = "x-shopify-webhook-id"


def read(request: WebhookRequest) -> Reading:
    """Return the one event. The same change may come under several topics, as an event each."""
    webhook = id_of(request.header(_ID))
    event = IncomingEvent(
        key=webhook,
        type=type_of(request.header("x-shopify-topic")),
        body=json_of(request.body),
        content_hash=hash_of(request.body),
        provider_id=webhook,
        occurred_at=seconds_of(parse_iso(request.header("x-shopify-triggered-at"))),
        headers=headers_of(request, "x-shopify-shop-domain", "x-shopify-event-id", "x-shopify-api-version"),
    )
    return Reading((event,))
