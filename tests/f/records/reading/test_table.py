"""What read_table promises beyond the corpus: choices the caller makes, limits, places, memory."""

import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from f.records.reading.table import BadTable, TableRow, read_table

ROOT = Path(__file__).parents[4]
ROW = b"Ada,ada@example.com\n"


class Counted:
    """Chunks without end, and how many bytes of them were asked for."""

    def __init__(self, start: bytes, chunk: bytes) -> None:
        self.pulled = 0
        self._chunks = itertools.chain([start], itertools.repeat(chunk))

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.pulled += len(chunk)
            yield chunk


def refusal(*chunks: bytes, **options: object) -> BadTable:
    with pytest.raises(BadTable) as caught:
        list(read_table(chunks, **options).rows)  # type: ignore[arg-type]  # the options differ in type
    return caught.value


def test_a_delimiter_that_is_named_is_used_even_where_another_seems_better() -> None:
    table = read_table([b"a,b:c\n1,2:3\n"], delimiter=":")
    assert (table.header, next(table.rows).cells) == (("a,b", "c"), ["1,2", "3"])


@pytest.mark.parametrize("delimiter", ["", "ab", "a", "1", '"', "\\", "\n", " "])
def test_a_delimiter_that_cannot_separate_is_refused(delimiter: str) -> None:
    assert refusal(b"a,b\n1,2\n", delimiter=delimiter).code == "unknown_delimiter"


@pytest.mark.parametrize("encoding", ["windows-1252", "CP1252", "latin-1", "iso-8859-15"])
def test_an_encoding_that_is_named_is_used(encoding: str) -> None:
    table = read_table([b"name\nJos\xe9\n"], encoding=encoding)
    assert next(table.rows).cells == ["José"]


@pytest.mark.parametrize("encoding", ["utf-9", "hex", "rot13", "punycode", "idna", "a\0b", "x" * 1000])
def test_an_encoding_nobody_knows_is_refused(encoding: str) -> None:
    assert refusal(b"a,b\n1,2\n", encoding=encoding).code == "unknown_encoding"


def test_a_byte_order_mark_wins_over_the_encoding_that_was_named() -> None:
    table = read_table([b"\xef\xbb\xbfname\nJos\xc3\xa9\n"], encoding="cp1252")
    assert (table.dialect.encoding, table.header, next(table.rows).cells) == ("utf-8", ("name",), ["José"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_that_is_named_needs_no_mark(encoding: str) -> None:
    table = read_table(["name,city\n山田,東京\n".encode("utf-16-le")], encoding=encoding)
    assert next(table.rows).cells == ["山田", "東京"]


def test_without_a_header_the_columns_are_numbered_and_the_first_line_is_a_row() -> None:
    table = read_table([b"Ada,ada@example.com\nGrace,\n"], has_header=False)
    assert table.header == ("column_1", "column_2")
    assert not table.dialect.has_header
    assert list(table.rows) == [
        TableRow(1, ["Ada", "ada@example.com"], None),
        TableRow(2, ["Grace", ""], None),
    ]


def test_a_title_line_is_no_trouble_where_no_header_is_expected() -> None:
    table = read_table([b"Report\n1,2\n3,4\n5,6\n"], has_header=False)
    assert next(table.rows).cells == ["Report"]


def test_bytes_that_are_named_utf_16_are_not_taken_for_a_binary_file() -> None:
    text = "\u0105\u0107\u0109,\u010b\u010d\n" * 50  # letters whose high byte is a control character
    table = read_table([text.encode("utf-16-be")], encoding="utf-16-be", has_header=True)
    assert sum(1 for _ in table.rows) == 49


def test_numbers_are_names_if_the_caller_says_so() -> None:
    assert read_table([b"2023,2024\n1,2\n"], has_header=True).header == ("2023", "2024")


def test_the_rows_before_a_bad_byte_are_handed_out_and_its_place_is_told() -> None:
    good = ROW * 300_000  # 6 MB, long past the part that the encoding was found from
    table = read_table([b"name,email\n", good, b"Ada,jos\xe9@example.com\n", ROW])
    assert sum(1 for _ in itertools.islice(table.rows, 300_000)) == 300_000
    with pytest.raises(BadTable) as caught:
        next(table.rows)
    assert (caught.value.code, caught.value.line, caught.value.column) == ("bad_characters", 300_002, 2)
    assert "line 300002, column 2 (email)" in str(caught.value)
    assert "windows-1252" in str(caught.value)


def test_a_late_first_accent_is_utf_8_even_where_the_sample_cuts_it() -> None:
    sample = b"name,email\n" + ROW * 13_106  # ends one byte before 256 KB
    filler = b"x" * ((1 << 18) - len(sample) - 1)
    table = read_table([sample, filler, "é,b\n".encode()])
    *_, last = table.rows
    assert last.cells[0].endswith("xé")


@pytest.mark.parametrize(
    ("start", "chunk", "code", "line"),
    [
        (b"", b"a" * 65_536, "field_too_large", 1),
        (b"name,email\n", b"a" * 65_536, "field_too_large", 2),
        (b'name,email\nAda,"', b"a" * 65_536, "field_too_large", 2),
        (b"", b"a," * 32_768, "too_many_columns", 1),
        (b"name,email\n", b"a," * 32_768, "row_too_large", 2),
        (b"name,email\n" + ROW * 5 + b'Ada,"', ROW * 3_000, "unclosed_quote", 7),
        (b'name,"email\n', ROW * 3_000, "unclosed_quote", 1),
        (b"name,email\n" + ROW, b"\xff" * 65_536, "bad_characters", 3),
    ],
    ids=[
        "one cell in place of a header",
        "one cell",
        "one quoted cell",
        "a header of many columns",
        "a row of many columns",
        "a quote that is never closed",
        "a quote that is never closed in the header",
        "bytes that are no text",
    ],
)
def test_an_endless_file_is_given_up_within_megabytes(
    start: bytes, chunk: bytes, code: str, line: int
) -> None:
    endless = Counted(start, chunk)
    with pytest.raises(BadTable) as caught:
        list(read_table(endless, encoding="utf-8").rows)
    assert (caught.value.code, caught.value.line) == (code, line)
    assert endless.pulled < 20_000_000


def test_a_good_row_is_handed_out_before_the_rest_is_asked_for() -> None:
    endless = Counted(b"name,email\n", ROW * 3_000)
    table = read_table(endless)
    assert len(list(itertools.islice(table.rows, 1_000))) == 1_000
    assert endless.pulled < 1_000_000


@pytest.mark.parametrize("newline", ["", "\n"], ids=["one line", "several lines"])
def test_a_cell_may_be_as_long_as_the_limit_and_no_longer(newline: str) -> None:
    cell = "x" * (1_048_576 - len(newline)) + newline
    assert next(read_table([f'a,b\n1,"{cell}"\n2,3\n'.encode()]).rows).cells[1] == cell
    error = refusal(f'a,b\n1,"x{cell}"\n2,3\n'.encode())
    assert (error.code, error.line, error.column) == ("field_too_large", 2, 2)


def test_ten_thousand_columns_are_read_and_twenty_thousand_refused() -> None:
    names = [f"a_rather_long_name_of_a_column_{number}" for number in range(10_000)]  # longer than the sample
    table = read_table([",".join(names).encode() + b"\n" + b",".join([b"1"] * 10_000) + b"\n"])
    assert table.header == tuple(names)
    assert next(table.rows) == TableRow(2, ["1"] * 10_000, None)
    error = refusal(b",".join([b"a"] * 20_000) + b"\n1\n")
    assert (error.code, error.line) == ("too_many_columns", 1)


def test_one_bad_row_in_a_batch_of_good_ones_is_the_only_one_at_fault() -> None:
    lines = [f"{number},x" for number in range(2_000)]
    lines[700] = '"700"7,x'
    lines[1_500] = "1500"
    faults = [row for row in read_table([("n,m\n" + "\n".join(lines)).encode()]).rows if row.fault]
    assert faults == [
        TableRow(702, ["7007", "x"], "stray_quote"),
        TableRow(1502, ["1500"], "wrong_column_count"),
    ]


def test_a_file_of_nothing_but_stray_quotes_is_read_in_linear_time() -> None:
    lines = b'a,b\n"x\n' + b'""y\n' * 100_000 + b'"z"z\n'
    rows = list(read_table([lines], delimiter=",").rows)
    assert (len(rows), {row.fault for row in rows}) == (100_002, {"stray_quote"})


def test_a_sentence_names_no_cell_and_cuts_a_long_column_name() -> None:
    error = refusal(b'name,"' + b"\n" + b"n" * 5_000 + b'"\nAda,"secret')
    assert re.fullmatch(
        r"The quote that opens the cell on line 3, column 2 \(n{60}\) is never closed: .*", str(error)
    )
    assert "secret" not in str(error)


MEASURE = """
import itertools, resource, sys
from f.records.reading.table import read_table
row = b'1,"Ada, L","two\\nlines",ada@example.com\\n'
chunks = (row * 1_000 for _ in range(int(sys.argv[1])))
header = b"id,name,note,email\\n"
rows = sum(1 for _ in read_table(itertools.chain([header], chunks)).rows)
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_is_the_same_for_ten_times_the_rows() -> None:
    peaks = {}
    for thousands in (30, 300):
        command = [sys.executable, "-c", MEASURE, str(thousands)]
        out = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout
        rows, peak = map(int, out.split())
        assert rows == thousands * 1_000
        peaks[thousands] = peak
    assert peaks[300] - peaks[30] < 2_000  # kilobytes; the file itself grew by 11 MB
