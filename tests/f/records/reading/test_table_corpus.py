"""Hostile files, each with its verdict: what is read, which rows are at fault, or which error names what."""

import gzip
import io
import zipfile
from dataclasses import dataclass, field

import pytest

from f.records.reading.table import BadTable, Dialect, TableRow, read_table

HEADER = "name,email,city"
ADA = "Ada,ada@example.com,Berlin"
GRACE = "Grace,grace@example.com,New York"
ROWS = [["Ada", "ada@example.com", "Berlin"], ["Grace", "grace@example.com", "New York"]]


@dataclass(frozen=True)
class Reads:
    """The file is read: its rows' cells, the lines they start on, their faults, and parts of its dialect."""

    rows: list[list[str]]
    lines: list[int]
    header: tuple[str, ...] = ("name", "email", "city")
    faults: dict[int, str] = field(default_factory=dict)
    dialect: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Refuses:
    """The file is refused, before or after some rows: code, line, column, and words of the sentence."""

    code: str
    line: int | None = None
    column: int | None = None
    says: str = ""


def table(*lines: str, end: str = "\n", encoding: str = "utf-8") -> bytes:
    return "".join(line + end for line in lines).encode(encoding)


def archive(member: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(member, "content")
    return buffer.getvalue()


NUMBERED = ("column_1", "column_2", "column_3")
HEADERLESS: dict[str, object] = {"has_header": False, "header_row": None}
NORMAL = Reads(ROWS, [2, 3])
JOSE = [["José", "jose@example.com", "Córdoba"], ["Zoë", "zoe@example.com", "Málaga"]]
ACCENTS = [HEADER, "José,jose@example.com,Córdoba", "Zoë,zoe@example.com,Málaga"]

CORPUS: dict[str, tuple[bytes, Reads | Refuses]] = {
    # plain, in every encoding
    "utf-8": (table(HEADER, ADA, GRACE), Reads(ROWS, [2, 3], dialect={"encoding": "utf-8", "bom": False})),
    "utf-8 with a mark": (
        table(*ACCENTS, encoding="utf-8-sig"),
        Reads(JOSE, [2, 3], dialect={"encoding": "utf-8", "bom": True}),
    ),
    "utf-8 with the mark twice": (
        b"\xef\xbb\xbf" + table(*ACCENTS, encoding="utf-8-sig"),
        Reads(JOSE, [2, 3]),
    ),
    "a mark before a quoted name": (b'\xef\xbb\xbf"name",email,city\n' + table(ADA, GRACE), NORMAL),
    "utf-16 little endian with a mark": (
        b"\xff\xfe" + table(*ACCENTS, encoding="utf-16-le"),
        Reads(JOSE, [2, 3], dialect={"encoding": "utf-16-le", "bom": True}),
    ),
    "utf-16 big endian with a mark": (
        b"\xfe\xff" + table(*ACCENTS, encoding="utf-16-be"),
        Reads(JOSE, [2, 3]),
    ),
    "utf-16 little endian without": (
        table(*ACCENTS, encoding="utf-16-le"),
        Reads(JOSE, [2, 3], dialect={"encoding": "utf-16-le", "bom": False}),
    ),
    "utf-16 big endian without": (table(*ACCENTS, encoding="utf-16-be"), Reads(JOSE, [2, 3])),
    "utf-32 with a mark": (b"\xff\xfe\0\0" + table(*ACCENTS, encoding="utf-32-le"), Reads(JOSE, [2, 3])),
    "cp1252": (table(*ACCENTS, encoding="cp1252"), Reads(JOSE, [2, 3], dialect={"encoding": "cp1252"})),
    "cp1252 with a euro sign and curly quotes": (
        table(HEADER, "\u201cAda\u201d d\u2019Arc,ada@example.com,5 €", encoding="cp1252"),
        Reads([["\u201cAda\u201d d\u2019Arc", "ada@example.com", "5 €"]], [2]),
    ),
    "utf-16 cut in half a character": (
        b"\xff\xfe" + table(HEADER, ADA, encoding="utf-16-le")[:-1],
        Reads([["Ada", "ada@example.com", "Berlin\ufffd"]], [2], faults={2: "undecodable"}),
    ),
    "cyrillic windows-1251": (
        table(HEADER, "Иван Петров,ivan@example.com,Москва", encoding="cp1251"),
        Refuses("unknown_encoding", says="windows-1251"),
    ),
    "polish windows-1250": (
        table(HEADER, "Małgorzata Wałęsa,m@example.com,Łódź", encoding="cp1250"),
        Refuses("unknown_encoding", says="windows-1250"),
    ),
    "turkish windows-1254": (
        table(HEADER, "Ayşe Y\u0131lmaz,a@example.com,\u0130zmir", encoding="cp1254"),
        Refuses("unknown_encoding"),
    ),
    "icelandic windows-1252": (
        table(HEADER, "Þórunn Guðný,t@example.com,Ísafjörður", encoding="cp1252"),
        Reads([["Þórunn Guðný", "t@example.com", "Ísafjörður"]], [2]),
    ),
    "mac roman": (
        table(HEADER, "Jürgen Müller,j@example.com,Köln", encoding="mac_roman"),
        Refuses("unknown_encoding"),
    ),
    "japanese shift-jis": (
        table(HEADER, "山田太郎,yamada@example.com,東京", encoding="shift_jis"),
        Refuses("unknown_encoding", says="shift_jis"),
    ),
    "utf-8 with one latin-1 byte": (
        table(HEADER, "Zoë,zoe@example.com,Köln") + b"Jos\xe9,j@example.com,Bonn\n",
        Reads(
            [["Zoë", "zoe@example.com", "Köln"], ["Jos\ufffd", "j@example.com", "Bonn"]],
            [2, 3],
            faults={3: "undecodable"},
        ),
    ),
    # delimiters
    "semicolons": (
        table(HEADER, ADA, GRACE).replace(b",", b";"),
        Reads(ROWS, [2, 3], dialect={"delimiter": ";"}),
    ),
    "tabs": (
        table(HEADER, ADA, GRACE).replace(b",", b"\t"),
        Reads(ROWS, [2, 3], dialect={"delimiter": "\t"}),
    ),
    "vertical bars": (
        table(HEADER, ADA, GRACE).replace(b",", b"|"),
        Reads(ROWS, [2, 3], dialect={"delimiter": "|"}),
    ),
    "semicolons with decimal commas": (
        table("name;price;tax", "Pen;1,50;0,19", "Ink;2,50;0,29"),
        Reads([["Pen", "1,50", "0,19"], ["Ink", "2,50", "0,29"]], [2, 3], ("name", "price", "tax")),
    ),
    "commas with semicolons in a cell": (
        table("name,tags", "Ada,a;b;c", "Grace,a;b;c"),
        Reads([["Ada", "a;b;c"], ["Grace", "a;b;c"]], [2, 3], ("name", "tags")),
    ),
    "another delimiter inside quotes": (
        table('"a;b","c;d"', '"1;2","3;4"'),
        Reads([["1;2", "3;4"]], [2], ("a;b", "c;d"), dialect={"delimiter": ","}),
    ),
    "excel's sep line": (
        table("sep=;", "name;email;city", ADA.replace(",", ";"), end="\r\n"),
        Reads(ROWS[:1], [3], dialect={"delimiter": ";", "newline": "\r\n"}),
    ),
    "excel's sep line in quotes": (table('"sep=|"', "a|b", "1|2"), Reads([["1", "2"]], [3], ("a", "b"))),
    "a sep line with an unlikely delimiter": (
        table("SEP=^", "a^b", "1^2"),
        Reads([["1", "2"]], [3], ("a", "b")),
    ),
    "a sep line that names a letter": (table("sep=x", "axb", "1x2"), Refuses("unknown_delimiter")),
    "carets": (table("a^b", "1^2"), Refuses("unknown_delimiter", 1, None, "'^'")),
    "a unit separator": (table("a\x1fb", "1\x1f2"), Refuses("unknown_delimiter", 1)),
    "one column": (table("email", "a@example.com"), Reads([["a@example.com"]], [2], ("email",))),
    "one column with blank cells": (
        table("email", "a@example.com", '""', "", "b@example.com"),
        Reads([["a@example.com"], ["b@example.com"]], [2, 5], ("email",)),
    ),
    # line ends, blank lines, ends of lines
    "crlf": (table(HEADER, ADA, GRACE, end="\r\n"), Reads(ROWS, [2, 3], dialect={"newline": "\r\n"})),
    "cr": (table(HEADER, ADA, GRACE, end="\r"), Reads(ROWS, [2, 3], dialect={"newline": "\r"})),
    "all three mixed": (f"{HEADER}\r{ADA}\r\n{GRACE}\n{ADA}".encode(), Reads([*ROWS, ROWS[0]], [2, 3, 4])),
    "cr cr lf, as a text-mode copy leaves it": (table(HEADER, ADA, GRACE, end="\r\r\n"), Reads(ROWS, [3, 5])),
    "no line end at the end": (table(HEADER, ADA, GRACE)[:-1], NORMAL),
    "blank lines everywhere": (table("", "", HEADER, "", ADA, "   ", GRACE, "", ""), Reads(ROWS, [5, 7])),
    "lines of delimiters only": (table(HEADER, ADA, ",,", " , , ", GRACE, ",,"), Reads(ROWS, [2, 5])),
    "a delimiter at the end of every line": (table(HEADER + ",", ADA + ",", GRACE + ","), NORMAL),
    "three delimiters at the end of all rows": (table(HEADER, ADA + ",,,", GRACE + ",,,"), NORMAL),
    "three delimiters at the end of one row": (
        table(HEADER, ADA + ",,,", GRACE, GRACE),
        Reads([[*ROWS[0], "", "", ""], ROWS[1], ROWS[1]], [2, 3, 4], faults={2: "wrong_column_count"}),
    ),
    "a row that lost a delimiter where all rows end in one": (
        table(HEADER, *[ADA + ","] * 20, ADA.replace(",", "", 1) + ","),
        Reads(
            [*[ROWS[0]] * 20, ["Adaada@example.com", "Berlin", ""]],
            [*range(2, 23)],
            faults={22: "wrong_column_count"},
        ),
    ),
    "a row shifted by a missing quote, its last cell empty": (
        table(HEADER, '"Lovelace, Ada",ada@example.com,', 'Lovelace, Ada",ada@example.com,'),
        Reads(
            [["Lovelace, Ada", "ada@example.com", ""], ["Lovelace", ' Ada"', "ada@example.com", ""]],
            [2, 3],
            faults={3: "bare_quote"},
        ),
    ),
    "an unnamed first column": (
        table("," + HEADER, "0," + ADA),
        Reads([["0", *ROWS[0]]], [2], ("", "name", "email", "city")),
    ),
    "breaks that only unicode knows": (
        table(HEADER, "A\u2028d\x85a\x0b,ada@example.com,B\x1cerlin\u2029"),
        Reads([["A\u2028d\x85a\x0b", "ada@example.com", "B\x1cerlin\u2029"]], [2]),
    ),
    # quotes
    "quoted line breaks": (
        table(HEADER, 'Ada,ada@example.com,"Main St 1\n\nBerlin"', GRACE),
        Reads([["Ada", "ada@example.com", "Main St 1\n\nBerlin"], ROWS[1]], [2, 5]),
    ),
    "quoted crlf and cr": (
        table(HEADER, 'Ada,ada@example.com,"a\r\nb\rc"', GRACE, end="\r\n"),
        Reads([["Ada", "ada@example.com", "a\r\nb\rc"], ROWS[1]], [2, 5]),
    ),
    "a line break in a column name": (
        table('name,"e-\nmail",city', ADA),
        Reads(ROWS[:1], [3], ("name", "e-\nmail", "city")),
    ),
    "doubled quotes": (
        table(HEADER, '"Ada ""Countess"" L",ada@example.com,""""'),
        Reads([['Ada "Countess" L', "ada@example.com", '"']], [2], dialect={"quote": "doubled"}),
    ),
    "backslashed quotes": (
        table(HEADER, '"Ada \\"Countess\\", L",ada@example.com,"C:\\\\x"'),
        Reads([['Ada "Countess", L', "ada@example.com", "C:\\x"]], [2], dialect={"quote": "backslash"}),
    ),
    "backslashes that escape nothing": (
        table(HEADER, '"a \\"b\\"",C:\\temp,\\N'),
        Reads([['a "b"', "C:\\temp", "\\N"]], [2]),
    ),
    "backslashes in a file without any escape": (
        table(HEADER, 'Ada,"C:\\dir\\",x'),
        Reads([["Ada", "C:\\dir\\", "x"]], [2], dialect={"quote": "doubled"}),
    ),
    "inches in an unquoted cell": (
        table("item,size", 'Disk,5"'),
        Reads([["Disk", '5"']], [2], ("item", "size")),
    ),
    "a nickname in quotes": (
        table(HEADER, 'Bob "Bobby" Smith,ada@example.com,Berlin'),
        Reads([['Bob "Bobby" Smith', *ROWS[0][1:]]], [2]),
    ),
    "two bare quotes that embrace a delimiter": (
        table(HEADER, 'Ada,x "a,b" y', ADA),
        Reads([["Ada", 'x "a', 'b" y'], ROWS[0]], [2, 3], faults={2: "bare_quote"}),
    ),
    "the column names once more": (
        table(HEADER, ADA, HEADER, GRACE),
        Reads([ROWS[0], HEADER.split(","), ROWS[1]], [2, 3, 4], faults={3: "repeated_header"}),
    ),
    "spaces before quotes": (
        table("name, email, city", 'Ada, ada@example.com, "Berlin, DE"'),
        Reads([["Ada", "ada@example.com", "Berlin, DE"]], [2]),
    ),
    "text after a closing quote": (
        table(HEADER, '"Ada" L,ada@example.com,Berlin', GRACE),
        Reads([["Ada L", *ROWS[0][1:]], ROWS[1]], [2, 3], faults={2: "stray_quote"}),
    ),
    "text after a closing quote in the header": (table('"na"me,email', "a,b"), Refuses("stray_quote", 1)),
    "a quote that opens and meets another row's": (
        table(HEADER, 'Ada,"ada@example.com,Berlin', GRACE, '"Smith, J",s@example.com,Bonn'),
        Reads(
            [["Ada", "ada@example.com,Berlin\n"], ROWS[1], ["Smith, J", "s@example.com", "Bonn"]],
            [2, 3, 4],
            faults={2: "stray_quote"},
        ),
    ),
    "a quote that is never closed": (
        table(HEADER, ADA, 'Grace,grace@example.com,"New York', *[ADA] * 20),
        Reads(
            [ROWS[0], [*ROWS[1][:2], "New York\n"], *[ROWS[0]] * 20],
            [*range(2, 24)],
            faults={3: "unclosed_quote"},
        ),
    ),
    "a second quote on a later line of the row": (
        table(HEADER, 'Ada,"a\nb","Berlin', ADA),
        Reads([["Ada", "a\nb", "Berlin\n"], ROWS[0]], [2, 4], faults={2: "unclosed_quote"}),
    ),
    "a quote that is never closed in the header": (
        table('name,"email,city', ADA),
        Refuses("unclosed_quote", 1, 2),
    ),
    "a quote that swallows rows and closes well": (
        table(HEADER, 'Ada,"ada@example.com', GRACE, GRACE, ADA, 'Disk 5",Berlin', GRACE),
        Reads(
            [["Ada", f"ada@example.com\n{GRACE}\n{GRACE}\n{ADA}\nDisk 5", "Berlin"], ROWS[1]],
            [2, 7],
            faults={2: "swallowed_lines"},
        ),
    ),
    "an address that only looks like rows": (
        table(HEADER, 'Ada,ada@example.com,"Main St 1, Apt 2, Back\nBerlin, Mitte, Germany"'),
        Reads([["Ada", "ada@example.com", "Main St 1, Apt 2, Back\nBerlin, Mitte, Germany"]], [2]),
    ),
    # rows of another width
    "a row too short and a row too long": (
        table(HEADER, "Ada,ada@example.com", ADA + ",extra", GRACE),
        Reads(
            [["Ada", "ada@example.com"], [*ROWS[0], "extra"], ROWS[1]],
            [2, 3, 4],
            faults={2: "wrong_column_count", 3: "wrong_column_count"},
        ),
    ),
    # headers
    "no header": (table(ADA, GRACE), Reads(ROWS, [1, 2], NUMBERED, dialect=HEADERLESS)),
    "no header, numbers only": (
        table("1,2,3", "4,5,6"),
        Reads([["1", "2", "3"], ["4", "5", "6"]], [1, 2], NUMBERED, dialect=HEADERLESS),
    ),
    "no header after a blank line and a sep line": (
        table("sep=,", "", ADA, GRACE),
        Reads(ROWS, [3, 4], NUMBERED, dialect=HEADERLESS | {"skipped_lines": 2}),
    ),
    "a title above the header": (
        table("Customers of May", "", HEADER, ADA, GRACE, ADA),
        Reads([*ROWS, ROWS[0]], [4, 5, 6], dialect={"header_row": 3, "skipped_lines": 2}),
    ),
    "a padded title above the header": (
        table("Customers of May,,", ",,", HEADER, ADA, GRACE, ADA),
        Reads([*ROWS, ROWS[0]], [4, 5, 6], dialect={"header_row": 3, "skipped_lines": 2}),
    ),
    "a title above rows without a header": (
        table("Customers of May", "1,2,3", "4,5,6"),
        Reads([["1", "2", "3"], ["4", "5", "6"]], [2, 3], NUMBERED, dialect=HEADERLESS),
    ),
    "a first row that is nearly empty is no title": (
        table("Ada,,", "Grace,x,y", "Bob,z,w"),
        Reads([["Grace", "x", "y"], ["Bob", "z", "w"]], [2, 3], ("Ada", "", "")),
    ),
    "a header that could be data": (
        table("red,blue", "green,black"),
        Reads([["green", "black"]], [2], ("red", "blue")),
    ),
    "a name used twice": (table("a,a", "x,y"), Reads([["x", "y"]], [2], ("a", "a"))),
    "a header and nothing else": (table(HEADER), Refuses("header_only")),
    "a header and blank lines": (table(HEADER, "", ",,", "  "), Refuses("header_only")),
    # nothing
    "no byte": (b"", Refuses("empty_file")),
    "a mark only": (b"\xef\xbb\xbf", Refuses("empty_file")),
    "white space only": (b" \n\r\n\t\n", Refuses("empty_file")),
    "a sep line only": (b"sep=;\n", Refuses("empty_file")),
    # other formats
    "an excel workbook": (archive("xl/workbook.xml"), Refuses("binary_file", says="Excel workbook")),
    "an opendocument sheet": (
        archive("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"),
        Refuses("binary_file", says="OpenDocument"),
    ),
    "a zip archive": (archive("customers.csv"), Refuses("binary_file", says="zip")),
    "an old excel workbook": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        Refuses("binary_file", says=".xls"),
    ),
    "a gzip archive": (gzip.compress(table(HEADER, ADA)), Refuses("binary_file", says="gzip")),
    "a pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", Refuses("binary_file", says="PDF")),
    "a png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Refuses("binary_file", says="PNG")),
    "a jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", Refuses("binary_file", says="JPEG")),
    "a parquet file": (b"PAR1\x15\x04\x15", Refuses("binary_file", says="Parquet")),
    "bytes of no format": (bytes(range(256)) * 8, Refuses("binary_file", says="binary")),
    "a web page": (
        b"\n<!DOCTYPE html><html><title>Sign in</title>",
        Refuses("not_a_table", 1, None, "web page"),
    ),
    "json": (b'[{"name": "Ada"}]', Refuses("not_a_table", 1, None, "JSON")),
    "json lines": (b'{"name": "Ada"}\n{"name": "Grace"}\n', Refuses("not_a_table", 1)),
    "xml": (b'\xef\xbb\xbf<?xml version="1.0"?><a/>', Refuses("not_a_table", 1, None, "XML")),
    # broken text
    "a zero byte": (
        table(HEADER, ADA, "Gr\0ace,g@example.com,x", GRACE),
        Reads([ROWS[0], ["Gr\ufffdace", "g@example.com", "x"], ROWS[1]], [2, 3, 4], faults={3: "nul_byte"}),
    ),
    "a zero byte inside quotes": (
        table(HEADER, ADA, 'Grace,"g\nh\0",x', GRACE),
        Reads([ROWS[0], ["Grace", "g\nh\ufffd", "x"], ROWS[1]], [2, 3, 5], faults={3: "nul_byte"}),
    ),
    "a zero byte in the header": (table("na\0me,email", "a,b"), Refuses("nul_byte", 1, 1)),
    "a byte that is no text in the header": (
        b"n\xe9,\xc3\xa9mail\n" + table("\u00e9,b"),
        Refuses("bad_characters", 1, 1),
    ),
    "a utf-8 character cut at the end": (
        table(HEADER, ADA) + "Zoë,z@example.com,Kö".encode()[:-1],
        Reads([ROWS[0], ["Zoë", "z@example.com", "K\ufffd"]], [2, 3], faults={3: "undecodable"}),
    ),
}


@pytest.mark.parametrize("name", CORPUS)
def test_every_file_of_the_corpus_gets_its_verdict(name: str) -> None:
    data, verdict = CORPUS[name]
    if isinstance(verdict, Refuses):
        with pytest.raises(BadTable) as refusal:
            list(read_table([data]).rows)
        error = refusal.value
        assert (error.code, error.line, error.column) == (verdict.code, verdict.line, verdict.column)
        assert verdict.says in str(error)
        assert "\n" not in str(error)
        assert "ada@example.com" not in str(error)
        return
    read = read_table([data])
    assert read.header == verdict.header
    expected = zip(verdict.lines, verdict.rows, strict=True)
    assert list(read.rows) == [TableRow(line, cells, verdict.faults.get(line)) for line, cells in expected]  # type: ignore[arg-type]  # literals
    assert {key: getattr(read.dialect, key) for key in verdict.dialect} == verdict.dialect


def test_the_corpus_is_large_enough_to_mean_something() -> None:
    assert len(CORPUS) >= 60


def test_the_dialect_tells_how_the_file_was_read() -> None:
    data = b"\xef\xbb\xbf" + table("name;note", 'Ada;"a\\"b"', end="\r\n")
    assert read_table([data]).dialect == Dialect("utf-8", True, ";", "backslash", "\r\n", True)
