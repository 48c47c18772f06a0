"""The verdicts on single rows, as reading their whole file would give them, without reading it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast, get_args

from f.records.layout.row_judge import RowFault, TableRow, explain_fault
from f.records.reading.columns import answered, guess_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from f.records.reading.record_type import Checked, Columns, Fault, RecordType

_FAULTS = frozenset(get_args(RowFault))


class Problem(TypedDict):
    """One thing wrong with a row. `column` counts from 1; 0 if it is the row, or a field without a column.

    `outcome` is "warning" for what does not keep the row from being sent. `suggestion` is a text that the
    cell might be meant to be, and would then be valid: for a person to accept, never to be put in by itself.
    """

    outcome: Literal["invalid", "warning"]
    code: str
    field: str
    column: int
    message: str
    hint: str
    detail: str
    suggestion: str | None


class JudgedRow(TypedDict):
    """The verdict on one row. `key` is what makes two rows the same record, empty unless the row is valid.

    Whether another row of the file has the same key is not known here.
    """

    line: int
    cells: list[str]
    state: Literal["valid", "invalid", "excluded"]
    key: str
    problems: list[Problem]


def judge_rows(
    rows: Sequence[TableRow],
    record_type: RecordType,
    *,
    header: Sequence[str],
    mapping: Mapping[str, str | None] | None,
    options: Mapping[str, Any],
    encoding: str = "",
) -> list[JudgedRow]:
    """Return the verdicts on rows of a file that was read before, in their order.

    `header` is that of its Parsed, whose titles say what the cells had decided; `mapping` and `options` are
    those it was read with, `encoding` is what its `table` says. A row that is not as wide as the header and
    has no fault gets one. Raises FixInput for a mapping that does not fit.
    """
    columns = answered(guess_columns(header, record_type, mapping)).columns
    judge = _Judge(record_type, columns, options, encoding)
    width = len(columns.header)
    fitted = [
        row._replace(fault="wrong_column_count") if row.fault is None and len(row.cells) != width else row
        for row in rows
    ]
    checks = record_type.checks(columns, options)
    checked = iter(checks.verdicts([row.cells for row in fitted if row.fault is None]))
    return [judge.unread(row) if row.fault else judge.checked(row, next(checked)) for row in fitted]


def stored_row(record: Mapping[str, Any]) -> TableRow:
    """Return a row of a Parsed as one of its file: of its chunks, of those refused, or of the originals."""
    fault = record["fault"] if "fault" in record else record.get("code")
    known = cast("RowFault", fault) if fault in _FAULTS else None
    return TableRow(record["line"], record["cells"], known)


class _Judge:
    """What is said of the rows of one table."""

    def __init__(
        self, record_type: RecordType, columns: Columns, options: Mapping[str, Any], encoding: str
    ) -> None:
        self._type, self._columns, self._options = record_type, columns, options
        self._encoding = encoding
        self._texts = record_type.texts()
        fields = {**columns.custom, **columns.fields}
        self._places = {name: index + 1 for index, name in sorted(fields.items(), reverse=True)}

    def unread(self, row: TableRow) -> JudgedRow:
        """Return the verdict on a row that cannot be split into fields, or that was taken out."""
        assert row.fault is not None
        detail = explain_fault(row, self._columns.header, self._encoding)
        problem = self._problem("invalid", row.fault, "", detail, None)
        state: Literal["invalid", "excluded"] = "excluded" if row.fault == "excluded" else "invalid"
        return {"line": row.line, "cells": row.cells, "state": state, "key": "", "problems": [problem]}

    def checked(self, row: TableRow, verdict: Checked) -> JudgedRow:
        """Return the verdict on a row by what the record type's checks say of it."""
        record, faults, warnings = verdict
        values, _ = self._columns.split(row.cells)
        problems = [
            self._problem(outcome, fault.code, fault.field, fault.detail, self._suggested(fault, values))
            for outcome, found in (("invalid", faults), ("warning", warnings))
            for fault in found
        ]
        return {
            "line": row.line,
            "cells": row.cells,
            "state": "valid" if record else "invalid",
            "key": self._type.key(record) if record else "",
            "problems": problems,
        }

    def _suggested(self, fault: Fault, values: Mapping[str, str]) -> str | None:
        suggest = self._type.suggest
        return suggest(fault, values, self._options) if suggest and fault.field in values else None

    def _problem(self, outcome: str, code: str, field: str, detail: str, suggestion: str | None) -> Problem:
        text = self._texts[code]
        return {
            "outcome": "warning" if outcome == "warning" else "invalid",
            "code": code,
            "field": field,
            "column": self._places.get(field, 0),
            "message": text.message,
            "hint": text.hint,
            "detail": detail,
            "suggestion": suggestion,
        }
