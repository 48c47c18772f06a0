"""No spreadsheet runs a cell of a rejects file, and what is imported again is what the user had."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from f.records.reading.table import read_table
from f.records.rows.rejects_file import ADDED_COLUMNS, escape, is_rejects_header, render, undo
from f.records.rows.row_store import inline_lines, read_rows, to_line

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"  # the latter half is full-width
LEADING = ["", " ", "\n", "\r", "\t", "\r\n", "\u00a0", "\ufeff", "\u200b", '"', "'", ' "\n', "\0", "\u2028"]
CELLS = st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5)


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", LEADING, ids=repr)
def test_a_formula_is_escaped_in_whatever_dress(before: str, sign: str) -> None:
    cell = f'{before}{sign}HYPERLINK("http://evil.example")'
    assert escape(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["", "Ada", "a=b", "1-2", " x", "O'Neill", "“quoted”", "ada@example.com"])
def test_an_ordinary_cell_is_left_alone(cell: str) -> None:
    assert escape(cell) == cell


def rendered(header: list[str], rows: list[list[str]], detail: str) -> str:
    records = [
        {"line": 2 + at, "outcome": "rejected", "code": "rejected_by_api", "detail": detail, "cells": cells}
        for at, cells in enumerate(rows)
    ]
    return "".join(render(header, records))


@given(st.lists(CELLS, min_size=2, max_size=2), ROWS, CELLS)
@example(["'=a", "\n=b"], [["''", "'"], ["\t", "\r=1"], ["=1", "'=1"]], "=cmd|' /C calc'!A0")
def test_what_is_imported_again_is_what_the_user_had(
    header: list[str], rows: list[list[str]], detail: str
) -> None:
    text = rendered(header, rows, detail)
    read_header, *read = list(csv.reader(io.StringIO(text, newline="")))
    assert is_rejects_header(read_header)
    assert undo(read_header) == header
    assert [undo(row) for row in read] == rows
    for row in read:
        assert all(not cell.lstrip().startswith(tuple(SIGNS)) for cell in row)
        assert len(row) == 2 + len(ADDED_COLUMNS)


@settings(deadline=None)
@given(ROWS.filter(bool))
def test_our_own_reader_reads_it_so(rows: list[list[str]]) -> None:
    rows = [[cell.replace("\0", "") for cell in row] for row in rows]  # no text file has NULs
    table = read_table(iter([rendered(["=name", "mail"], rows, "").encode("utf-8-sig")]))
    assert undo(table.header) == ["=name", "mail"]
    assert [undo(row.cells) for row in table.rows] == rows


@given(st.text())
def test_undo_is_exact(cell: str) -> None:
    assert undo([escape(cell), *ADDED_COLUMNS]) == [cell]


def test_half_of_a_surrogate_pair_ends_no_chunk() -> None:
    line = to_line({"line": 2, "cells": ["\ud800", "Zoë"]})
    assert b"Zo\xc3\xab" in line
    assert list(read_rows(inline_lines([line]))) == [{"line": 2, "cells": ["\ufffd", "Zoë"]}]
