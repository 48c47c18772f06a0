"""What comes out of workbooks and archives, and what is said of those that cannot be read."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import time
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import NamedStyle

from f.connect.errors import FixInput
from f.records.reading.table import read_table
from tests.f.records.containers.workbooks import (
    STRICT,
    Raw,
    opened,
    relationships,
    rows_of,
    saved,
    text_of,
    workbook,
    zipped,
)

CSV = b"name,email\nAda,ada@example.com\n"
HEAD = ["name", "email"]
ADA = ["Ada", "ada@example.com"]


def test_what_is_no_container_passes_unchanged() -> None:
    for content in (b"", b"P", CSV, b"PK,name\n", bytes(range(256))):
        unpacked = opened(content, size=1)
        assert b"".join(unpacked.chunks) == content
        assert (unpacked.container, unpacked.part, unpacked.is_sheet) == ("", "", False)


# Workbooks, as openpyxl writes them


def test_the_values_of_a_sheet_are_what_a_person_would_have_typed() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    book.add_named_style(NamedStyle("euros", number_format='#,##0.00 "€"'))
    values: list[tuple[Any, str, str]] = [
        ("01234", "General", "01234"),
        ("Ada, Countess", "General", "Ada, Countess"),
        ('say "x"', "General", 'say "x"'),
        (1, "General", "1"),
        (1.0, "0.00", "1"),
        (0.1 + 0.2, "General", "0.3"),
        (1e15, "General", "1000000000000000"),
        (414155000000, "0.00E+00", "414155000000"),
        (0.19, "0%", "0.19"),
        (1234, "00000", "01234"),  # a postcode, as it is shown
        (1234.5, "00000", "1234.5"),
        (1234.5, '#,##0.00\\ "€"', "1234.5"),
        (dt.date(2024, 3, 1), "dd.mm.yyyy", "2024-03-01"),
        (dt.datetime.fromisoformat("2024-03-01T14:30"), "dd.mm.yyyy hh:mm", "2024-03-01T14:30:00"),
        (dt.time(14, 30), "h:mm", "14:30:00"),
        (dt.timedelta(hours=36), "[h]:mm:ss", "36:00:00"),
        (True, "General", "TRUE"),
        (False, "General", "FALSE"),
        ("#N/A", "General", "#N/A"),
    ]
    for column, (value, number_format, _) in enumerate(values, 1):
        sheet.cell(1, column, value).number_format = number_format
    assert rows_of(saved(book)) == [[text for *_, text in values]]


def test_a_row_stands_on_the_line_of_its_number() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["B2"] = "name"
    sheet["C2"] = "email"
    sheet["B5"] = "Ada"
    sheet["B7"] = "Grace"
    sheet["C7"] = "g@example.com"
    assert text_of(saved(book)) == "\n,name,email\n\n\n,Ada,\n\n,Grace,g@example.com\n"


def test_merged_cells_have_their_value_once() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["Title", None], HEAD, ADA):
        sheet.append(row)
    sheet.merge_cells("A1:B1")
    assert rows_of(saved(book)) == [["Title", ""], HEAD, ADA]


def test_the_first_sheet_with_rows_that_is_not_hidden_is_read() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(workbook(Secret=[["x"]], Empty=[], Contacts=[HEAD, ADA], Old=[["y"]], Blank=[]))
    )
    book["Secret"].sheet_state = "veryHidden"
    unpacked = opened(saved(book))
    assert unpacked.part == "Contacts"
    assert unpacked.other_parts == ("Secret (hidden)", "Old")
    assert (unpacked.container, unpacked.is_sheet, unpacked.title) == ("xlsx", True, "file")
    (note,) = unpacked.notes
    assert note.code == "other_sheets"
    assert note.text == (
        "The sheet 'Contacts' was read. Not read: Secret (hidden), Old. To import another one, name it in "
        "the input sheet."
    )


@pytest.mark.parametrize(("name", "row"), [("Old", ["y"]), (" old ", ["y"]), ("Secret", ["x"])])
def test_a_sheet_is_read_by_its_name(name: str, row: list[str]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(Contacts=[HEAD], Old=[["y"]], Secret=[["x"]])))
    book["Secret"].sheet_state = "hidden"
    assert rows_of(saved(book), name) == [row]


def test_an_unknown_sheet_is_answered_with_those_there_are() -> None:
    with pytest.raises(FixInput) as refused:
        opened(workbook(Contacts=[HEAD], Old=[["y"]]), "Contact")
    assert refused.value.code == "unknown_part"
    assert str(refused.value) == "There is no sheet 'Contact' in the workbook. There are: Contacts, Old."


def test_a_workbook_without_rows_says_which_sheets_it_has() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(Empty=[], Secret=[["x"]])))
    book["Secret"].sheet_state = "hidden"
    with pytest.raises(FixInput, match=r"there are Empty, Secret \(hidden\)") as refused:
        opened(saved(book))
    assert refused.value.code == "empty_file"


def test_cells_that_are_merged_over_rows_are_told_of() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (["Export", ""], HEAD, ["Ada", "ada@example.com"], ["", "eve@example.com"]):
        sheet.append(row)
    sheet.merge_cells("A1:B1")
    unpacked = opened(saved(book))
    assert b"".join(unpacked.chunks)
    assert not unpacked.notes
    sheet.merge_cells("A3:A4")
    unpacked = opened(saved(book))
    assert b"".join(unpacked.chunks).endswith(b"\n,eve@example.com\n")
    assert [(note.code, note.line) for note in unpacked.notes] == [("merged_rows", 3)]


def test_formulas_count_by_their_stored_result_and_one_without_is_told() -> None:
    rows = (
        '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>A1&amp;"x"</f><v>2x</v></c></row>'
        '<row r="2"><c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B2"><f>A1*2</f></c></row>'
        '<row r="3"><c r="A3" t="str"><f>B2</f><v></v></c><c r="B3" t="b"><f>A1=2</f><v>1</v></c></row>'
    )
    unpacked = opened(Raw(rows).bytes())
    assert b"".join(unpacked.chunks).decode("utf-8-sig") == "2,2x\n#DIV/0!,\n,TRUE\n"
    (note,) = unpacked.notes
    assert (note.code, note.line) == ("formula_without_result", 2)
    assert note.text.startswith("1 cell holds a formula without its result, the first in row 2: ")
    unpacked = opened(workbook(Rows=[["a", "=A1&A1", "=1+1"], ["b", "=A2", "c"]]))
    assert b"".join(unpacked.chunks).decode("utf-8-sig") == "a,,\nb,,c\n"
    assert [note.text.partition(":")[0] for note in unpacked.notes] == [
        "3 cells hold a formula without its result, the first in row 1"
    ]


# Workbooks as other programs write them


def test_texts_stand_in_cells_or_are_shared_in_runs() -> None:
    shared = (
        "<si><t>name</t></si>"
        '<si><r><t xml:space="preserve">Ada </t></r><r><rPr><b/></rPr><t>Lovelace</t></r></si>'
        "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si><si/><si><t>a_x000D_&#10;b</t></si>"
    )
    cells = "".join(f'<c t="s"><v>{index}</v></c>' for index in range(5))
    inline = (
        '<c t="inlineStr"><is><t>x</t></is></c>'
        '<c t="inlineStr"><is><r><t>y</t></r> <r><t>z</t></r><rPh><t>why</t></rPh></is></c>'
    )
    raw = Raw(f"<row>{cells}{inline}</row>", shared=shared)
    assert rows_of(raw.bytes()) == [["name", "Ada Lovelace", "東京", "", "a\nb", "x", "yz"]]


def test_numbers_and_references_may_be_missing() -> None:
    raw = Raw(
        "<row><c><v>1</v></c><c/><c><v>2</v></c></row>"
        '<row r="4"><c><v>3</v></c></row><row><c r="B5"><v>4</v></c></row>'
    )
    assert text_of(raw.bytes()) == "1,,2\n\n\n3,,\n,4,\n"


@pytest.mark.parametrize("flag", ["1", "true"])
def test_dates_count_from_1904_where_the_workbook_says_so(flag: str) -> None:
    cells = '<c s="1"><v>42735</v></c><c s="1" t="d"><v>2021-01-01T00:00:00Z</v></c><c s="2"><v>0.5</v></c>'
    raw = Raw(f"<row>{cells}</row>", formats=["dd/mm/yyyy", "hh:mm"])
    assert rows_of(raw.bytes()) == [["2016-12-31", "2021-01-01", "12:00:00"]]
    raw.properties = f'<workbookPr date1904="{flag}"/>'
    assert rows_of(raw.bytes()) == [["2021-01-01", "2021-01-01", "12:00:00"]]


@pytest.mark.parametrize(
    "target",
    [
        "worksheets/sheet1.xml",
        "/xl/worksheets/sheet1.xml",
        "../xl/worksheets/sheet1.xml",
        "worksheets\\Sheet1.xml",
    ],
)
def test_a_part_is_found_however_its_path_is_written(target: str) -> None:
    assert rows_of(Raw("<row><c><v>1</v></c></row>", target=target).bytes()) == [["1"]]


def test_parts_may_lie_elsewhere() -> None:
    raw = Raw("<row><c><v>1</v></c></row>")
    parts = raw.parts()
    parts["_rels/.rels"] = relationships(("a", "officeDocument", "/book.xml"))
    parts["book.xml"] = parts.pop("xl/workbook.xml")
    parts["_rels/book.xml.rels"] = relationships(("rId1", "worksheet", "one.xml"))
    parts["one.xml"] = parts.pop("xl/worksheets/sheet1.xml")
    assert rows_of(zipped({name: text.encode() for name, text in parts.items()})) == [["1"]]


def test_elements_may_have_a_prefix_and_the_strict_namespace() -> None:
    cells = '<x:c t="inlineStr"><x:is><x:t>name</x:t></x:is></x:c><x:c><x:v>1</x:v></x:c>'
    rows = f"<x:sheetData><x:row>{cells}</x:row></x:sheetData>"
    sheet = f'<x:worksheet xmlns:x="{STRICT}">{rows}</x:worksheet>'
    assert rows_of(Raw(namespace=STRICT, more={"xl/worksheets/sheet1.xml": sheet}).bytes()) == [["name", "1"]]


def test_white_space_and_unknown_elements_between_tags_are_nothing() -> None:
    rows = (
        '\n <row r="1">\n  <c r="A1" t="inlineStr">\n <is>\n <t>a</t>\n </is>\n </c>\n'
        '  <c r="B1">\n <v>1</v>\n <extLst><ext><y xmlns="other"><v>9</v></y></ext></extLst></c>\n </row>\n'
    )
    assert rows_of(Raw(rows).bytes()) == [["a", "1"]]


def test_a_dimension_that_claims_a_million_rows_costs_nothing() -> None:
    rows = "".join(f'<row r="{number}"><c r="A{number}"><v>{number}</v></c></row>' for number in (1, 2, 3))
    began = time.monotonic()
    assert text_of(Raw(rows, before='<dimension ref="A1:XFD1048576"/>').bytes()) == "1\n2\n3\n"
    assert time.monotonic() - began < 2


def test_broken_styles_and_parts_that_are_named_and_missing_do_no_harm() -> None:
    """Other readers refuse such files; exporters write them."""
    raw = Raw('<row><c s="1"><v>44197</v></c><c s="99"><v>2</v></c></row>', formats=["yyyy-mm-dd"])
    broken = raw.parts()["xl/styles.xml"].replace(
        "<cellXfs>", '<fills><fill/></fills><fonts><font><sz val="x"/></font></fonts><cellXfs>'
    )
    assert rows_of(replace(raw, more={"xl/styles.xml": broken}).bytes()) == [["2021-01-01", "2"]]
    parts = {name: text.encode() for name, text in raw.parts().items()}
    del parts["xl/styles.xml"], parts["xl/sharedStrings.xml"]
    assert rows_of(zipped(parts)) == [["44197", "2"]]


def test_a_chart_has_a_tab_and_is_no_sheet() -> None:
    raw = Raw("<row><c><v>1</v></c></row>")
    tabs = raw.parts()["xl/workbook.xml"].replace("<sheets>", '<sheets><sheet name="Chart" r:id="rId9"/>')
    related = relationships(("rId9", "chartsheet", "c.xml"), ("rId1", "worksheet", "worksheets/sheet1.xml"))
    more = {"xl/workbook.xml": tabs, "xl/_rels/workbook.xml.rels": related}
    unpacked = opened(replace(raw, more=more).bytes())
    assert (unpacked.part, unpacked.other_parts) == ("Rows", ())


def test_rows_are_as_wide_as_the_table_and_no_wider() -> None:
    """A row says nothing of the empty cells at its end; a stray cell far below widens no other row."""
    rows = [["name", "email", "note"], ["Ada"], *[["Bo", "b@example.com"]] * 300, [*"abc", "stray"], ["Cy"]]
    read = rows_of(workbook(Rows=rows))
    assert {len(row) for row in read[:302]} == {3}
    assert read[302:] == [["a", "b", "c", "stray"], ["Cy", "", ""]]


def test_a_cell_with_line_breaks_does_not_shift_the_numbers_of_later_rows() -> None:
    rows = [["na\nme", "email"], ["A\nd\na", "a"], ["Bo", "b"], [], ["C\ny", "c"], ["Di", "d"]]
    unpacked = opened(workbook(Rows=rows))
    table = read_table(unpacked.chunks, delimiter=",")
    read = [(row.line, row.cells[0]) for row in unpacked.renumbered(table.rows)]
    assert read == [(2, "A\nd\na"), (3, "Bo"), (5, "C\ny"), (6, "Di")]
    assert [unpacked.row_at(line) for line in (1, 3, 6, 8, 10)] == [1, 2, 3, 5, 6]
    assert opened(CSV).row_at(7) == 7


def test_lines_in_a_cell_of_a_sheet_are_no_swallowed_rows() -> None:
    cell = "a,b,c\nd,e,f\ng,h,i\nj,k,l"
    unpacked = opened(workbook(Rows=[["x", "y", "z"], ["1", cell, "2"], ["3", "4", "5"]]))
    table = read_table(unpacked.chunks, delimiter=",")
    rows = list(unpacked.renumbered(table.rows))
    assert [(row.line, row.fault) for row in rows] == [(2, None), (3, None)]
    assert rows[0].cells == ["1", cell, "2"]


# gzip


def test_gzip_is_unpacked() -> None:
    unpacked = opened(gzip.compress(CSV))
    assert b"".join(unpacked.chunks) == CSV
    assert (unpacked.container, unpacked.part, unpacked.is_sheet) == ("gzip", "", False)


@pytest.mark.parametrize("size", [1, 7, 1000, 10**7])
def test_gzip_may_have_several_members_and_padding(size: int) -> None:
    large = CSV * 20_000
    packed = gzip.compress(CSV) + gzip.compress(b"") + gzip.compress(large) + bytes(512)
    packed = packed if size > 1 else gzip.compress(CSV) * 3 + bytes(3)
    assert b"".join(opened(packed, size=size).chunks) == (CSV + large if size > 1 else CSV * 3)


def test_a_workbook_may_be_packed_once_more() -> None:
    book = workbook(Contacts=[HEAD, ADA])
    for packed, container in (
        (gzip.compress(book, mtime=0), "xlsx in gzip"),
        (zipped({"a.xlsx": book}), "xlsx in zip"),
    ):
        unpacked = opened(packed)
        assert (unpacked.container, unpacked.is_sheet) == (container, True)
        assert rows_of(packed) == rows_of(packed, "Contacts") == [HEAD, ADA]
    assert opened(zipped({"a.xlsx": book})).part == "a.xlsx, Contacts"


# zip


def test_a_zip_of_one_file_is_unpacked_whatever_a_system_left_beside_it() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.mkdir("export")
        for name in ("__MACOSX/export/._kunden.csv", "export/.DS_Store", "export/Thumbs.db", "._x"):
            archive.writestr(name, b"junk")
        archive.writestr("export/kunden.csv", CSV)
    unpacked = opened(file.getvalue())
    assert b"".join(unpacked.chunks) == CSV
    assert (unpacked.container, unpacked.part, unpacked.notes) == ("zip", "export/kunden.csv", [])


@pytest.mark.parametrize("name", ["b.csv", "export/b.csv", " B.CSV "])
def test_of_several_files_the_named_one_is_read(name: str) -> None:
    packed = zipped({"export/a.csv": b"a", "export/b.csv": CSV})
    unpacked = opened(packed, name)
    assert b"".join(unpacked.chunks) == CSV
    assert (unpacked.part, unpacked.other_parts) == ("export/b.csv", ("export/a.csv",))
    assert [note.code for note in unpacked.notes] == ["other_files"]


def test_of_several_files_none_is_guessed() -> None:
    with pytest.raises(FixInput) as refused:
        opened(zipped({f"{number}.csv": CSV for number in range(25)}))
    assert refused.value.code == "several_files"
    assert "holds 25 files: 0.csv, 1.csv, " in str(refused.value)
    assert "19.csv and 5 more. Name the one to import in the input sheet" in str(refused.value)


def named_in_zip(name: str, *, encoding: str, flag: bool) -> bytes:
    """A zip whose file name has these bytes, with or without the flag that says UTF-8."""
    raw = name.encode(encoding)
    stand_in = "x" * len(raw)
    packed = bytearray(zipped({stand_in: CSV}).replace(stand_in.encode(), raw))
    if flag:
        packed[7] |= 8
        packed[packed.index(b"PK\x01\x02") + 9] |= 8
    return bytes(packed)


@pytest.mark.parametrize(
    ("encoding", "flag", "shown"),
    [
        ("utf-8", True, "Müller.csv"),
        ("utf-8", False, "Müller.csv"),
        ("cp437", False, "Müller.csv"),
        ("latin-1", False, "Mⁿller.csv"),
    ],
)
def test_a_name_is_read_in_the_encoding_it_has(encoding: str, flag: bool, shown: str) -> None:
    assert opened(named_in_zip("Müller.csv", encoding=encoding, flag=flag)).part == shown


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/x.csv", "/etc/passwd.csv", "C:\\x.csv", "a\n\x1b[2J\u202ebb.csv"]
)
def test_a_name_is_only_a_name(name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    packed = zipped({name: CSV})
    unpacked = opened(packed)
    assert b"".join(unpacked.chunks) == CSV
    assert unpacked.part.isprintable()
    assert list(tmp_path.iterdir()) == []
