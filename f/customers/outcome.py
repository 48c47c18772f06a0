"""What became of one row at the target."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from f.customers.customer import Customer
from f.customers.reasons import outcome_of
from f.customers.summary import Outcome


class CustomerRow(NamedTuple):
    """A valid row on its way: its line in the user's file, its own cells, and the customer in it."""

    line: int
    cells: list[str]
    customer: Customer


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
