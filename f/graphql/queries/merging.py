"""Several queries in one document, for servers that take one at a time, and their answers taken apart again.

Each query's fields get an alias that begins with its place, `q0_`; so do its variables and fragments:

    query A($id: ID!) { customer(id: $id) { ...F } }
    ->  query($q0_id: ID!) { q0_customer: customer(id: $q0_id) { ...q0_F } }
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from f.graphql.queries.document import Definition, Document


class Query(NamedTuple):
    """One operation of a document, and the values of its variables."""

    document: Document
    operation: Definition
    variables: Mapping[str, Any]


def can_merge(query: Query) -> bool:
    """Return whether the query can stand in one document with others.

    Not if it brings fields to its top by a fragment, which cannot get an alias there, or has directives of
    its own, which would count for all.
    """
    operation = query.operation
    return operation.kind == "query" and not operation.root_spreads and not operation.has_directives


def merge(queries: Sequence[Query]) -> tuple[str, dict[str, Any]]:
    """Return one document and its variables for queries that `can_merge`."""
    definitions, bodies, fragments = [], [], []
    variables: dict[str, Any] = {}
    for place, query in enumerate(queries):
        head, body, rest = _renamed(query, prefix(place))
        definitions += [head] if head else []
        bodies.append(body)
        fragments += rest
        variables |= {f"{prefix(place)}{name}": value for name, value in query.variables.items()}
    head = f"({', '.join(definitions)})" if definitions else ""
    return "\n".join([f"query{head} {{", *bodies, "}", *fragments]), variables


def prefix(place: int) -> str:
    """Return what the names of the query at that place begin with."""
    return f"q{place}_"


def part(data: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Return what a merged answer has for the query at that place, under its own names."""
    start = prefix(place)
    return {name.removeprefix(start): value for name, value in data.items() if name.startswith(start)}


def _renamed(query: Query, start: str) -> tuple[str, str, list[str]]:
    """Return the variable definitions, the fields and the fragments of a query under names of its own."""
    tokens, operation = query.document.tokens, query.operation
    words = [token.text for token in tokens]
    reached = query.document.reached(operation)
    for definition in reached:
        for place in (*definition.used_variables, *definition.spreads):
            words[place] = start + words[place]
    for fragment in reached[1:]:
        words[_name_of(query.document, fragment)] = start + fragment.name
    for place in operation.root_fields:
        own = words[place]
        words[place] = f"{start}{own}" if words[place + 1] == ":" else f"{start}{own}: {own}"
    head = ""
    if operation.variables:
        opening = words.index("(", operation.start)
        for place in range(opening, operation.body - 1):
            # A variable that is defined here; one in a default there cannot be.
            if words[place] == "$":
                words[place + 1] = start + words[place + 1]
        head = _joined(words[opening + 1 : operation.body - 1])
    body = _joined(words[operation.body + 1 : operation.end - 1])
    return head, body, [_joined(words[one.start : one.end]) for one in reached[1:]]


def _name_of(document: Document, fragment: Definition) -> int:
    first = fragment.start + (document.tokens[fragment.start].kind == "string")
    return first + 1


def _joined(words: Sequence[str]) -> str:
    """Write words with blanks between them; a block text keeps its own lines."""
    return " ".join(words)
