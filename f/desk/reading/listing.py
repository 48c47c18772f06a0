"""A page of a draft's rows, for the table that people mend them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from f.connect.errors import FixInput
from f.desk.drafts.arguments import check_arguments
from f.desk.drafts.digest import is_checked
from f.desk.reading.desk_rows import corrections_of, desk_rows
from f.desk.reading.paging import Wanted, attention, every, of_lines
from f.desk.reading.row_index import index_of, read_blocks
from f.records.rows.row_store import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from f.desk.drafts.draft import Draft
    from f.desk.reading.desk_rows import DeskProblem, DeskRow
    from f.desk.reading.paging import Page, Record
    from f.desk.reading.row_index import RowIndex
    from f.records.reading.corrections import Corrections

View = Literal["attention", "all", "repaired", "changed"]
MOST_ROWS = 1_000


class Rows(TypedDict):
    """Rows from `offset` on, of `total`. `outdated`: they were checked with other settings or corrections."""

    total: int
    offset: int
    rows: list[DeskRow]
    outdated: bool


def list_rows(draft: Draft, view: View, wanted: Wanted, offset: int, limit: int) -> Rows:
    """Return a page of rows of a draft that was checked."""
    texts = {"view": view, "reason": wanted.code, "search": wanted.search}
    check_arguments(texts, {"column": wanted.column, "offset": offset, "limit": limit})
    index, corrections = index_of(draft), corrections_of(draft)
    start, most = max(offset, 0), min(max(limit, 0), MOST_ROWS)
    repaired: dict[int, list[DeskProblem]] = {}
    if view == "repaired":
        repaired = _repairs(index, wanted)
        page = of_lines(index, sorted(repaired), start, most, _text_in(wanted))
    elif view == "changed":
        page = of_lines(index, _changed_lines(index, corrections), start, most, _filter(wanted))
    elif view == "all" and not (wanted.code or wanted.column):
        page = every(index, wanted, start, most)
    elif view in {"all", "attention"}:
        page = attention(index, wanted, start, most)
    else:
        raise FixInput(
            f"There is no view {view[:40]!r} of the rows: it is attention, all, repaired or changed.",
            code="unknown_view",
        )
    return _shown(draft, index, corrections, page, start, repaired)


def _shown(
    draft: Draft,
    index: RowIndex,
    corrections: Corrections,
    page: Page,
    offset: int,
    repaired: dict[int, list[DeskProblem]],
) -> Rows:
    rows = desk_rows(draft, index, corrections, page.records)
    for row in rows:
        row["problems"] = [*row["problems"], *repaired.get(row["line"], ())]
    return {"total": page.total, "offset": offset, "rows": rows, "outdated": not is_checked(draft)}


def _repairs(index: RowIndex, wanted: Wanted) -> dict[int, list[DeskProblem]]:
    """Return what was repaired of the rows, by line: the first thousand cells of a file are kept."""
    found: dict[int, list[DeskProblem]] = {}
    header = {title: number for number, title in reversed(list(enumerate(index["titles"], 1)))}
    header |= {title: number for number, title in reversed(list(enumerate(index["header"], 1)))}
    for repair in read_rows(index["repairs"]) if index["repairs"] else ():
        column = header.get(repair["column"], 0)
        if (wanted.code or repair["code"]) != repair["code"] or (wanted.column or column) != column:
            continue
        message, hint = index["texts"][repair["code"]]
        found.setdefault(repair["line"], []).append(
            {
                "code": repair["code"],
                "column": column,
                "message": f"{message} It became {repair['after']!r}." if repair["after"] else message,
                "hint": hint,
                "suggestion": None,
            }
        )
    return found


def _changed_lines(index: RowIndex, corrections: Corrections) -> list[int]:
    lines = corrections.lines()
    for records in read_blocks(index["originals"]):
        lines.update(record["line"] for record in records)
    return sorted(lines)


def _text_in(wanted: Wanted) -> Callable[[Record], bool] | None:
    return wanted.holds if wanted.search else None


def _filter(wanted: Wanted) -> Callable[[Record], bool] | None:
    """Rows of any kind: a valid one has no code and no problem."""
    if not (wanted.code or wanted.column):
        return _text_in(wanted)
    return lambda record: "code" in record and wanted.fits(record)
