"""Fetch a list of a GraphQL API that comes page by page (a connection with pageInfo).

Returns the rows of all pages, up to `max_pages` and `max_rows`, and where to go on if there are more. The
query takes the cursor as a variable. A server that repeats a cursor is noticed. A second run fetches again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.graphql.transport.client import graphql
    from f.graphql.transport.connections import RowsResult


def main(
    query: str,
    graphql: graphql,
    variables: dict | None = None,
    connection: str = "",
    partial: Literal["accept", "fail"] = "fail",
    cursor_variable: str = "after",
    max_pages: int = 100,
    max_rows: int = 10000,
    database: postgresql | None = None,
) -> RowsResult:
    from f.graphql.queries.operation import prepare
    from f.graphql.transport.connections import fetch_rows
    from f.store.stores import open_store

    prepared = prepare(query, variables, "", "query")
    with open_store(database, "graphql") as store:
        return fetch_rows(
            prepared,
            graphql,
            store,
            connection=connection,
            cursor_variable=cursor_variable,
            max_pages=max_pages,
            max_rows=max_rows,
            partial=partial,
        )
