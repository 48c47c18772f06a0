"""Whether a vessel complies: its certificates, inspections and deficiencies.

Returns the record. It only reads: a second run asks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.vessels.vessey.client import vessey
    from f.vessels.vessey.records import Compliance


def main(imo: str, vessey: vessey, database: postgresql | None = None) -> Compliance:
    from f.store.stores import open_store
    from f.vessels.vessey.vessey_client import VesseyClient

    with open_store(database, "vessels") as store, VesseyClient(vessey, store) as client:
        return client.check_compliance(imo)
