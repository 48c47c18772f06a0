"""An event as its handlers get it, fit to be an input of a job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from f.webhooks.inbox.work import StoredEvent
    from f.webhooks.requests.event import Event

# Windmill puts what they name in the place of inputs that begin with one of these, at any depth.
_REPLACED = "$"


def handed(event: StoredEvent, body: Any, attempt: int) -> Event:
    """Return the event for a handler's job. `body`: opened; `attempt`: counts from 1."""
    escaped: list[str] = []
    safe = _safe(body, "", escaped)
    return {
        "id": event.id,
        "source": event.source,
        "kind": event.kind,
        "type": _text(event.type),
        "provider_id": _text(event.provider_id),
        "received_at": iso(event.received_at),
        "occurred_at": None if event.occurred_at is None else iso(event.occurred_at),
        "origin": event.origin,  # type: ignore[typeddict-item]  # written by our own hand
        "attempt": attempt,
        "body": safe,
        "escaped": escaped,
    }


def iso(seconds: float) -> str:
    """Return a time in seconds since the epoch as ISO 8601, in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def as_sent(event: Event) -> Any:
    """Return the body of a handler's event as it was sent, without the blanks that `escaped` names."""
    body = event["body"]
    for pointer in event["escaped"]:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
        body = _without_blank(body, steps)
    return body


def _safe(value: Any, pointer: str, escaped: list[str]) -> Any:
    if isinstance(value, dict):
        return {
            (kept := _storable(name)): _safe(
                item, f"{pointer}/{kept.replace('~', '~0').replace('/', '~1')}", escaped
            )
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_safe(item, f"{pointer}/{place}", escaped) for place, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    if value.startswith(_REPLACED):
        escaped.append(pointer)
        value = f" {value}"
    return _storable(value)


def _storable(text: str) -> str:
    """Return a text without NUL: Postgres, where Windmill keeps the inputs of jobs, takes none in JSON."""
    return text.replace("\0", "\ufffd")


def _without_blank(value: Any, steps: list[str]) -> Any:
    if not steps:
        return value[1:]
    first, *rest = steps
    if isinstance(value, list):
        place = int(first)
        return [*value[:place], _without_blank(value[place], rest), *value[place + 1 :]]
    return {**value, first: _without_blank(value[first], rest)}


def _text(text: str) -> str:
    return f" {text}" if text.startswith(_REPLACED) else text
