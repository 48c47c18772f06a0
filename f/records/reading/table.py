"""A CSV file as it comes from the world: bytes in, header and rows with line numbers out.

Knows encodings, delimiters, quotes and line ends; knows nothing of records. Pure and streaming: what it
holds at any time is bounded by the limits, whatever the size of the file.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal

from f.records.layout.bad_table import BadTable
from f.records.layout.encoding import TextStream, find_encoding
from f.records.layout.notes import Note, Noticed, name_lines
from f.records.layout.row_judge import Limits, RowFault, TableRow
from f.records.layout.row_reader import RowReader
from f.records.layout.sniffer import find_newline, sniff

if TYPE_CHECKING:
    from f.records.layout.encoding import Encoding
    from f.records.layout.sniffer import Sniffed

__all__ = ["BadTable", "Dialect", "Note", "RowFault", "Table", "TableRow", "read_table"]

_BLOCK_BYTES = 1 << 15  # the rows of a block stay in the processor's cache; twice as much is 15 % slower
_SAMPLE_BLOCKS = 8
_SAMPLE_ROWS = 100
_SAMPLE_CHARS = 1 << 20  # the sample ends early where rows are large
_CSV_FIELD_LIMIT = 2**31 - 1  # csv's own is one for the whole process, and by default lower than ours


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the file was read. `encoding` is a Python codec; `quote` how a quote inside quotes is written.

    `header_row` is the physical line of the column names, None if there are none; `skipped_lines` is how
    many lines stand above it, or above the first row.
    """

    encoding: str
    bom: bool
    delimiter: str
    quote: Literal["doubled", "backslash"]
    newline: str
    has_header: bool
    header_row: int | None = 1
    skipped_lines: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A header and its rows. `rows` can be iterated once and reads the file as it goes.

    `sample` has the cells of the first good rows, 100 at most, which are still in `rows`. `notes` says what
    was noticed of the whole file, and grows while rows are read.
    """

    dialect: Dialect
    header: tuple[str, ...]
    rows: Iterator[TableRow]
    sample: tuple[tuple[str, ...], ...]
    notes: list[Note]


def read_table(
    chunks: Iterable[bytes],
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    has_header: bool | None = None,
    header_row: int | None = None,
    knows: Callable[[str], bool] | None = None,
    max_field_chars: int = 1 << 20,
    max_row_chars: int = 1 << 23,
    max_columns: int = 16_384,
) -> Table:
    """Read the table in `chunks`, which may be cut anywhere, as far as a sample; the rest on demand.

    What is None is detected from the first 256 KB. A byte order mark wins over `encoding`. `header_row` is
    the physical line of the column names, from 1; with `has_header` False there are none, and the columns are
    named column_1, column_2 and so on. `knows` tells whether a cell is a column name that the caller knows,
    which finds the header below title lines. The default of `max_columns` is Excel's own limit. Blank lines,
    and lines of delimiters only, are no rows.

    Raises BadTable, here or while the rows are read; its `code` is one of empty_file, header_only,
    binary_file, not_a_table, unknown_encoding, unknown_delimiter, header_row_not_found, header_row_and_none,
    header_below_rows,
    too_many_columns, field_too_large, row_too_large, bad_characters, and of the header unclosed_quote,
    stray_quote, nul_byte.
    """
    if csv.field_size_limit() < _CSV_FIELD_LIMIT:
        csv.field_size_limit(_CSV_FIELD_LIMIT)
    _refuse_contradiction(has_header, header_row)
    blocks = _blocks(chunks)
    start = list(islice(blocks, _SAMPLE_BLOCKS))
    sample = b"".join(start)
    complete = len(sample) < _SAMPLE_BLOCKS * _BLOCK_BYTES
    found = find_encoding(sample, encoding, complete=complete)
    text = _sample_text(sample[found.bom :], found.name, complete=complete)
    sniffed = sniff(text, delimiter, has_header, header_row, knows)
    if start:
        start[0] = start[0][found.bom :]
    noticed = _first_notes(sniffed, asked=has_header is False)
    limits = Limits(max_field_chars, max_row_chars, max_columns)
    reader = RowReader(TextStream(chain(start, blocks), found.name), sniffed, limits, noticed)
    first_rows, rows = _ahead(iter(reader))
    _note_single_quotes(first_rows, noticed)
    if not first_rows:
        for _ in rows:  # raises what there was instead of a row
            break
        raise _nothing_there(reader.header)
    dialect = _dialect(found, sniffed, find_newline(text))
    good = tuple(tuple(row.cells) for row in first_rows if not row.fault)
    return Table(dialect, reader.header, chain(first_rows, rows), good, noticed.notes)


def _refuse_contradiction(has_header: bool | None, header_row: int | None) -> None:
    if header_row is not None and has_header is False:
        message = "The file was said to have column names on a line, and to have none: give one of the two."
        raise BadTable(message, code="header_row_and_none")


def _dialect(encoding: Encoding, sniffed: Sniffed, newline: str) -> Dialect:
    return Dialect(
        encoding.name,
        encoding.bom > 0,
        sniffed.layout.delimiter,
        "backslash" if sniffed.layout.backslash else "doubled",
        newline,
        sniffed.has_header,
        sniffed.first_line if sniffed.has_header else None,
        sniffed.first_line - 1,
    )


def _ahead(rows: Iterator[TableRow]) -> tuple[list[TableRow], Iterator[TableRow]]:
    """Return the first rows and the others. What stops the reading is raised where the others begin."""
    first: list[TableRow] = []
    chars = 0
    try:
        for row in rows:
            first.append(row)
            chars += sum(map(len, row.cells))
            if len(first) == _SAMPLE_ROWS or chars > _SAMPLE_CHARS:
                break
    except BadTable as error:
        return first, map(_raise, [error])
    return first, rows


def _raise(error: BadTable) -> TableRow:
    raise error


def _note_single_quotes(rows: list[TableRow], noticed: Noticed) -> None:
    """Say so if cells stand in single quotes, which are text to us: what they hold may hold delimiters."""
    quoted = [row for row in rows if any(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in row.cells)]
    if quoted and len(quoted) * 2 >= len(rows):
        noticed.add(
            "single_quotes",
            quoted[0].line,
            "Cells stand in single quotes, which were kept as they are: export the file with double quotes.",
        )


def _first_notes(sniffed: Sniffed, *, asked: bool) -> Noticed:
    noticed = Noticed()
    if sniffed.skipped:
        what = "the column names" if sniffed.has_header else "the first row"
        noticed.add(
            "skipped_lines",
            sniffed.skipped[0],
            f"Above {what} on line {sniffed.first_line} stands what is no part of the table, and was left "
            f"out: {name_lines(list(sniffed.skipped))}. If that is wrong, say with header_row which line has "
            "the column names.",
            len(sniffed.skipped),
        )
    if not sniffed.has_header and not asked:
        noticed.add(
            "no_header",
            sniffed.first_line,
            "This looks like data, not like column names: the columns are called column_1, column_2, ... If "
            "it has the names, say so with header_row or has_header.",
        )
    return noticed


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of one size, so that nothing can depend on how they arrived."""
    waiting = bytearray()
    for chunk in chunks:
        for start in range(0, len(chunk), _BLOCK_BYTES):
            waiting += chunk[start : start + _BLOCK_BYTES]
            if len(waiting) >= _BLOCK_BYTES:
                yield bytes(waiting[:_BLOCK_BYTES])
                del waiting[:_BLOCK_BYTES]
    if waiting:
        yield bytes(waiting)


def _sample_text(sample: bytes, encoding: str, *, complete: bool) -> str:
    """What the sample says, without its last line where that may be cut off. Bad bytes are judged later."""
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample).lstrip("\ufeff")
    end = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
    return text if complete or not end else text[:end]


def _nothing_there(header: tuple[str, ...]) -> BadTable:
    if header:
        message = "The file has column names but no row below them: add the rows, or choose another file."
        return BadTable(message, code="header_only")
    return BadTable("The file is empty: choose a file with column names and rows.", code="empty_file")
