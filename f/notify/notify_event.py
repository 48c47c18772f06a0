"""Tell the right channels about an event, as the routing says: at once or in the digest.

Returns what went where. A channel that fails is named there and stops no other; the job fails only if no
channel was reached. The same event goes to a channel once within the routing's dedupe window, so a second
run tells only the channels the first one did not reach.
"""

from typing import Literal

from f.notify.dispatch.router import EventResult, notify
from f.notify.dispatch.routing_resource import notification_routing, read_routing
from f.store.stores import open_store, postgresql


def main(
    event: str,
    data: dict,
    routing: notification_routing,
    severity: Literal["", "info", "warning", "error", "critical"] = "",
    dedupe_key: str = "",
    database: postgresql | None = None,
) -> EventResult:
    checked = read_routing(routing)
    with open_store(database, "notify") as store:
        result = notify(event, data, checked, store, severity=severity, dedupe_key=dedupe_key)
    print(f"{result['severity']} {event}: {result['counts'] or 'no route for it'}")
    return result
