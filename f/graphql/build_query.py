"""Write a GraphQL document from fields, arguments and variables, for run_query and its kin.

Returns the text. Names are checked and texts escaped, so that whatever is entered, the document can be
parsed; whether the server has such fields, it says itself. Nothing is sent; a second run returns the same.
"""

from typing import Literal, TypedDict


class BuiltQuery(TypedDict):
    """`query`: the document. `variables`: their names, to be given values when it is run."""

    query: str
    variables: list[str]


def main(
    fields: list[str],
    kind: Literal["query", "mutation", "subscription"] = "query",
    field_arguments: dict | None = None,
    variables: dict | None = None,
    directives: dict | None = None,
    name: str = "",
) -> BuiltQuery:
    from f.graphql.queries.field_paths import build

    text = build(
        kind, fields, name=name, arguments=field_arguments, variables=variables, directives=directives
    )
    return {"query": text, "variables": [one.removeprefix("$") for one in variables or {}]}
