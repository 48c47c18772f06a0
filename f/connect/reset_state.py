"""Put back what jobs share of an HTTP API: its circuit breaker, its rate limit, its credential, its counts.

Holds for all jobs that share the store. Nothing is sent. Choose what to put back; nothing is chosen before.
Says what it did; a second run does it again.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.connect.integration_resource import integration


def main(
    integration: integration,
    breaker: bool = False,
    limit: bool = False,
    credential: bool = False,
    counts: bool = False,
    as_data: bool = False,
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.by_hand.reset import reset_breaker, reset_credential, reset_limit, reset_metrics
    from f.connect.client import Client
    from f.connect.errors import FixInput
    from f.connect.integration_resource import PURPOSE, integration_of
    from f.store.stores import open_store

    if not (breaker or limit or credential or counts):
        raise FixInput(
            "Nothing was chosen, so nothing was put back. Choose breaker, limit, credential or counts.",
            code="nothing_chosen",
        )
    with open_store(database, PURPOSE) as store, Client(integration_of(integration), store) as client:
        done = {
            **({"breaker": reset_breaker(client)} if breaker else {}),
            **({"limit": reset_limit(client, store)} if limit else {}),
            **({"credential": reset_credential(client, store)} if credential else {}),
            **({"counts": reset_metrics(client, store)} if counts else {}),
        }
        name = client.integration.name
    for sentence in done.values():
        print(sentence)
    if as_data:
        return {"integration": name, "done": done}
    return {"render_all": [{"md": f"**{name}**: {' '.join(done.values())}"}]}
