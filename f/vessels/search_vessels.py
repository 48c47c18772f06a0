"""Search vessels by name, flag, type, status, destination, area, speed and size.

Returns those that match all that was given, up to `max_vessels`, and whether there are more. An area has four
sides; with its west above its east it crosses the 180th meridian. It only reads: a second run asks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.vessels.vessey.client import vessey
    from f.vessels.vessey.vessey_client import Found


def main(
    vessey: vessey,
    name: str = "",
    flag: str = "",
    type: Literal["", "cargo", "container", "tanker", "passenger", "fishing", "tug", "other"] = "",
    status: Literal[
        "",
        "under way using engine",
        "at anchor",
        "not under command",
        "restricted manoeuvrability",
        "constrained by draught",
        "moored",
        "aground",
        "engaged in fishing",
        "under way sailing",
    ] = "",
    destination: str = "",
    min_lat: float | None = None,
    max_lat: float | None = None,
    min_lon: float | None = None,
    max_lon: float | None = None,
    min_speed: float | None = None,
    max_speed: float | None = None,
    min_gross_tonnage: int | None = None,
    max_gross_tonnage: int | None = None,
    stale_after_minutes: float = 60,
    max_vessels: int = 200,
    database: postgresql | None = None,
) -> Found:
    from f.store.stores import open_store
    from f.vessels.vessey.bounds import seconds, whole
    from f.vessels.vessey.vessey_client import VesseyClient

    stale_after = seconds("stale_after_minutes", stale_after_minutes, per=60)
    most = whole("max_vessels", max_vessels, 10_000)
    with (
        open_store(database, "vessels") as store,
        VesseyClient(vessey, store, stale_after=stale_after) as client,
    ):
        return client.search_vessels(
            max_vessels=most, name=name, flag=flag, type=type, status=status, destination=destination,
            min_lat=min_lat, max_lat=max_lat, min_lon=min_lon, max_lon=max_lon,
            min_speed=min_speed, max_speed=max_speed,
            min_gross_tonnage=min_gross_tonnage, max_gross_tonnage=max_gross_tonnage,
        )  # fmt: skip
