"""A row of the user's file on its way to a target, and what a target has of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from f.records.rows.outcome import RowOutcome

# Where a record keeps the columns that none of its type's fields stands for.
CUSTOM = "custom"


@dataclass(slots=True)
class Row:
    """A valid row: its line in the user's file (from 1), its own cells, and the record that was read of it.

    `key` is what makes two rows the same record, as the record type says. `record` has the type's fields by
    name, without the empty ones, and the other columns under CUSTOM. `rendered` is the record in the
    target's own names once it is needed, and until its outcome is recorded; see `Target.record_of`.
    `generation` grows when a record that was made is found to be gone, and is made anew. `planned_id` is of
    the record that a plan, which is being applied, has found in the target and updates.
    """

    line: int
    cells: list[str]
    key: str
    record: dict[str, Any]
    rendered: dict[str, Any] | None = field(default=None, compare=False, repr=False)
    generation: int = field(default=0, compare=False)
    planned_id: str | None = field(default=None, compare=False)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Row:
        """Return the row that `to_json` wrote into a chunk."""
        return cls(row["line"], row["cells"], row["key"], row["record"])


Rows = Sequence[Row]


def row_to_json(line: int, cells: list[str], key: str, record: dict[str, Any]) -> dict[str, Any]:
    """Return a valid row in the form in which it travels to the job that sends it."""
    return {"line": line, "cells": cells, "key": key, "record": record}


class Found(NamedTuple):
    """A record that is in the target: its id, and its values there as far as they were asked for."""

    id: str
    record: Mapping[str, Any]


def reported(row: Row, outcome: RowOutcome) -> dict[str, Any]:
    """Return a row in the form that travels to the report; only rows that need a person keep their cells."""
    return {
        "line": row.line,
        "outcome": outcome.outcome,
        "code": outcome.code,
        "detail": outcome.detail,
        "column": None,
        "value": "",
        "cells": row.cells,
    }
