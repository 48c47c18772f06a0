"""Change something in a GraphQL API: one mutation, sent once.

Returns what the server answered, and the id of what was made. A second run with the same `request_key` sends
nothing and says so. If an answer is lost, nobody knows whether the mutation was applied: the run fails and
says so, and the same key is not sent again. A query is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.graphql.transport.client import graphql
    from f.graphql.transport.mutating import MutationResult


def main(
    mutation: str,
    graphql: graphql,
    variables: dict | None = None,
    operation_name: str = "",
    id_path: str = "",
    request_key: str = "",
    database: postgresql | None = None,
) -> MutationResult:
    from f.graphql.queries.operation import prepare
    from f.graphql.transport.mutating import mutate
    from f.store.stores import open_store

    prepared = prepare(mutation, variables, operation_name, "mutation")
    with open_store(database, "graphql") as store:
        return mutate(prepared, graphql, store, request_key=request_key, id_path=id_path)
