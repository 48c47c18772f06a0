"""One operation as a script hands it over: checked, and as a server takes it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from f.connect.errors import FixInput
from f.graphql.queries.document import read_document
from f.graphql.queries.variables import check_variables

if TYPE_CHECKING:
    from f.graphql.queries.document import Definition, Document, OperationKind

_ADVICE = {
    "query": "run_query or run_batch",
    "mutation": "run_mutation, which sends it once",
    "subscription": "run_subscription",
}


class Prepared(NamedTuple):
    """An operation that may be sent: its document, and variables that fit it."""

    document: Document
    operation: Definition
    variables: dict[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        """The operation as a server takes it."""
        return body_of(self.document.text, self.variables, self.operation.name)


def prepare(
    query: str, variables: Mapping[str, Any] | None, operation_name: str, kind: OperationKind
) -> Prepared:
    """Check everything that can be checked without sending; FixInput says what is wrong, and where.

    An operation of another kind is refused: a mutation that went out as a query could be sent twice.
    """
    document = read_document(query)
    operation = document.operation(operation_name.strip())
    if operation.kind != kind:
        raise FixInput(
            f"This is a {operation.kind}, not a {kind}. Use {_ADVICE[operation.kind]}.",
            code="wrong_operation",
        )
    return Prepared(document, operation, check_variables(operation, variables))


def body_of(document: str, variables: Mapping[str, Any], operation_name: str = "") -> dict[str, Any]:
    """Return an operation as a server takes it."""
    body: dict[str, Any] = {"query": document}
    if variables:
        body["variables"] = dict(variables)
    if operation_name:
        body["operationName"] = operation_name
    return body
