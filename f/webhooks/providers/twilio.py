"""Twilio: what became of messages and calls, and messages that arrive.

https://www.twilio.com/docs/usage/webhooks/messaging-webhooks,
https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.connect.times import http_date
from f.webhooks.providers.answer import Answer, Reading
from f.webhooks.providers.content import (
    form_of,
    hash_of,
    headers_of,
    id_of,
    is_form,
    json_of,
    seconds_of,
    type_of,
)
from f.webhooks.requests.event import IncomingEvent

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest

_TOKEN = "i-twilio-idempotency-token"  # noqa: S105 - the name of a header
# Twilio reads an answer as instructions, and "do nothing" is one.
_DO_NOTHING = Answer(content_type="text/xml", body='<?xml version="1.0" encoding="UTF-8"?><Response/>')


def read(request: WebhookRequest) -> Reading:
    """Return the one event."""
    body = form_of(request) if is_form(request) else json_of(request.body)
    fields: dict[str, Any] = body if isinstance(body, dict) else {}
    sid = next(filter(None, (id_of(fields.get(name)) for name in ("MessageSid", "SmsSid", "CallSid"))), "")
    event = IncomingEvent(
        key=id_of(request.header(_TOKEN)),
        type=_type_of(fields),
        body=body,
        content_hash=hash_of(request.body),
        provider_id=sid,
        occurred_at=seconds_of(http_date(str(fields.get("Timestamp") or ""))),
        headers=headers_of(request, _TOKEN, "x-home-region"),
    )
    return Reading((event,), _DO_NOTHING)


def _type_of(fields: dict[str, Any]) -> str:
    for name, about in (("MessageStatus", "message"), ("CallStatus", "call")):
        status = id_of(fields.get(name)).lower()
        if status:
            return type_of(f"{about}.{status}")
    if id_of(fields.get("MessageSid")) and (fields.get("SmsStatus") == "received" or "Body" in fields):
        return "message.received"
    return "twilio.other"
