"""Lists that come page by page, as connections: pageInfo beside nodes or edges.

    {"customers": {"nodes": [{"id": "1"}], "pageInfo": {"hasNextPage": true, "endCursor": "YQ=="}}}

https://relay.dev/graphql/connections.htm
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from f.connect.client import Client
from f.connect.errors import FixInput, FixSettings
from f.connect.times import REAL, Clock
from f.graphql.queries.variables import check_variables
from f.graphql.transport.calling import ask, check_partial, settle
from f.graphql.transport.client import integration_of

if TYPE_CHECKING:
    from f.graphql.queries.operation import Prepared
    from f.graphql.replies.refusals import GraphqlError
    from f.graphql.transport.calling import Partial
    from f.store.store import Store

_DEEPEST = 20
_MOST_ERRORS = 100


class RowsResult(TypedDict):
    """`next_cursor`: where to go on if `stopped` is not "end"; give it as the cursor's variable."""

    rows: list[Any]
    pages: int
    stopped: Literal["end", "max_pages", "max_rows"]
    next_cursor: str
    errors: list[GraphqlError]


class _Page(NamedTuple):
    rows: list[Any]
    cursor: str  # empty after the last page


def fetch_rows(
    prepared: Prepared,
    resource: Mapping[str, Any],
    store: Store,
    *,
    connection: str = "",
    cursor_variable: str = "after",
    max_pages: int = 100,
    max_rows: int = 10_000,
    partial: Partial = "fail",
    clock: Clock = REAL,
) -> RowsResult:
    """Fetch page after page until the end or a bound; FixSettings if the server repeats a cursor."""
    _check(prepared, cursor_variable, max_pages, max_rows)
    check_partial(partial)
    integration, path = integration_of(resource)
    result: RowsResult = {"rows": [], "pages": 0, "stopped": "end", "next_cursor": "", "errors": []}
    begin = prepared.variables.get(cursor_variable)
    seen = {begin} if isinstance(begin, str) else set[str]()
    with Client(integration, store, clock=clock) as client:
        while True:
            answer = settle(ask(client, path, prepared, clock=clock), partial)
            page = read_page(answer.data or {}, connection)
            result["rows"] += page.rows
            result["pages"] += 1
            result["errors"] = [*result["errors"], *answer.errors][:_MOST_ERRORS]
            result["next_cursor"] = page.cursor
            if not page.cursor:
                return result
            if page.cursor in seen:
                raise FixSettings(
                    f"The list leads back to an earlier page after {result['pages']} pages: the server "
                    "repeats its cursor. Check that the query hands the cursor's variable to the list.",
                    code="pages_repeat",
                )
            seen.add(page.cursor)
            if len(result["rows"]) >= max_rows:
                return {**result, "stopped": "max_rows"}
            if result["pages"] >= max_pages:
                return {**result, "stopped": "max_pages"}
            variables = {**prepared.variables, cursor_variable: page.cursor}
            prepared = prepared._replace(variables=check_variables(prepared.operation, variables))


def _check(prepared: Prepared, cursor_variable: str, max_pages: int, max_rows: int) -> None:
    if max_pages < 1 or max_rows < 1:
        raise FixInput("max_pages and max_rows must be at least 1.", code="bad_bound")
    if all(one.name != cursor_variable for one in prepared.operation.variables):
        raise FixInput(
            f"The query takes no variable ${cursor_variable[:60]} for the cursor: define one, such as "
            f"query(${'after'}: String), and hand it to the list as after: ${'after'}. Or name another in "
            "cursor_variable.",
            code="no_cursor_variable",
        )


def read_page(data: Mapping[str, Any], path: str = "") -> _Page:
    """Return a page of the connection at a dotted path, or of the only one there is.

    A list that is null, as that of an object that was not found, has no rows.
    """
    if path:
        found: Any = data
        for step in path.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        if found is None:
            raise FixInput(f"There is no list at {path[:80]!r} in the answer.", code="no_list")
        if not isinstance(found, Mapping):
            raise _no_connection(path)
        return _page(found, path)
    all_found = list(_connections(data))
    if len(all_found) > 1:
        paths = ", ".join(where for where, _ in all_found[:5])
        raise FixInput(
            f"The answer has several lists with pageInfo ({paths}): say which in connection.", code="no_list"
        )
    if not all_found:
        raise _no_connection("")
    return _page(all_found[0][1], all_found[0][0])


def _no_connection(path: str) -> FixInput:
    where = f" at {path[:80]!r}" if path else ""
    return FixInput(
        f"The answer has no connection{where}: ask for nodes and pageInfo {{ hasNextPage endCursor }}.",
        code="no_list",
    )


def _connections(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what has a pageInfo, with its path; not those within the rows of another."""
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return
    if isinstance(value.get("pageInfo"), Mapping):
        yield path, value
        return
    for name, item in value.items():
        yield from _connections(item, f"{path}.{name}" if path else name, depth + 1)


def _page(found: Mapping[str, Any], path: str) -> _Page:
    info = found.get("pageInfo")
    if not isinstance(info, Mapping) or not isinstance(info.get("hasNextPage"), bool):
        raise _no_connection(path)
    nodes, edges = found.get("nodes"), found.get("edges")
    if isinstance(nodes, list):
        rows = nodes
    elif isinstance(edges, list):
        rows = [edge.get("node") if isinstance(edge, Mapping) else None for edge in edges]
    elif ("nodes" in found or "edges" in found) and not info["hasNextPage"]:
        rows = []
    else:
        raise _no_connection(path)
    if not info["hasNextPage"]:
        return _Page(rows, "")
    cursor = info.get("endCursor")
    if not isinstance(cursor, str) or not cursor:
        raise FixSettings(
            "The server says that there are more pages and gives no endCursor. Ask for it in pageInfo.",
            code="no_cursor",
        )
    return _Page(rows, cursor)
