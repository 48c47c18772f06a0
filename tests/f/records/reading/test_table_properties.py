"""What holds for every table: what a writer wrote is what is read, however the bytes arrive."""

import csv
import io
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from f.records.reading import table as dialect
from f.records.reading.table import BadTable, TableRow, read_table
from tests.properties import at_most

ENCODINGS = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-16-le": "utf-16-le"}
SPECIAL = st.sampled_from(list("\t\n\r,;|\"'\\ =\x85\u2028"))
CELLS = st.text(
    st.one_of(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), SPECIAL), max_size=12
)
HOSTILE = st.text(st.sampled_from(list('ab,";\\ \n\r\té\0')), max_size=60).map(lambda text: "n,m\n" + text)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    width = draw(st.integers(2, 5))
    row = st.lists(CELLS, min_size=width, max_size=width).filter(lambda cells: any(map(str.strip, cells)))
    return [f"name{number}" for number in range(width)], draw(st.lists(row, min_size=1, max_size=8))


@given(
    tables(),
    st.sampled_from(sorted(ENCODINGS)),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_csv_writer_wrote_is_read_back(
    table: tuple[list[str], list[list[str]]], encoding: str, delimiter: str, newline: str, quoting: int
) -> None:
    header, rows = table
    # Before Python 3.13 the writer leaves a break that is not its own line end without quotes.
    assume(quoting == csv.QUOTE_ALL or newline == "\r\n")
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=newline, quoting=quoting)  # type: ignore[arg-type]  # int
    writer.writerows([header, *rows])
    # A few letters of UTF-16 can look like anything: without a mark it is named.
    named = encoding if encoding == "utf-16-le" else None
    read = read_table([file.getvalue().encode(encoding)], encoding=named)
    assert read.header == tuple(header)
    assert [row.cells for row in read.rows] == rows
    assert (read.dialect.encoding, read.dialect.delimiter) == (ENCODINGS[encoding], delimiter)


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"])), min_size=2, max_size=2)
    )
)
def test_a_named_encoding_reads_whatever_it_can_write(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["a", "b"], ["x", "y"], *rows])
    read = read_table([file.getvalue().encode("cp1252")], encoding="cp1252")
    written = [["x", "y"], *(row for row in rows if any(map(str.strip, row)))]
    assert [row.cells for row in read.rows] == written


@given(tables(), st.sampled_from(["\n", "\r\n"]))
def test_a_row_carries_the_physical_line_it_starts_on(
    table: tuple[list[str], list[list[str]]], newline: str
) -> None:
    header, rows = table
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    starts = []
    for row in rows:
        starts.append(1 + len(list(io.StringIO(file.getvalue(), newline=""))))
        writer.writerow(row)
    assert [row.line for row in read_table([file.getvalue().encode()]).rows] == starts


@given(HOSTILE, st.lists(st.integers(0, 80)))
def test_chunk_boundaries_never_matter(text: str, cuts: list[int]) -> None:
    data = text.encode()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in pairwise(edges)]
    assert _outcome(iter(pieces)) == _outcome(iter([data]))


@given(HOSTILE, st.integers(1, 9))
@settings(max_examples=at_most(400))
def test_it_never_matters_where_a_block_ends(text: str, size: int) -> None:
    data = text.encode()
    whole = _outcome(iter([data]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dialect, "_BLOCK_BYTES", size)
        patch.setattr(dialect, "_SAMPLE_BLOCKS", len(data) + 1)
        assert _outcome(iter([data])) == whole


@given(HOSTILE)
def test_every_line_is_in_a_row_or_the_file_is_refused(text: str) -> None:
    rows, refusal = _outcome(iter([text.encode()]))
    if refusal is None:
        starts = {row.line for row in rows}
        physical = list(io.StringIO(text, newline=""))
        assert starts <= set(range(2, len(physical) + 1))
        letters = sum(line.count("a") + line.count("b") for line in physical[1:])
        kept = sum(cell.count("a") + cell.count("b") for row in rows for cell in row.cells)
        assert kept == letters


def _outcome(
    chunks: Iterator[bytes],
) -> tuple[list[TableRow], tuple[str | None, int | None, int | None, str] | None]:
    rows: list[TableRow] = []
    try:
        rows.extend(read_table(chunks, encoding="utf-8", has_header=True).rows)
    except BadTable as error:
        return rows, (error.code, error.line, error.column, str(error))
    return rows, None
