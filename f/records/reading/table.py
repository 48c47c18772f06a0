"""A CSV file as it comes from the world: bytes in, header and rows with line numbers out.

Knows encodings, delimiters, quotes and line ends; knows nothing of records. Pure and streaming: what it
holds at any time is bounded by the limits, whatever the size of the file.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal

from f.records.reading.bad_table import BadTable
from f.records.reading.encoding import TextStream, find_encoding
from f.records.reading.row_reader import Limits, RowFault, RowReader, TableRow
from f.records.reading.sniffer import find_newline, sniff

__all__ = ["BadTable", "Dialect", "RowFault", "Table", "TableRow", "read_table"]

_BLOCK_BYTES = 1 << 15  # the rows of a block stay in the processor's cache; twice as much is 15 % slower
_SAMPLE_BLOCKS = 8
_SAMPLE_ROWS = 100
_CSV_FIELD_LIMIT = 2**31 - 1  # csv's own is one for the whole process, and by default lower than ours


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the file was read. `encoding` is a Python codec; `quote` how a quote inside quotes is written."""

    encoding: str
    bom: bool
    delimiter: str
    quote: Literal["doubled", "backslash"]
    newline: str
    has_header: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A header and its rows. `rows` can be iterated once and reads the file as it goes.

    `sample` has the cells of the first rows, which are still in `rows`.
    """

    dialect: Dialect
    header: tuple[str, ...]
    rows: Iterator[TableRow]
    sample: tuple[tuple[str, ...], ...] = ()


def read_table(
    chunks: Iterable[bytes],
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    has_header: bool | None = None,
    max_field_chars: int = 1 << 20,
    max_row_chars: int = 1 << 23,
    max_columns: int = 16_384,
) -> Table:
    """Read the table in `chunks`, which may be cut anywhere, as far as its first row; the rest on demand.

    What is None is detected from the first 256 KB. A byte order mark wins over `encoding`. With
    `has_header` False the columns are named column_1, column_2 and so on. The default of `max_columns` is
    Excel's own limit. Blank lines, and lines of delimiters only, are no rows.

    Raises BadTable, here or while the rows are read; its `code` is one of empty_file, header_only,
    binary_file, not_a_table, unknown_encoding, unknown_delimiter, no_header_row, too_many_columns,
    field_too_large, row_too_large, unclosed_quote, stray_quote, bad_characters, nul_byte.
    """
    if csv.field_size_limit() < _CSV_FIELD_LIMIT:
        csv.field_size_limit(_CSV_FIELD_LIMIT)
    blocks = _blocks(chunks)
    start = list(islice(blocks, _SAMPLE_BLOCKS))
    sample = b"".join(start)
    complete = len(sample) < _SAMPLE_BLOCKS * _BLOCK_BYTES
    found = find_encoding(sample, encoding, complete=complete)
    text = _sample_text(sample[found.bom :], found.name, complete=complete)
    sniffed = sniff(text, delimiter, has_header)
    if has_header is None and sniffed.data_line is not None:
        raise _no_names(sniffed.data_line)
    with_header = has_header is not False
    if start:
        start[0] = start[0][found.bom :]
    reader = RowReader(
        TextStream(chain(start, blocks), found.name),
        sniffed.layout,
        Limits(max_field_chars, max_row_chars, max_columns),
        has_header=with_header,
    )
    rows = iter(reader)
    first = next(rows, None)
    if first is None:
        raise _nothing_there(reader.header)
    quote: Literal["doubled", "backslash"] = "backslash" if sniffed.layout.backslash else "doubled"
    newline = find_newline(text)
    dialect = Dialect(found.name, found.bom > 0, sniffed.layout.delimiter, quote, newline, with_header)
    ahead = [first, *islice(rows, _SAMPLE_ROWS - 1)]
    cells = tuple(tuple(row.cells) for row in ahead if row.fault is None)
    return Table(dialect, reader.header, chain(ahead, rows), cells)


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


def _no_names(line: int) -> BadTable:
    message = (
        f"Line {line} looks like data, not like column names: put a line of names above it, or say with "
        "has_header what it is (with false, the columns are called column_1, column_2, ...)."
    )
    return BadTable(message, code="no_header_row", line=line)


def _nothing_there(header: tuple[str, ...]) -> BadTable:
    if header:
        message = "The file has column names but no row below them: add the rows, or choose another file."
        return BadTable(message, code="header_only")
    return BadTable("The file is empty: choose a file with column names and rows.", code="empty_file")
