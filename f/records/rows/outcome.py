"""What became of one row at the target."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from f.customers.validation.customer import Customer
from f.records.report.summary import Outcome
from f.records.rows.reasons import outcome_of


@dataclass(slots=True)
class CustomerRow:
    """A valid row on its way to one target: its line in the user's file, its own cells, the customer in it.

    `record` is the customer in the target's own names once it is needed, and until the row is settled; see
    `Target.record_of`.
    """

    line: int
    cells: list[str]
    customer: Customer
    record: dict[str, Any] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "CustomerRow":
        """A row of a chunk, in the form in which it travels."""
        return cls(record["line"], record["cells"], Customer.from_json(record["customer"]))


class Found(NamedTuple):
    """A customer that is in the target: its id, and its values there as far as they were asked for."""

    id: str
    record: Mapping[str, Any]


class RowOutcome(NamedTuple):
    """The end of one row. `detail` is the API's own explanation, masked and cut; `id` the target's."""

    outcome: Outcome
    code: str = ""
    detail: str = ""
    id: str | None = None

    @classmethod
    def because(cls, code: str, detail: str = "", id: str | None = None) -> "RowOutcome":
        """The outcome that a reason code stands for."""
        return cls(outcome_of(code), code, detail, id)


def to_record(row: CustomerRow, end: RowOutcome) -> dict[str, Any]:
    """The form that travels to the report; only rows that need a person keep their cells."""
    return {
        "line": row.line,
        "outcome": end.outcome,
        "code": end.code,
        "detail": end.detail,
        "column": None,
        "value": "",
        "cells": row.cells,
    }
