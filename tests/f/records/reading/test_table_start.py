"""Where a table starts and where it ends: lines above the header, no header, a second table below."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.records.reading.table import BadTable, Table, TableRow, read_table

BANK = (
    "Umsatzanzeige\nKonto;DE00 1234\nStand;01.05.2026\n\n"
    "Buchungstag;Name;Betrag\n01.05.2026;Ada;1,50\n02.05.2026;Grace;2,50\n"
)


def knows(text: str) -> bool:
    return text in {"Name", "E-Mail", "Ort"}


def read(text: str, **options: object) -> tuple[Table, list[TableRow]]:
    table = read_table([text.encode()], **options)  # type: ignore[arg-type]  # the options differ in type
    return table, list(table.rows)


def codes(table: Table) -> list[tuple[str, int | None, int]]:
    return [(note.code, note.line, note.rows) for note in table.notes]


def test_a_banks_title_lines_are_skipped_and_told_of() -> None:
    table, rows = read(BANK)
    assert table.header == ("Buchungstag", "Name", "Betrag")
    assert (table.dialect.header_row, table.dialect.skipped_lines) == (5, 4)
    assert [row.line for row in rows] == [6, 7]
    assert codes(table) == [("skipped_lines", 1, 3)]
    assert "lines 1, 2 and 3" in table.notes[0].text


def test_a_header_that_lacks_a_name_is_no_title() -> None:
    table, rows = read("a,b,c\n" + "1,2,3,\n" * 20)
    assert (table.header, len(rows)) == (("a", "b", "c"), 20)
    table, rows = read("a,b\n\n" + "x,y,z\n" * 20)
    assert (table.header, len(rows)) == (("a", "b"), 20)


def test_known_names_find_the_header_under_a_line_of_groups() -> None:
    table, rows = read("Person;Kontakt;Anschrift\nName;E-Mail;Ort\nAda;x;y\n", knows=knows)
    assert (table.header, table.dialect.header_row) == (("Name", "E-Mail", "Ort"), 2)
    assert [row.cells for row in rows] == [["Ada", "x", "y"]]


def test_whether_a_row_stands_above_known_names_is_asked() -> None:
    text = "Ada;ada@example.com;Bonn\nName;E-Mail;Ort\nEve;eve@example.com;Ulm\n"
    with pytest.raises(BadTable) as caught:
        read(text, knows=knows)
    assert (caught.value.code, caught.value.line) == ("header_below_rows", 2)
    assert [row.line for row in read(text, knows=knows, header_row=2)[1]] == [3]
    assert [row.line for row in read(text, knows=knows, has_header=False)[1]] == [1, 2, 3]


def test_a_row_of_data_above_a_few_known_names_is_not_skipped() -> None:
    text = "Ada;ada@example.com;Bonn;a;b\nName;E-Mail;x;y;z\nEve;eve@example.com;Ulm;c;d\n"
    table, rows = read(text, knows=knows)
    assert not table.dialect.has_header
    assert [row.line for row in rows] == [1, 2, 3]


def test_the_line_of_the_header_can_be_given() -> None:
    table, rows = read("a;b\nName;E-Mail\nAda;x\n", header_row=2)
    assert (table.header, [row.cells for row in rows]) == (("Name", "E-Mail"), [["Ada", "x"]])
    assert codes(table) == [("skipped_lines", 1, 1)]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"header_row": 0}, "header_row_not_found"),
        ({"header_row": 3}, "header_row_not_found"),
        ({"header_row": 9}, "header_row_not_found"),
        ({"header_row": 1, "has_header": False}, "header_row_and_none"),
    ],
)
def test_a_header_that_cannot_be_there_is_refused(options: dict[str, object], code: str) -> None:
    with pytest.raises(BadTable) as caught:
        read("a,b\n1,2\n\n3,4\n", **options)
    assert caught.value.code == code


def test_the_sample_holds_good_rows_that_are_still_to_come() -> None:
    table, rows = read("a,b\n1,2\n3\n" + "4,5\n" * 200)
    assert table.sample == (("1", "2"), *[("4", "5")] * 98)
    assert len(rows) == 202


@pytest.mark.parametrize("between", ["", "\n"])
def test_a_second_table_ends_the_first_and_is_counted(between: str) -> None:
    first = "name,email,city\n" + "Ada,ada@example.com,Bonn\n" * 30
    second = "name,email,city,note\n" + "Ada,ada@example.com,Bonn,x\n" * 2_000
    table, rows = read(first + between + second)
    assert len(rows) == 30
    assert codes(table) == [("second_table", 32 + len(between), 2_001)]


def test_a_few_rows_of_another_width_are_no_second_table() -> None:
    text = "name,email,city\n" + "Ada,a,Bonn\n" * 5 + "name,email\n" + "Eve,e\n" * 5 + "Ada,a,Bonn\n" * 5
    table, rows = read(text)
    assert [row.line for row in rows] == [*range(2, 18)]
    assert sum(row.fault == "wrong_column_count" for row in rows) == 6
    assert not table.notes


def test_delimiters_behind_the_last_column_are_told_of() -> None:
    table, rows = read("a,b\n" + "1,2,\n" * 20)
    assert {tuple(row.cells) for row in rows} == {("1", "2")}
    assert codes(table) == [("trailing_delimiters", 1, 0)]


def test_quotes_inside_cells_are_counted_and_kept() -> None:
    table, rows = read('item,size\nDisk,5"\nDisk,6"\nCase,7\n')
    assert [row.cells[1] for row in rows] == ['5"', '6"', "7"]
    assert codes(table) == [("quote_in_cell", 2, 2)]


def test_inch_marks_in_two_cells_do_not_pair() -> None:
    _, rows = read('a,b\n5",6"\n')
    assert rows == [TableRow(2, ['5"', '6"'], None)]


def test_a_quote_that_is_never_closed_costs_linear_time() -> None:
    row = b"Ada,ada@example.com\n"
    parts = [b"name,email\n", b'Eve,"eve\n', *[row * 50_000] * 8]  # 8 MB below the quote
    started = time.perf_counter()
    rows = list(read_table(parts).rows)
    assert time.perf_counter() - started < 20
    assert len(rows) == 400_001
    assert [row.line for row in rows if row.fault] == [2]


CELL = st.text(
    st.characters(codec="utf-8", exclude_characters='",;\t|\r\n\0\\', exclude_categories=["Cs", "Cc", "Zs"]),
    min_size=1,
    max_size=8,
)
TABLES = st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=2, max_size=8)
DAMAGE = st.sampled_from([b'x"y', b"\xff", b"\0", b",", b'"', b'""', b"\n", b'"a'])


@given(TABLES, st.data())
def test_damage_in_one_row_never_changes_another_silently(rows: list[list[str]], data: st.DataObject) -> None:
    lines = [",".join(row).encode() for row in rows]
    index = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[index])))
    lines[index] = lines[index][:at] + data.draw(DAMAGE) + lines[index][at:]
    table = read_table([b"\n".join([b"n1,n2,n3", *lines])], encoding="utf-8", header_row=1)
    read = list(table.rows)
    others = [row for number, row in enumerate(rows) if number != index]
    whole = [row.cells for row in read if not row.fault]
    refused = sum(1 for row in read if row.fault)
    missing = [row for row in others if row not in whole]
    assert len(missing) <= refused
    strange = [cells for cells in whole if cells not in others]
    assert len(strange) <= 1 + lines[index].count(b"\n")


@given(TABLES, st.lists(st.sampled_from(["Report", "", "Stand: 1.5.2026", '"Title"']), max_size=4))
def test_lines_above_a_header_change_no_row(rows: list[list[str]], above: list[str]) -> None:
    names = ["Name", "E-Mail", "Ort"]
    text = "\n".join([*above, ";".join(names), *(";".join(row) for row in rows)])
    table, read_rows = read(text, knows=knows)
    expected = [row for row in rows if row != names]
    assert table.header == tuple(names)
    assert [row.cells for row in read_rows if not row.fault] == expected
    shown = sum(1 for line in above if line.strip())
    assert sum(note.rows for note in table.notes if note.code == "skipped_lines") == shown


@pytest.mark.parametrize("pad", ["", "x" * 40_000])
def test_the_column_names_in_another_order_end_the_table(pad: str) -> None:
    first = "first,last,mail\n" + f"Ada,Lovelace{pad},ada@example.com\n"
    table, rows = read(first + "last,first,mail\n" + "Hopper,Grace,grace@example.com\n" * 3)
    assert [row.line for row in rows] == [2]
    assert codes(table) == [("second_table", 3, 4)]


def test_values_that_are_like_the_column_names_end_no_table() -> None:
    text = "Ada,Bonn,DE\nEve,Bonn,DE\nfirst,Bonn,DE\n"
    assert [row.line for row in read(text)[1]] == [2, 3]


@pytest.mark.parametrize(
    ("rows", "bad"),
    [
        ('Ada,ada@x.org,"note\nEve,eve@x.org,b"\nBob,bob@x.org,c\n', [2]),
        ('Ada,ada@x.org,"note\nEve,eve@x.org,b\nMia,mia@x.org,c"\nBob,bob@x.org,c\n', [2]),
        ('Ada,ada@x.org,"Bonn\nsee, later"\nBob,bob@x.org,c\n', []),
    ],
)
def test_an_address_shows_that_a_cell_swallowed_a_single_row(rows: str, bad: list[int]) -> None:
    _, read_rows = read("name,email,note\n" + rows)
    assert [row.line for row in read_rows if row.fault == "swallowed_lines"] == bad


def test_quotes_after_a_space_are_no_part_of_the_cells() -> None:
    table, rows = read('name, email\n"Ada", "ada@x.org"\n"Eve", "eve@x.org"\n')
    assert table.header == ("name", "email")
    assert [row.cells for row in rows] == [["Ada", "ada@x.org"], ["Eve", "eve@x.org"]]


def test_a_zero_byte_does_not_hide_the_encoding() -> None:
    table = read_table([b"name,city\nAda,K\xf6ln\nE\0ve,M\xfcnchen\n"])
    assert [(row.cells, row.fault) for row in table.rows] == [
        (["Ada", "Köln"], None),
        (["E\ufffdve", "München"], "nul_byte"),
    ]


def test_rows_below_a_lost_byte_of_utf_16_are_not_taken_for_one_row() -> None:
    data = ("name,city\n" + "Ada,Bonn\n" * 9).encode("utf-16")
    rows = read_table([data[:60] + data[61:]]).rows
    with pytest.raises(BadTable) as caught:
        list(rows)
    assert (caught.value.code, caught.value.line) == ("bad_characters", 4)


def test_a_quote_below_a_damaged_row_is_told_of_wherever_a_block_ends() -> None:
    _, rows = read('n,m\n";\r;";\n')
    assert [row.fault for row in rows] == ["stray_quote", "bare_quote"]
    _, rows = read("n,m\n" + "1,2\n" * 20_000 + '";\r;";\n')
    assert [row.fault for row in rows if row.fault] == ["stray_quote", "bare_quote"]


@pytest.mark.parametrize("cell", ['one\ntwo"', 'one\n\ntwo"', 'one\ntwo\nthree"', 'one\ntwo",\n4,5,"x"'])
def test_a_row_whose_rest_stands_below_is_refused_with_it(cell: str) -> None:
    _, rows = read(f'a,b,c\n1,2,3\n2,3,{cell}\n3,4,5"\n5,6,"7"\n')
    good = [row.cells for row in rows if not row.fault]
    assert ["2", "3", "one"] not in good
    assert good[0] == ["1", "2", "3"]
    assert good[-2:] == [["3", "4", '5"'], ["5", "6", "7"]]


def test_a_title_with_inch_marks_below_a_row_does_not_refuse_it() -> None:
    _, rows = read('a,b,c\n1,2,3\nNotes: "x"\n3,4,5\n')
    assert [row.cells for row in rows if not row.fault] == [["1", "2", "3"], ["3", "4", "5"]]
