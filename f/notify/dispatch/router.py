"""From an event to its channels: the plan carried out, each channel on its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.integration import RateLimit
from f.connect.limits.rate_limit import RateLimiter
from f.notify.dispatch.delivery import ChannelResult, deliver
from f.notify.dispatch.digest import Digest, digest_message
from f.notify.dispatch.routing import plan
from f.notify.messages.events import Event, fields_of, known_event, message_of, unknown_event
from f.store.once import key_of, remember, was_sent

if TYPE_CHECKING:
    from f.notify.dispatch.routing_resource import ChannelSettings, Routing
    from f.notify.messages.message import Message
    from f.store.store import Store


class EventResult(TypedDict, total=False):
    """What went where. `wm_failure` is there only if no channel was reached: it makes the job fail.

    `status` is unknown_event if there is no such event, which `detail` says: only the routes of all events
    ("*") have told of it then.
    """

    event: str
    status: Literal["routed", "unknown_event"]
    detail: str
    severity: str
    title: str
    channels: dict[str, ChannelResult]
    counts: dict[str, int]
    wm_failure: str


class DigestResult(TypedDict, total=False):
    """What was sent of what had been held."""

    channels: dict[str, ChannelResult]
    counts: dict[str, int]
    wm_failure: str


def notify(
    event: str,
    data: Mapping[str, Any],
    routing: Routing,
    store: Store,
    *,
    severity: str = "",
    dedupe_key: str = "",
) -> EventResult:
    """Send an event where the routing says.

    `dedupe_key`: what makes two events the same; empty: all their data.
    """
    own = {name: Event(one.title, one.text, one.severity) for name, one in routing.events.items()}
    message = message_of(event, data, own, severity)
    known = known_event(event, own)
    fields = fields_of(known, event, data) if known else data
    same = key_of(event, dedupe_key or json.dumps(fields, sort_keys=True, default=str))
    now = datetime.fromtimestamp(store.now(), UTC)
    results: dict[str, ChannelResult] = {}
    for part in plan(routing, event, message.severity, now):
        channel = routing.channels[part.channel]
        if part.when == "digest":
            results[part.channel] = _hold(part.channel, message, same, routing, store, part.why)
        else:
            results[part.channel] = _send(part.channel, channel, message, same, routing, store)
    result: EventResult = {
        "event": event,
        "status": "routed" if known else "unknown_event",
        "detail": "" if known else unknown_event(event, own),
        "severity": message.severity,
        "title": message.title,
        "channels": results,
        "counts": _counts(results),
    }
    if failure := _failure_of(results):
        result["wm_failure"] = failure
    return result


def send_digests(routing: Routing, store: Store) -> DigestResult:
    """Send what waits, one message per channel. What could not be sent waits for the next time."""
    digest = Digest(store)
    results: dict[str, ChannelResult] = {}
    for name in digest.channels():
        if name not in routing.channels:
            results[name] = _failure(f"Events wait for the channel {name}, which the routing no longer has.")
            continue
        if batch := digest.take(name):
            result = deliver(routing.channels[name], digest_message(batch.items), store, key=batch.id)
            results[name] = result
            if result["status"] == "failed":
                digest.give_back(batch)
            elif result["status"] != "unknown":
                digest.done(batch)
    sent: DigestResult = {"channels": results, "counts": _counts(results)}
    if failure := _failure_of(results):
        sent["wm_failure"] = failure
    return sent


def _send(
    name: str, channel: ChannelSettings, message: Message, same: str, routing: Routing, store: Store
) -> ChannelResult:
    window = routing.dedupe_seconds
    key = key_of(_destination(name, channel), same) if window else ""
    if key and was_sent(store, key, window):
        return {"status": "duplicate", "detail": "Sent before.", "id": "", "error": "", "code": ""}
    if not _within_pace(name, channel, store):
        return _hold(name, message, same, routing, store, "the channel's rate limit is used up")
    result = deliver(channel, message, store, key=key, window=window)
    if result["code"] == "rate_limited":
        return _hold(name, message, same, routing, store, "the account's rate limit is used up")
    if key and result["status"] in {"sent", "duplicate"}:
        remember(store, key)
    return result


def _destination(name: str, channel: ChannelSettings) -> str:
    """Return what tells a channel from one of the same name in another routing, which leads elsewhere."""
    return key_of(name, channel.model_dump_json(exclude={"digest", "rate_limit"}))


def _within_pace(name: str, channel: ChannelSettings, store: Store) -> bool:
    pace = channel.rate_limit
    if pace is None:
        return True
    limit = RateLimit(
        max_requests=pace.max_messages, time_window=pace.per_seconds, burst_size=pace.max_messages
    )
    return RateLimiter(f"notify:{_destination(name, channel)}", limit, store).reserve(max_wait=0) is not None


def _hold(name: str, message: Message, same: str, routing: Routing, store: Store, why: str) -> ChannelResult:
    """Keep it for the digest; the same event counts once in each span of the dedupe window."""
    span = int(store.now() // routing.dedupe_seconds) if routing.dedupe_seconds else None
    Digest(store).hold(name, message, key_of(name, same, span) if span is not None else "")
    return {"status": "digest", "detail": f"Waits for the digest: {why}.", "id": "", "error": "", "code": ""}


def _failure(detail: str) -> ChannelResult:
    return {"status": "failed", "detail": detail, "id": "", "error": "FixSettings", "code": "unknown_channel"}


def _counts(results: Mapping[str, ChannelResult]) -> dict[str, int]:
    return dict(Counter(str(result["status"]) for result in results.values()))


def _failure_of(results: Mapping[str, ChannelResult]) -> str:
    """Return why the job fails, its result kept, if every channel failed; empty if one was reached."""
    failed = [
        f"{name}: {result['detail']}"
        for name, result in results.items()
        if result["status"] in {"failed", "unknown"}
    ]
    if not failed or len(failed) < len(results):
        return ""
    return f"No channel was reached. {' '.join(failed)}"
