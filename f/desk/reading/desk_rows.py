"""Rows as the desk shows them: with what people changed of them, and what is wrong with them now."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# idna==3.20
# phonenumbers==9.0.43
# pycountry==26.2.16

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast, get_args

from f.desk.drafts.run_records import read_json
from f.desk.reading.paging import originals
from f.records.layout.row_judge import RowFault, TableRow
from f.records.reading.corrections import Corrections, changed_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from f.desk.drafts.draft import Draft
    from f.desk.reading.paging import Record
    from f.desk.reading.row_index import RowIndex
    from f.records.reading.judging import JudgedRow

State = Literal["valid", "invalid", "duplicate", "excluded"]
_FAULTS = frozenset(get_args(RowFault))
_IN_FILE = "duplicate_in_file"


class DeskProblem(TypedDict):
    """One thing wrong with a row. `column` counts from 1; 0 is the row as a whole."""

    code: str
    column: int
    message: str
    hint: str
    suggestion: str | None


class DeskRow(TypedDict):
    """One row. `changed` are the columns, from 1, whose cells a person changed."""

    line: int
    cells: list[str]
    state: State
    problems: list[DeskProblem]
    changed: list[int]


def corrections_of(draft: Draft) -> Corrections:
    """Return what people changed of a draft's rows."""
    path = draft["corrections_file"]
    return Corrections.from_json(read_json(path)) if path else Corrections()


def desk_rows(
    draft: Draft, index: RowIndex, corrections: Corrections, records: Sequence[Record]
) -> list[DeskRow]:
    """Return rows as they stand with the corrections of now; what changed since the check is judged anew."""
    if not corrections and not index["originals"]:
        return [_checked(index, record, []) for record in records]
    header = tuple(index["header"])
    before = originals(index, [record["line"] for record in records])
    shown: list[DeskRow] = []
    anew: list[tuple[int, Record, TableRow]] = []
    for place, record in enumerate(records):
        own = _row(before.get(record["line"], record))
        now = corrections.apply(own, header)
        shown.append(_checked(index, record, changed_columns(own.cells, now.cells)))
        if (now.cells, now.fault) != (record["cells"], _fault(record)):
            anew.append((place, record, now))
    if anew:
        for (place, record, _), verdict in zip(anew, _judged(draft, index, anew), strict=True):
            shown[place] = _judged_row(index, record, verdict, shown[place]["changed"])
    return shown


def _checked(index: RowIndex, record: Record, changed: list[int]) -> DeskRow:
    """A row as the check found it."""
    return {
        "line": record["line"],
        "cells": record["cells"],
        "state": record.get("state", "valid"),
        "problems": [_problem(index, *problem) for problem in record.get("problems", ())],
        "changed": changed,
    }


def _problem(index: RowIndex, code: str, column: int, detail: str, suggestion: str | None) -> DeskProblem:
    message, hint = index["texts"][code]
    return {
        "code": code,
        "column": column,
        "message": _said(message, detail),
        "hint": hint,
        "suggestion": suggestion,
    }


def _said(message: str, detail: str) -> str:
    """A message with its detail as a sentence behind it."""
    if not detail:
        return message.strip()
    end = "" if detail.endswith((".", "!", "?")) else "."
    return f"{message} {detail[0].upper()}{detail[1:]}{end}".strip()


def _judged(draft: Draft, index: RowIndex, anew: Sequence[tuple[int, Record, TableRow]]) -> list[JudgedRow]:
    # The checks cost a job more than all else of it, and most pages have no row that was changed.
    from f.customers.validation.countries import default_country_of
    from f.customers.validation.customer_type import CUSTOMERS
    from f.records.reading.judging import judge_rows

    settings = draft["settings"]
    return judge_rows(
        [row for _, _, row in anew],
        CUSTOMERS,
        header=index["titles"],
        mapping=settings["mapping"],
        options={"default_country": default_country_of(settings["default_country"])},
        encoding=index["encoding"],
    )


def _judged_row(index: RowIndex, record: Record, verdict: JudgedRow, changed: list[int]) -> DeskRow:
    state: State = verdict["state"]
    problems: list[DeskProblem] = [
        {
            "code": problem["code"],
            "column": problem["column"],
            "message": _said(problem["message"], problem["detail"]),
            "hint": problem["hint"],
            "suggestion": problem["suggestion"],
        }
        for problem in verdict["problems"]
        if problem["outcome"] != "warning"
    ]
    if state == "valid" and _is_still_double(record, verdict["cells"]):
        state = "duplicate"
        problems = [_problem(index, *problem) for problem in record["problems"]]
    return {
        "line": verdict["line"],
        "cells": verdict["cells"],
        "state": state,
        "problems": problems,
        "changed": changed,
    }


def _is_still_double(record: Record, cells: Sequence[str]) -> bool:
    """Whether a row that stood in the file twice has the cell still that makes it the same record."""
    if record.get("code") != _IN_FILE:
        return False
    column: int = record["problems"][0][1]
    return column == 0 or cells[column - 1] == record["cells"][column - 1]


def _row(record: Mapping[str, Any]) -> TableRow:
    """A stored row as a row of the file."""
    return TableRow(record["line"], record["cells"], _fault(record))


def _fault(record: Mapping[str, Any]) -> RowFault | None:
    fault = record["fault"] if "fault" in record else record.get("code")
    return cast("RowFault", fault) if fault in _FAULTS else None
