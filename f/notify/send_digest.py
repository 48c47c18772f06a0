"""Send every channel what was collected for it since its last digest, as one message.

What could not be sent waits for the next run. With nothing collected, nothing is sent.
"""

from f.notify.dispatch.router import DigestResult, send_digests
from f.notify.dispatch.routing_resource import notification_routing, read_routing
from f.store.stores import open_store, postgresql


def main(routing: notification_routing, database: postgresql | None = None) -> DigestResult:
    checked = read_routing(routing)
    with open_store(database, "notify") as store:
        result = send_digests(checked, store)
    print(result["counts"] or "Nothing was waiting.")
    return result
