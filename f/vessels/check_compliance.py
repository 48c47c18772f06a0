"""Whether a vessel complies: its certificates, inspections and deficiencies.

Returns the record. It only reads: a second run asks again.
"""

from f.store.stores import open_store, postgresql
from f.vessels.vessey.client import vessey
from f.vessels.vessey.records import Compliance
from f.vessels.vessey.vessey_client import VesseyClient


def main(imo: str, vessey: vessey, database: postgresql | None = None) -> Compliance:
    with open_store(database, "vessels") as store, VesseyClient(vessey, store) as client:
        return client.check_compliance(imo)
