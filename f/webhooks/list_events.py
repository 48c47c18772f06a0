"""List the events of webhooks that were kept, newest first: which came, and what became of each.

`state: dead` lists the dead letters: events that a handler was given up for, with the route, the attempts,
the error and a hint. `counts` and `types` count all that the filter selects, also beyond this page; an event
that no route wants is `unhandled`, and counted as well. Without `since` and `hours` it looks at the last
seven days; for `dead`, `waiting`, `new` and a `provider_id` at all. Changes nothing and reads no body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.webhooks.inbox.listing import EventView, TypeCount

_MOST = 500


class EventList(TypedDict):
    """A page. `next`: what `after` takes for the next one, "" at the end; `types_left_out`: rarer ones."""

    events: list[EventView]
    counts: dict[str, int]
    types: list[TypeCount]
    types_left_out: int
    since: str
    next: str


def main(
    state: Literal["", "dead", "waiting", "new", "unhandled", "dropped", "done"] = "",
    source: str = "",
    type: str = "",
    provider_id: str = "",
    error: str = "",
    hours: float | None = None,
    since: str = "",
    until: str = "",
    most: int = 50,
    after: str = "",
    database: postgresql | None = None,
) -> EventList:
    from f.connect.errors import FixInput
    from f.store.stores import open_store
    from f.webhooks.inbox.handed import iso
    from f.webhooks.inbox.listing import MOST_TYPES, Listing, totals
    from f.webhooks.inbox.selection import DEFAULT_HOURS, selection_of

    if not 1 <= most <= _MOST:
        raise FixInput(f"most is {most}, and must be from 1 to {_MOST}.", code="bad_argument")
    is_bounded = bool(since or hours or provider_id or state in ("dead", "waiting", "new"))
    with open_store(database, "webhooks") as store:
        selection = selection_of(
            store, state=state, source=source, type=type, provider_id=provider_id, error=error,
            since=since, until=until, hours=hours if is_bounded or until else DEFAULT_HOURS,
        )  # fmt: skip
        listing = Listing(store)
        found = listing.page(selection, most + 1, listing.named([after])[0] if after else None)
        counts = listing.counts(selection)
        views = listing.views(found[:most])
    print(f"{sum(one['events'] for one in counts)} events, {totals(counts)['dead']} of them dead letters")
    return {
        "events": views,
        "counts": totals(counts),
        "types": counts[:MOST_TYPES],
        "types_left_out": len(counts[MOST_TYPES:]),
        "since": iso(selection.since) if selection.since else "",
        "next": views[-1]["id"] if len(found) > most else "",
    }
