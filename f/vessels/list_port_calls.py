"""The port calls of a vessel, or those at a port.

Returns them oldest first, with those expected; without a period the last 30 days and the next 30. It only
reads: a second run asks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.vessels.vessey.client import vessey
    from f.vessels.vessey.vessey_client import PortCalls


def main(
    vessey: vessey,
    imo: str = "",
    port: str = "",
    from_date: str = "",
    to_date: str = "",
    max_calls: int = 500,
    database: postgresql | None = None,
) -> PortCalls:
    from f.store.stores import open_store
    from f.vessels.vessey.bounds import whole
    from f.vessels.vessey.vessey_client import VesseyClient

    most = whole("max_calls", max_calls, 10_000)
    with open_store(database, "vessels") as store, VesseyClient(vessey, store) as client:
        return client.get_port_calls(imo, from_date, to_date, port=port, max_calls=most)
