"""Slack: the Events API, slash commands, and what people do with buttons and forms.

https://docs.slack.dev/apis/events-api, https://docs.slack.dev/interactivity/handling-user-interaction
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.webhooks.providers.answer import NOTHING, Answer, Reading
from f.webhooks.providers.content import (
    bad_body,
    form_of,
    hash_of,
    headers_of,
    id_of,
    is_form,
    object_of,
    seconds_of,
    type_of,
)
from f.webhooks.requests.event import IncomingEvent

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest

_LONGEST_CHALLENGE = 500
_HEADERS = ("x-slack-retry-num", "x-slack-retry-reason")


def read(request: WebhookRequest) -> Reading:
    """Return what happened. Slack shows people the text of an answer, so there is none."""
    if is_form(request):
        return _read_form(request)
    body = object_of(request.body)
    if body.get("type") == "url_verification":
        return Reading((), _challenge(body.get("challenge")))
    inner = body.get("event")
    inner_type = inner.get("type") if isinstance(inner, dict) else None
    event_type = type_of(inner_type if body.get("type") == "event_callback" else body.get("type"))
    return _told(request, body, event_type, id_of(body.get("event_id")), seconds_of(body.get("event_time")))


def _read_form(request: WebhookRequest) -> Reading:
    form = form_of(request)
    if form.get("ssl_check") == "1":
        return Reading((), NOTHING)
    payload = form.get("payload")
    if isinstance(payload, str):
        body = object_of(payload)
        return _told(request, body, type_of(body.get("type")), id_of(body.get("trigger_id")))
    if "command" not in form:
        raise bad_body("the form has neither payload nor command")
    return _told(request, dict(form), "slash_command", id_of(form.get("trigger_id")))


def _told(
    request: WebhookRequest, body: dict[str, Any], event_type: str, event_id: str, at: float | None = None
) -> Reading:
    body.pop("token", None)  # a secret of the app, by which Slack once proved who it is
    event = IncomingEvent(
        key=event_id,
        type=event_type,
        body=body,
        content_hash=hash_of(request.body),
        provider_id=event_id,
        occurred_at=at,
        headers=headers_of(request, *_HEADERS),
    )
    return Reading((event,), NOTHING)


def _challenge(text: object) -> Answer:
    """Return the text back, by which Slack sees that the address is ours. Its sender is verified by now."""
    if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= _LONGEST_CHALLENGE:
        raise bad_body("the challenge is no short text")
    return Answer(content_type=NOTHING.content_type, body=text)
