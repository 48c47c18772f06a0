"""Sources, and Stripe's list of events as a server on loopback gives it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from f.store.store import Store
from f.webhooks.healing.healer import Healed, Healer, Look
from f.webhooks.healing.listing import Listing
from f.webhooks.healing.wanted import Wanted
from f.webhooks.inbox.inbox import Inbox
from f.webhooks.providers.reading import read_events
from f.webhooks.requests.request import WebhookRequest
from f.webhooks.requests.source import Kind, Source
from tests.loopback import Asked, Loopback, Reply, serve

DAY = 86_400.0
ALL = Wanted(("*",))


def source_of(kind: Kind) -> Source:
    return Source(name=kind, kind=kind, secrets=("s",), storage_key="k" * 32)


def look(**changes: Any) -> Look:
    return Look(**{"back": DAY, "grace": 600.0, "wanted": ALL, "most": 1000, **changes})


def heal(store: Store, listing: Listing, wake: Callable[[], None] = lambda: None, **changes: Any) -> Healed:
    return Healer(store, source_of(listing.kind), listing, wake).heal(look(**changes))


def receive(store: Store, kind: Kind, body: bytes, **headers: str) -> None:
    """Take a webhook in, as the route does once it is verified."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = WebhookRequest("POST", "", {"content-type": "application/json", **sent}, body)
    source = source_of(kind)
    Inbox(store).receive(source, read_events(request, source).events)


def events_in(store: Store) -> dict[str, str]:
    """What is there: origin by the provider's id."""
    rows = store.execute("SELECT provider_id, origin FROM webhook_event")
    assert len(rows) == len({row[0] for row in rows})
    return {str(one): str(origin) for one, origin in rows}


def stripe_event(number: int, *, age: float = 3600.0, name: str = "invoice.paid") -> dict[str, Any]:
    return {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2024-06-20",
        "created": int(time.time() - age),
        "type": name,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": {"id": f"in_{number}", "object": "invoice", "customer_email": "$var:f/a/b"}},
    }


@contextmanager
def stripe_list(
    events: Sequence[dict[str, Any]], disturb: Callable[[int], Reply | None] = lambda _number: None
) -> Iterator[Loopback]:
    """Serve GET /v1/events, newest first; `disturb` may answer a request of a number in its place."""
    numbers = iter(range(1_000_000))

    def answer(asked: Asked) -> Reply:
        disturbed = disturb(next(numbers))
        if disturbed is not None:
            return disturbed
        query = dict(parse_qsl(urlsplit(asked.path).query))
        types = {value for name, value in query.items() if name.startswith("types[")}
        oldest = int(query.get("created[gte]", "0"))
        found = [
            one
            for one in sorted(events, key=lambda one: -one["created"])
            if one["created"] >= oldest and (not types or one["type"] in types)
        ]
        if "starting_after" in query:
            ids = [one["id"] for one in found]
            found = found[ids.index(query["starting_after"]) + 1 :]
        page = found[: int(query["limit"])]
        body = {"object": "list", "url": "/v1/events", "has_more": len(found) > len(page), "data": page}
        return Reply(200, body)

    with serve(answer) as server:
        yield server
