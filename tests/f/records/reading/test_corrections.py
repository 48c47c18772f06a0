"""Corrections: a file whose rows people have changed reads as if they had changed it themselves."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from f.connect.errors import FixInput
from f.customers.parse_csv import main
from f.customers.validation.customer_type import CUSTOMERS
from f.records.reading.corrections import (
    MOST_CORRECTIONS,
    MOST_EXCLUDED,
    Corrections,
    changed_columns,
    read_corrections,
)
from f.records.reading.judging import judge_rows, stored_row
from f.records.rows.rejects_file import render
from f.records.rows.row_store import read_rows

HEADER = ["name", "email", "phone", "country"]
# What rows are made of: sound cells, cells that the checks refuse, repair or warn of, and duplicates.
CELLS = (
    ["Ada", "", " Bob ", "=cmd", "NULL", "M&uuml;ller"],
    ["ada@example.com", "ADA@example.com", "", "bob@example.com", "nobody", "<cy@example.com>", "d@@example"],
    ["", "+12025550101", "555", "+1 202 555 0102 ext. 7"],
    ["", "Germany", "Germny", "US", "two\nlines"],
)
ROW = st.tuples(*map(st.sampled_from, CELLS)).map(list).filter(any)  # a blank line is no row
ROWS = st.lists(ROW, min_size=1, max_size=12)
BAD = "nonametoldhere"  # a value that no message may repeat


def as_csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([HEADER, *rows])
    return text.getvalue()


def lines_of(rows: list[list[str]]) -> list[int]:
    """The line on which each row starts in the file: a cell may hold a line break."""
    lines, line = [], 2
    for row in rows:
        lines.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    return lines


# Delimiter and columns are said: they are found out of a file as it is, and an edited one may look otherwise.
def parsed(text: str, corrections: dict[str, Any] | None = None) -> Any:
    named = {name: name for name in HEADER if name in text.partition("\n")[0]}
    return main(text=text, corrections=corrections, mapping=named, delimiter=",", has_header=True)


def records(read: Any, of: str) -> list[dict[str, Any]]:
    stored = [chunk["rows"] for chunk in read["chunks"]] if of == "chunks" else read[of]
    return [record for rows in stored for record in read_rows(rows)]


def outcomes(read: Any, lines: list[int]) -> dict[str, Any]:
    """What became of the rows, each named by its number: an edited file has its rows on other lines."""
    number = {line: index for index, line in enumerate(lines)}
    valid = [(number[one["line"]], one["record"], one["key"]) for one in records(read, "chunks")]
    refused = [(number[one["line"]], one["code"], one["cells"]) for one in records(read, "refused")]
    return {"counts": read["counts"], "valid": valid, "refused": refused}


@given(ROWS, st.data())
def test_correcting_cells_is_editing_the_file(rows: list[list[str]], data: st.DataObject) -> None:
    edited = [list(row) for row in rows]
    corrections: dict[str, list[Any]] = {"cells": [], "rows": []}
    for index, line in enumerate(lines_of(rows)):
        new, how = data.draw(ROW), data.draw(st.sampled_from(["not", "cell", "row", "both"]))
        column = data.draw(st.integers(1, len(HEADER)))
        if how in {"row", "both"}:
            edited[index] = list(new)
            corrections["rows"].append([line, new])
        if how in {"cell", "both"}:
            edited[index][column - 1] = "bob@example.com"
            corrections["cells"].append([line, column, "bob@example.com"])
    assert outcomes(parsed(as_csv(rows), corrections), lines_of(rows)) == outcomes(
        parsed(as_csv(edited)), lines_of(edited)
    )


@given(ROWS, st.data())
def test_correcting_cells_alike_is_replacing_them_in_the_file(
    rows: list[list[str]], data: st.DataObject
) -> None:
    alike: list[tuple[int, str, str]] = [
        (column, before, data.draw(st.sampled_from(cells)))
        for column, cells in enumerate(CELLS, 1)
        for before in data.draw(st.lists(st.sampled_from(cells), unique=True, max_size=2))
    ]
    texts = {(column, before): after for column, before, after in alike}
    edited = [[texts.get((column, cell), cell) for column, cell in enumerate(row, 1)] for row in rows]
    assume(all(map(any, edited)))
    assert outcomes(
        parsed(as_csv(rows), {"alike": [list(one) for one in alike]}), lines_of(rows)
    ) == outcomes(parsed(as_csv(edited)), lines_of(edited))


@given(ROWS, st.data())
def test_taking_rows_out_is_deleting_them_but_each_keeps_its_outcome(
    rows: list[list[str]], data: st.DataObject
) -> None:
    lines = lines_of(rows)
    out = data.draw(st.sets(st.sampled_from(lines)).filter(lambda found: len(found) < len(lines)))
    kept = [row for row, line in zip(rows, lines, strict=True) if line not in out]
    read = parsed(as_csv(rows), {"excluded": sorted(out)})
    by_hand = outcomes(parsed(as_csv(kept)), lines_of(kept))
    corrected = outcomes(read, [line for line in lines if line not in out] + sorted(out))
    left = [one for one in corrected["refused"] if one[1] != "excluded"]
    assert (corrected["valid"], left) == (by_hand["valid"], by_hand["refused"])
    assert read["counts"]["rows"] == len(rows)
    assert read["counts"]["invalid"] - len(out) == by_hand["counts"]["invalid"]
    assert {one["line"] for one in records(read, "refused") if one["code"] == "excluded"} == out


@given(ROWS, st.data())
def test_a_row_is_judged_alone_as_it_is_with_its_file(rows: list[list[str]], data: st.DataObject) -> None:
    new = data.draw(st.lists(ROW, min_size=len(rows), max_size=len(rows)))
    lines = lines_of(rows)
    before = parsed(as_csv(rows))
    corrections = {"rows": [[line, row] for line, row in zip(lines, new, strict=True)]}
    after = parsed(as_csv(rows), corrections)
    stored = [stored_row(one) for of in ("chunks", "refused") for one in records(before, of)]
    judged = judge_rows(
        [Corrections.from_json(corrections).apply(row, tuple(HEADER)) for row in stored],
        CUSTOMERS,
        header=before["header"],
        mapping={name: name for name in HEADER},
        options={"default_country": None},
    )
    valid = {one["line"]: one["key"] for one in records(after, "chunks")}
    for row in records(after, "refused"):
        if row["code"] == "duplicate_in_file":  # of which a row alone knows nothing
            valid[row["line"]] = next(one["key"] for one in judged if one["line"] == row["line"])
    assert {row["line"]: row["key"] for row in judged if row["state"] == "valid"} == valid
    codes = {one["line"]: one["code"] for one in records(after, "refused") if one["line"] not in valid}
    invalid = {row["line"]: row["problems"][0]["code"] for row in judged if row["state"] == "invalid"}
    assert invalid == codes


def test_what_the_file_had_is_kept_and_counted() -> None:
    text = "name,email\nAda,ada@example\nBob,bob@example.com\nCy;cy@example.com\nDi,di@example.com\n"
    corrections = {
        "cells": [[2, 2, "ada@example.com"]],
        "rows": [[4, ["Cy", "cy@example.com"]]],
        "excluded": [3],
    }
    read = parsed(text, corrections)
    done = read["corrected"]
    assert {name: done[name] for name in ("cells", "rows", "excluded")} == {
        "cells": 3,
        "rows": 2,
        "excluded": 1,
    }
    assert records(done, "originals") == [
        {"line": 2, "cells": ["Ada", "ada@example"], "fault": None},
        {"line": 3, "cells": ["Bob", "bob@example.com"], "fault": None},
        {"line": 4, "cells": ["Cy;cy@example.com"], "fault": "wrong_column_count"},
    ]
    [note] = [one for one in read["notes"] if one["code"] == "corrected"]
    assert note["text"] == "A person corrected 3 cells in 2 rows and took 1 row out. The file is as it was."
    assert "corrected" not in parsed(text)


@pytest.mark.parametrize(
    "given", [None, {}, {"cells": []}, {"cells": None}], ids=["none", "empty", "list", "null"]
)
def test_no_corrections_leave_no_trace(given: dict[str, Any] | None) -> None:
    assert "corrected" not in parsed("name,email\nAda,ada@example.com\n", given)


def test_the_first_of_two_alike_is_taken_out_and_the_second_is_imported() -> None:
    text = "name,email\nOld,ada@example.com\nNew,ada@example.com\n"
    read = parsed(text, {"excluded": [2]})
    assert [one["record"]["name"] for one in records(read, "chunks")] == ["New"]


@pytest.mark.parametrize(
    ("line", "corrections", "code"),
    [
        ("Ada,ada@example.com,extra", {"cells": [[2, 1, "Ada L"]]}, "wrong_column_count"),
        ("Ada,ada@example.com,extra", {"alike": [[1, "Ada", "x"]]}, "wrong_column_count"),
        ("Ada,ada@example.com,extra", {"rows": [[2, ["Ada", "ada@example.com"]]]}, None),
        ("name,email", {"cells": [[2, 2, "ada@example.com"]]}, None),
        ("Ada,ada@example.com,extra", {"rows": [[2, ["Ada", ""]]]}, "missing_email"),
    ],
    ids=["cell_of_another_width", "alike_of_another_width", "whole", "header_again", "whole_and_bad"],
)
def test_a_row_whose_cells_cannot_be_told_apart_is_mended_as_a_whole(
    line: str, corrections: dict[str, Any], code: str | None
) -> None:
    read = parsed(f"name,email\n{line}\nBob,bob@example.com\n", corrections)
    assert [one["code"] for one in records(read, "refused")] == ([code] if code else [])


@pytest.mark.parametrize("how", ["cells", "alike"])
def test_a_row_with_bytes_that_are_no_text_is_mended_by_its_damaged_cells(how: str) -> None:
    rows = (
        b"Ada,ada@example.com,Z\xffrich",
        b"Bj\xffrn,b@example.com,Z\xffrich",
        b"\xc3\x84,c@example.com,x",
    )
    content = b"\n".join((b"name,email,city", *rows))
    corrections = {"cells": [[2, 3, "Zürich"], [3, 3, "Zürich"]], "alike": [[3, "Z\ufffdrich", "Zürich"]]}
    read: Any = main(csv=content, encoding="utf-8", corrections={how: corrections[how]})
    assert [(one["line"], one["code"]) for one in records(read, "refused")] == [(3, "undecodable")]
    assert records(read, "chunks")[0]["record"]["city"] == "Zürich"


def test_a_rejects_file_is_corrected_in_the_columns_of_the_first_file() -> None:
    record = {
        "line": 7,
        "outcome": "invalid",
        "code": "invalid_email",
        "detail": "",
        "cells": ["=A", "a@example"],
    }
    text = "".join(render(["name", "email"], [record], CUSTOMERS.texts()))
    read = parsed(text, {"cells": [[2, 2, "a@example.com"]]})
    assert [one["record"] for one in records(read, "chunks")] == [{"name": "=A", "email": "a@example.com"}]
    with pytest.raises(FixInput, match="column 3, and the file 2 columns"):
        parsed(text, {"cells": [[2, 3, "x"]]})


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "they are not a JSON object"),
        ("x", "they are not a JSON object"),
        ({"cell": []}, "no kind 'cell' of them; there are cells, rows, alike, excluded"),
        ({"cells": {}}, '"cells" is not a list'),
        ({"cells": [[2, 1, BAD], [2, 1]]}, 'entry 2 of "cells" is not \\[line, column, "text"\\]'),
        ({"cells": [[2, 1, 3]]}, 'entry 1 of "cells" is not'),
        ({"cells": [[0, 1, BAD]]}, "numbers count from 1"),
        ({"cells": [[True, 1, BAD]]}, "numbers count from 1"),
        ({"cells": [[2, 1.5, BAD]]}, "numbers count from 1"),
        ({"cells": [[2, 3, BAD]]}, "line 2 has a cell in column 3, and the file 2 columns"),
        ({"cells": [[2, 1, BAD], [2, 1, "y"]]}, 'entry 2 of "cells" names column 1 of line 2 a second time'),
        ({"cells": [[2, 1, "a\0"]]}, 'entry 1 of "cells" has a cell with a character that no text has'),
        ({"cells": [[2, 1, "a\ud800"]]}, "a character that no text has"),
        ({"cells": [[2, 1, "a" * (1 << 20) + "b"]]}, "more than 1,048,576 characters"),
        ({"rows": [[2, [BAD]]]}, "the row of line 2 has 1 cell, and the file 2 columns"),
        ({"rows": [[2, BAD]]}, 'entry 1 of "rows" is not \\[line, \\["cell", ...\\]\\]'),
        ({"rows": [[2, [BAD, None]]]}, 'entry 1 of "rows" is not'),
        ({"rows": [[2, [BAD, "b"]], [2, ["a", "c"]]]}, 'entry 2 of "rows" names line 2 a second time'),
        ({"alike": [[3, BAD, "b"]]}, '"alike" names column 3, and the file has 2 columns'),
        (
            {"alike": [[1, BAD, "b"], [1, BAD, "c"]]},
            'entry 2 of "alike" names a text of column 1 a second time',
        ),
        ({"excluded": [2, 2]}, 'entry 2 of "excluded" names line 2 a second time'),
        ({"excluded": ["2"]}, 'entry 1 of "excluded" is not a line'),
        ({"excluded": [1]}, "they name line 1, where the file has no row"),
        ({"excluded": [9, 3]}, "they name line 9, where the file has no row"),
        ({"cells": [[4, 1, BAD]]}, "they name line 4, where the file has no row"),
        ({"cells": [0] * (MOST_CORRECTIONS + 1)}, "there are 100,001, and at most 100,000 are taken"),
        ({"excluded": [0] * (MOST_EXCLUDED + 1)}, "there are 1,000,001 rows to be taken out, and at most"),
        ({"s3": ""}, "named by its path"),
        ({"s3": "x", "cells": []}, "leave one of the two out"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_corrections_that_do_not_fit_are_refused_with_their_place(value: Any, sentence: str) -> None:
    with pytest.raises(FixInput, match=sentence) as refusal:
        main(text="name,email\nAda,ada@example.com\nBob,bob@example.com\n", corrections=value)
    assert refusal.value.code == "bad_corrections"
    assert BAD not in str(refusal.value)


LINES = st.integers(1, 50)
COLUMNS = st.integers(1, 9)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "cells": st.lists(st.tuples(LINES, COLUMNS, TEXT), min_size=1, unique_by=lambda one: one[:2]),
            "rows": st.lists(st.tuples(LINES, st.lists(TEXT)), min_size=1, unique_by=lambda one: one[0]),
            "alike": st.lists(st.tuples(COLUMNS, TEXT, TEXT), min_size=1, unique_by=lambda one: one[:2]),
            "excluded": st.lists(LINES, min_size=1, unique=True),
        },
    ),
    st.randoms(),
)
def test_corrections_are_written_as_they_were_read_and_known_by_one_hash(given: Any, random: Any) -> None:
    listed = {kind: [list(one) if isinstance(one, tuple) else one for one in given[kind]] for kind in given}
    read = Corrections.from_json(listed)
    assert Corrections.from_json(read.to_json()) == read
    assert read.counts() == {kind: len(entries) for kind, entries in listed.items()}
    for entries in listed.values():
        random.shuffle(entries)
    assert Corrections.from_json(listed).digest() == read.digest()
    assert bool(read.digest()) == bool(read) == bool(listed)


def test_none_are_read_of_nothing() -> None:
    assert read_corrections(None) is None
    assert read_corrections({"excluded": []}) is None


def test_the_columns_of_a_row_that_differ_are_named() -> None:
    assert changed_columns(["a", "b", "c"], ["a", "x", "c", "d"]) == [2, 4]
