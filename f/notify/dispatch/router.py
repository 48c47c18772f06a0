"""From an event to its channels: the plan carried out, each channel on its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.integration import RateLimit
from f.connect.limits.rate_limit import RateLimiter
from f.notify.dispatch.delivery import ChannelResult, deliver, place_of, worst_of
from f.notify.dispatch.digest import Batch, Digest, digest_message
from f.notify.dispatch.routing import plan
from f.notify.messages.events import Event, fields_of, known_event, message_of, unknown_event
from f.store.sent_keys import key_of, remember, was_sent

if TYPE_CHECKING:
    from f.notify.dispatch.routing_resource import ChannelSettings, Routing
    from f.notify.messages.message import Message
    from f.store.store import Store


_APART = "\x1f"  # between a channel's name and where it leads
_FETCHED_SECONDS = 2 * 86_400.0  # within which a routing's digest is sent
_DUPLICATE: ChannelResult = {
    "status": "duplicate",
    "detail": "Sent before, or in the digest.",
    "id": "",
    "error": "",
    "code": "",
}


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
    # With its severity: what has become worse is news.
    same = key_of(event, message.severity, dedupe_key or json.dumps(fields, sort_keys=True, default=str))
    now = datetime.fromtimestamp(store.now(), UTC)
    results: dict[str, ChannelResult] = {}
    for part in plan(routing, event, message.severity, now):
        channel = routing.channels[part.channel]
        if part.when == "digest":
            results[part.channel] = _hold(part.channel, channel, message, same, routing, store, part.why)
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
    """Send what waits for the routing's channels. What could not be sent waits for the next time.

    What waits for a channel that leads elsewhere is another routing's; if nobody fetches it, that is said.
    """
    digest = Digest(store)
    names = {_waiting_for(name, channel): name for name, channel in routing.channels.items()}
    names |= {name: name for name in routing.channels}  # as an older version kept them
    results: dict[str, ChannelResult] = {}
    for waiting_for, since in digest.channels().items():
        if name := names.get(waiting_for):
            sent_now = _send_digest(digest, waiting_for, routing.channels[name], store)
            results |= {name: sent_now} if sent_now is not None else {}
        elif _APART not in waiting_for or since < store.now() - _FETCHED_SECONDS:
            gone = waiting_for.partition(_APART)[0]
            results[gone] = _failure(
                f"Events wait for the channel {gone}, which the routing no longer has, or has elsewhere."
            )
    sent: DigestResult = {"channels": results, "counts": _counts(results)}
    if failure := _failure_of(results):
        sent["wm_failure"] = failure
    return sent


def _send_digest(
    digest: Digest, waiting_for: str, channel: ChannelSettings, store: Store
) -> ChannelResult | None:
    """Send each batch that waits under its own key; return the worst result, None if nothing was to send."""
    failed: list[Batch] = []
    results: list[ChannelResult] = []
    while batch := digest.take(waiting_for):
        result = deliver(channel, digest_message(batch.items), store, key=batch.id)
        results.append(result)
        if result["status"] == "failed":
            failed.append(batch)  # given back in the end: now it would be taken again
        elif result["status"] != "unknown":
            digest.done(batch)
    for batch in failed:
        digest.give_back(batch)
    return worst_of(results) if results else None


def _send(
    name: str, channel: ChannelSettings, message: Message, same: str, routing: Routing, store: Store
) -> ChannelResult:
    window = routing.dedupe_seconds
    key = _key(name, channel, same, routing)
    if key and was_sent(store, key, window):
        return _DUPLICATE.copy()
    if not _within_pace(name, channel, store):
        return _hold(name, channel, message, same, routing, store, "the channel's rate limit is used up")
    result = deliver(channel, message, store, key=key, window=window)
    if result["code"] == "rate_limited":
        return _hold(name, channel, message, same, routing, store, "the account's rate limit is used up")
    if key and result["status"] in {"sent", "duplicate"}:
        remember(store, key)
    return result


def _destination(name: str, channel: ChannelSettings) -> str:
    """Return what tells a channel from one of the same name in another routing, which leads elsewhere.

    It stays the same if a credential is renewed or the recipients are listed in another order.
    """
    return key_of(name, *place_of(channel))


def _waiting_for(name: str, channel: ChannelSettings) -> str:
    """Return what a channel's digest is kept under."""
    return f"{name}{_APART}{_destination(name, channel)}"


def _key(name: str, channel: ChannelSettings, same: str, routing: Routing) -> str:
    """Return the key under which a channel has been told of an event, or will be by its digest."""
    return key_of(_destination(name, channel), same) if routing.dedupe_seconds else ""


def _within_pace(name: str, channel: ChannelSettings, store: Store) -> bool:
    pace = channel.rate_limit
    if pace is None:
        return True
    limit = RateLimit(
        max_requests=pace.max_messages, time_window=pace.per_seconds, burst_size=pace.max_messages
    )
    return RateLimiter(f"notify:{_destination(name, channel)}", limit, store).reserve(max_wait=0) is not None


def _hold(
    name: str,
    channel: ChannelSettings,
    message: Message,
    same: str,
    routing: Routing,
    store: Store,
    why: str,
) -> ChannelResult:
    """Keep it for the digest, unless the channel had it within the dedupe window, or its digest has it."""
    key, window = _key(name, channel, same, routing), routing.dedupe_seconds
    if key and was_sent(store, key, window):
        return _DUPLICATE.copy()
    # A job that is killed between the two keeps it once more, under the same id.
    span = key and key_of(key, int(store.now() // window))
    Digest(store).hold(_waiting_for(name, channel), message, span)
    if key:
        remember(store, key)
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
