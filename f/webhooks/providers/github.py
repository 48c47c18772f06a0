"""GitHub: deliveries of a repository, an organization or an app.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from f.webhooks.providers.answer import Reading
from f.webhooks.providers.content import bad_body, form_of, hash_of, headers_of, is_form, object_of, type_of
from f.webhooks.requests.event import IncomingEvent

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest

_DELIVERY = "x-github-delivery"
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[a-z0-9_]{1,60}")


def read(request: WebhookRequest) -> Reading:
    """Return the one event; `ping` is one as well, so that a new hook is seen to work."""
    delivery = request.header(_DELIVERY).lower()
    delivery = delivery if _GUID.fullmatch(delivery) else ""
    body = object_of(_payload(request))
    name, action = request.header("x-github-event"), body.get("action")
    told = (f"{name}.{action}" if action else name, name) if _NAME.fullmatch(name) else ()
    event = IncomingEvent(
        key=delivery,
        type=type_of(*told),
        body=body,
        content_hash=hash_of(request.body),
        provider_id=delivery,
        headers=headers_of(request, "x-github-hook-id", "x-github-enterprise-version"),
    )
    return Reading((event,))


def _payload(request: WebhookRequest) -> bytes | str:
    if not is_form(request):
        return request.body
    payload = form_of(request).get("payload")
    if not isinstance(payload, str):
        raise bad_body("the form has no payload")
    return payload
