"""Ask a GraphQL API: one query, checked before it is sent.

Returns the data and, where the server could answer only in part, its errors. A busy server is waited for, as
long as its limit says. A second run asks again; a query changes nothing. A mutation is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.graphql.replies.refusals import GraphqlError
    from f.graphql.transport.client import graphql


class QueryResult(TypedDict):
    """`partial`: the server answered with errors beside the data."""

    data: dict[str, Any]
    partial: bool
    errors: list[GraphqlError]


def main(
    query: str,
    graphql: graphql,
    variables: dict | None = None,
    partial: Literal["accept", "fail"] = "accept",
    operation_name: str = "",
    database: postgresql | None = None,
) -> QueryResult:
    from f.graphql.queries.operation import prepare
    from f.graphql.transport.calling import run_one
    from f.store.stores import open_store

    prepared = prepare(query, variables, operation_name, "query")
    with open_store(database, "graphql") as store:
        answer = run_one(prepared, graphql, store, partial)
    return {"data": answer.data or {}, "partial": bool(answer.errors), "errors": answer.errors}
