"""Where a vessel is now, or with a start where it was since.

Returns the vessel with its position, status, destination and arrival; with a start its track, oldest first.
What the ship does not say is null, and a position older than `stale_after_minutes` is marked stale. It only
reads: a second run asks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.vessels.vessey.client import vessey
    from f.vessels.vessey.vessel import Vessel
    from f.vessels.vessey.vessey_client import Track


def main(
    imo: str,
    vessey: vessey,
    start: str = "",
    end: str = "",
    stale_after_minutes: float = 60,
    max_positions: int = 2000,
    database: postgresql | None = None,
) -> Vessel | Track:
    from f.store.stores import open_store
    from f.vessels.vessey.bounds import seconds, whole
    from f.vessels.vessey.vessey_client import VesseyClient

    stale_after = seconds("stale_after_minutes", stale_after_minutes, per=60)
    most = whole("max_positions", max_positions, 10_000)
    with (
        open_store(database, "vessels") as store,
        VesseyClient(vessey, store, stale_after=stale_after) as client,
    ):
        if start or end:
            return client.get_vessel_track(imo, start, end, most)
        return client.get_vessel(imo)
