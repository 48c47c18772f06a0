"""Ask a GraphQL API many things in few requests.

Returns an answer for each query, with its own errors, and how they were sent: as a list where the server
takes lists, else merged into one document, else one by one. One query with several variables is asked for
each of them. A second run asks again; only queries are taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.graphql.transport.batching import BatchResult
    from f.graphql.transport.client import graphql


def main(
    queries: list[str],
    graphql: graphql,
    variables: list[dict] | None = None,
    partial: Literal["accept", "fail"] = "accept",
    batch_size: int = 10,
    database: postgresql | None = None,
) -> BatchResult:
    from f.graphql.transport.batching import ask_all, prepare_all
    from f.store.stores import open_store

    prepared = prepare_all(queries, variables)
    with open_store(database, "graphql") as store:
        return ask_all(prepared, graphql, store, batch_size=batch_size, partial=partial)
