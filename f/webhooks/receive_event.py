"""Take a webhook in: the route POST webhooks/:provider, where a provider is a resource f/webhooks/<name>.

The request is verified, its events are kept, each once, and a job that handles them is started; then the
provider gets its answer. Who sends what is not taken reads one line that tells nothing, and the reason
stands in this job's log: `refused 401 invalid_signature stripe: ...`. What is our own fault is answered with
503, upon which providers try again, and told to people once an hour. The same request again changes nothing.

Returns the HTTP reply. Neither it nor the log holds anything of the body.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.connect.errors import ConnectError
    from f.webhooks.providers.answer import Answer
    from f.webhooks.requests.request import WebhookRequest
    from f.webhooks.requests.source import Source

_WAKE_SECONDS = 2.0  # the provider waits; what is not dispatched now is by schedule
_RETRY_AFTER = 60  # seconds, after a fault of ours
# What is read of a request. Cookies and credentials are not for us.
_HEADERS = frozenset({"content-type", "content-length", "user-agent", "i-twilio-idempotency-token"})
_PREFIXES = (
    *("stripe-", "x-slack-", "x-twilio-", "x-home-region", "x-github-", "x-hub-", "x-shopify-"),
    *("x-hubspot-", "webhook-", "svix-", "x-webhook-"),
)

_LINE = "text/plain"
# For `mill openapi`: what a request to the route becomes, and what is answered. No refusal says more.
HTTP = {
    "*": {
        "signed_as": "webhook_source",
        "path": {"provider": {"input": "provider", "example": "stripe"}},
        "body": {
            "application/json": {
                "input": "request.body",
                "type": ["object", "array"],
                "required": True,
                "description": "As the provider sends it; the signature counts over its bytes.",
            },
            "application/x-www-form-urlencoded": {
                "input": "request.body",
                "type": "object",
                "description": "As Slack, Twilio and GitHub may send it.",
            },
        },
        "replies": {
            "200": {
                "description": "Taken, and kept; or a provider's question, answered as it wants it.",
                "type": "application/json or text/plain or text/xml",
                "schema": {},
            },
            "400": {"description": "The body cannot be read.", "type": _LINE},
            "401": {"description": "The request is not signed as it must be.", "type": _LINE},
            "404": {"description": "There is no such source.", "type": _LINE},
            "410": {"description": "The source is switched off.", "type": _LINE},
            "413": {"description": "The body is larger than the source takes.", "type": _LINE},
            "415": {"description": "The provider sends no such content type.", "type": _LINE},
            "503": {
                "description": "Our fault. Providers try again.",
                "type": _LINE,
                "headers": {"Retry-After": "Seconds to wait."},
            },
        },
    },
    "webhook": {
        "replies": {"404": {"description": "Always: it is the route that takes events.", "type": _LINE}}
    },
}


def main(provider: str, request: dict, database: postgresql | None = None) -> dict[str, Any]:
    from f.connect.errors import ConnectError
    from f.connect.redact import hide
    from f.webhooks.providers.answer import Answer
    from f.webhooks.requests.refusal import RefuseRequest
    from f.webhooks.requests.registry import SOURCE_NAME, source_at

    name = provider if SOURCE_NAME.fullmatch(provider) else "?"
    try:
        source = source_at(provider)
        return _reply(_receive(source, _request(request, source), database))
    except RefuseRequest as refusal:
        print(f"refused {refusal.status} {refusal.code} {name}: {hide(refusal.reason)}")
        return _reply(Answer(refusal.status or 400, "text/plain; charset=utf-8", str(refusal)))
    except ConnectError as fault:
        return _unavailable(name, fault)


def preprocessor(event: dict[str, Any]) -> dict[str, Any]:
    """Turn a request into main's arguments.

    In all of it but `path`, Windmill has replaced a text such as `$var:f/a/b` by what it names. So the name
    comes from there, and the rest is believed when it is signed. What names nothing never gets here: Windmill
    ends the job before, and answers 422.
    """
    path = str(event.get("path") or "").rstrip("/")
    headers = {str(name).lower(): value for name, value in (event.get("headers") or {}).items()}
    return {
        "provider": path.rpartition("/")[2] if event.get("kind") == "http" else "",
        "request": {
            "method": str(event.get("method") or "post").upper(),
            "headers": {
                name: value
                for name, value in headers.items()
                if isinstance(value, str) and (name in _HEADERS or name.startswith(_PREFIXES))
            },
            "body": str(event.get("raw_string") or ""),
        },
    }


def _request(request: dict[str, Any], source: Source) -> WebhookRequest:
    from f.webhooks.requests.request import WebhookRequest

    return WebhookRequest(
        method=str(request.get("method") or "POST"),
        url=source.url,
        headers=dict(request.get("headers") or {}),
        body=str(request.get("body") or "").encode("utf-8", "surrogatepass"),
    )


def _receive(source: Source, request: WebhookRequest, database: postgresql | None) -> Answer:
    from f.store.stores import open_store
    from f.webhooks.inbox.inbox import Inbox
    from f.webhooks.inbox.waking import ask_for_dispatch
    from f.webhooks.providers.content import require_content_type
    from f.webhooks.providers.reading import read_events
    from f.webhooks.requests.refusal import RefuseRequest
    from f.webhooks.verifying.signature import verify

    if not source.enabled:
        raise RefuseRequest("switched_off", "the source is switched off")
    _require_size(source, request)
    require_content_type(source.kind, request)
    verify(request, source, time.time())
    reading = read_events(request, source)
    if not reading.events:
        print(f"answered {source.name}: no event, only a question")
        return reading.answer
    with open_store(database, "webhooks", durable=True) as store:
        received = Inbox(store).receive(source, reading.events)
    print(f"received {source.name}: {received.new} new, {received.repeated} repeated")
    if received.wake:
        ask_for_dispatch(database, seconds=_WAKE_SECONDS)
    return reading.answer


def _require_size(source: Source, request: WebhookRequest) -> None:
    from f.webhooks.requests.refusal import RefuseRequest

    most, said = source.max_body_bytes, request.header("content-length")
    size = max(len(request.body), int(said) if said.isdecimal() and len(said) < 20 else 0)
    if size > most:
        raise RefuseRequest("too_large", f"the body has {size} bytes, and {most} are taken")


def _unavailable(name: str, fault: ConnectError) -> dict[str, Any]:
    """Ask the provider to come again, and tell people. The job succeeds: who fails is answered 422."""
    from f.store.stores import memory_store
    from f.webhooks.providers.answer import Answer

    code = fault.code or type(fault).__name__
    print(f"FAULT 503 {code} {name}: {fault}")
    if code != "platform":  # without Windmill nobody can be told
        from f.connect.events import raise_event  # what goes well does not load it

        facts = {"service": f"The webhook source {name}", "error_message": str(fault), "error": code}
        with memory_store() as store:
            raise_event("integration_error", facts, store, about=f"webhooks {name} {code}")
    answer = Answer(503, "text/plain; charset=utf-8", "Not available. Try again later.")
    return {**_reply(answer), "windmill_headers": {"Retry-After": str(_RETRY_AFTER)}}


def _reply(answer: Answer) -> dict[str, Any]:
    return {
        "windmill_status_code": answer.status,
        "windmill_content_type": answer.content_type,
        "result": answer.body,
    }
