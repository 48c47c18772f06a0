"""Collect events of a GraphQL subscription over a WebSocket (graphql-transport-ws).

Returns the events that arrived and why it ended: enough events, the time is up, or the server ended it. A
server that goes away for a moment is connected again; events in between are then missing, and the result says
so. A second run subscribes again and gets later events.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# websockets==17.4

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.graphql.transport.client import graphql
    from f.graphql.transport.subscribing import SubscriptionResult


def main(
    subscription: str,
    graphql: graphql,
    variables: dict | None = None,
    operation_name: str = "",
    max_events: int = 10,
    max_seconds: float = 30.0,
    connection_payload: dict | None = None,
) -> SubscriptionResult:
    from f.graphql.queries.operation import prepare
    from f.graphql.transport.subscribing import collect
    from f.windmill.job import Cancellation

    prepared = prepare(subscription, variables, operation_name, "subscription")
    with Cancellation() as clock:
        return collect(
            prepared,
            graphql,
            max_events=max_events,
            max_seconds=max_seconds,
            payload=connection_payload,
            clock=clock,
            should_stop=clock.is_requested,
        )
