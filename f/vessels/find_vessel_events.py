"""Find what is new of vessels: arrivals, deficiencies, certificates that have run out.

Returns the events to tell, also those that an earlier run left untold, and the vessels that could not be
looked at. The first look at a vessel only keeps what is there, unless `notify_first`. A second run returns
the same events until `mark_vessel_event` says that they were told. It fails only if no vessel could be looked
at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.vessels.vessey.client import vessey
    from f.vessels.watching.looking import WatchFound


def main(
    imos: list[str],
    vessey: vessey,
    watch: str = "default",
    notify_first: bool = False,
    lookback_days: int = 30,
    database: postgresql | None = None,
) -> WatchFound:
    from f.store.stores import open_store
    from f.vessels.vessey.bounds import whole
    from f.vessels.vessey.vessey_client import VesseyClient
    from f.vessels.watching.looking import MOST_EVENTS, look_at, vessels_of
    from f.vessels.watching.memory import WatchMemory

    vessels = vessels_of(imos)
    days = whole("lookback_days", lookback_days, 365)
    with open_store(database, "vessels") as store, VesseyClient(vessey, store) as client:
        memory = WatchMemory(store, watch)
        seen, first, failures = look_at(
            vessels, client, memory, store, lookback_days=days, notify_first=notify_first
        )
        events = memory.pending(MOST_EVENTS)
        waiting = memory.count_pending() - len(events)
    print(
        f"{len(seen)} vessels, {len(first)} for the first time, {len(failures)} failed; {len(events)} events"
    )
    return {
        "watch": watch,
        "looked_at": seen,
        "baseline": [] if notify_first else first,
        "events": events,
        "waiting": waiting,
        "failures": failures,
    }
