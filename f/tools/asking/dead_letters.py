"""Dead letters of the webhooks, as far as an agent needs them to have one handled again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.errors import FixInput
from f.store.stores import open_store
from f.tools.guards.data_of_others import DATA_NOTE, shortened
from f.webhooks.inbox.listing import Listing
from f.webhooks.inbox.selection import selection_of

if TYPE_CHECKING:
    from f.tools.guards.desk import Desk
    from f.webhooks.inbox.listing import EventView

_MOST = 100


class DeadLetters(TypedDict):
    """`data`: one entry an event. `next`: what `after` takes for the next page, "" at the end."""

    data: list[dict[str, Any]]
    next: str
    data_note: str
    message: str


def dead_letters(desk: Desk, source: str, most: int, after: str) -> DeadLetters:
    """Return a page of dead letters, newest first."""
    if not 1 <= most <= _MOST:
        raise FixInput(f"most must be a whole number from 1 to {_MOST}.", code="bad_argument")
    with open_store(desk.database(), "webhooks") as store:
        listing = Listing(store)
        selection = selection_of(store, state="dead", source=source.strip())
        found = listing.page(
            selection, most + 1, listing.named([after.strip()])[0] if after.strip() else None
        )
        views = listing.views(found[:most])
    message = f"{len(views)} dead letters." if views else "There is no dead letter."
    return {
        "data": [_described(view) for view in views],
        "next": views[-1]["id"] if len(found) > most else "",
        "data_note": DATA_NOTE,
        "message": f"{message} Read the hint of each first: what was not mended fails again."
        if views
        else message,
    }


def _described(view: EventView) -> dict[str, Any]:
    failures = [
        (task["route"], task["attempts"], task["failure"])
        for task in view["tasks"]
        if task["state"] == "dead"
    ]
    failures += [("", 0, view["failure"])] if view["failure"] else []
    return {
        "event_id": view["id"],
        "source": shortened(view["source"]),
        "type": shortened(view["type"]),
        "received_at": view["received_at"],
        "body": view["body"],
        "failures": [
            {
                "handler": shortened(route),
                "attempts": attempts,
                "error": shortened(failure["error"]),
                "message": shortened(failure["message"]),
                "hint": shortened(failure["hint"]),
            }
            for route, attempts, failure in failures
            if failure
        ],
    }
