"""Send every channel what was collected for it since its last digest, as one message.

What could not be sent waits for the next run. With nothing collected, nothing is sent.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# dnspython==2.9.2
# email-validator==2.4.0
# jinja2==3.1.6
# markupsafe==3.0.4
# phonenumbers==9.0.43
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.dispatch.router import DigestResult
    from f.notify.dispatch.routing_resource import notification_routing


def main(routing: notification_routing, database: postgresql | None = None) -> DigestResult:
    from f.notify.dispatch.router import send_digests
    from f.notify.dispatch.routing_resource import read_routing
    from f.store.stores import open_store

    checked = read_routing(routing)
    with open_store(database, "notify") as store:
        result = send_digests(checked, store)
    print(result["counts"] or "Nothing was waiting.")
    return result
