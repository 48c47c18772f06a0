"""Rows out of decoded text, at the speed of csv.reader and in bounded memory.

csv.reader alone lets one stray quote swallow the rest of a file and says nothing. Here it runs in strict
mode over batches of lines; a record it cannot finish waits for the next batch, as long as the limits
allow, and one it refuses becomes a row with a fault, after which reading goes on at the next line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain, count, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, NamedTuple

from f.records.reading.bad_table import BadTable
from f.records.reading.sniffer import Layout, split_lines

if TYPE_CHECKING:
    from f.records.reading.encoding import TextStream, Trouble

RowFault = Literal["wrong_column_count", "stray_quote", "swallowed_lines"]

_FIRST_CELL = itemgetter(0)
_FEWEST_SWALLOWED = 2  # lines
_LONGEST_NAME_SHOWN = 60


class TableRow(NamedTuple):
    """One row: the physical line it starts on, counted from 1, its cells, and what is wrong with it.

    wrong_column_count: more or fewer cells than the header has. stray_quote: text follows a closing quote;
    the cells are the line's, read as well as can be. swallowed_lines: a quoted cell holds lines that each
    look like a row of the table, most likely because a quote too many stands before them.
    """

    line: int
    cells: list[str]
    fault: RowFault | None


class Limits(NamedTuple):
    """What one file may ask of memory. A row may outgrow its limit severalfold before it is noticed."""

    field_chars: int
    row_chars: int
    columns: int


class _Batch(NamedTuple):
    """Whole lines; `large` if one of their cells may be too large, `last` at the end of the file."""

    lines: list[str]
    large: bool
    last: bool


class _Ended:
    """An empty iterator that remembers having been asked, which tells an unfinished record from a bad one."""

    reached = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.reached = True
        raise StopIteration


class RowReader:
    """Reads the header, then hands out the rows. Iterate once; `header` is empty until the first row.

    Raises BadTable: field_too_large, row_too_large, too_many_columns, unclosed_quote, stray_quote (in the
    header), bad_characters, nul_byte; the rows before that place have been handed out.
    """

    def __init__(self, texts: TextStream, layout: Layout, limits: Limits, *, has_header: bool) -> None:
        self.header: tuple[str, ...] = ()
        self._texts = texts
        self._layout = layout
        self._limits = limits
        self._has_header = has_header
        self._width = 0
        self._rest = ""  # the record that is not complete yet
        self._line = 1  # where it starts

    def __iter__(self) -> Iterator[TableRow]:
        return chain.from_iterable(self._groups())

    def _groups(self) -> Iterator[Iterable[TableRow]]:
        for batch in self._batches():
            yield self._one_line_rows(batch) or self._rows(batch)

    def _one_line_rows(self, batch: _Batch) -> Iterable[TableRow] | None:
        """The rows of a batch in which each line is a record, in almost all files without a Python loop."""
        if batch.large or not self.header:
            return None
        try:
            records = list(self._layout.reader(batch.lines, strict=True))
        except csv.Error:
            return None
        if len(records) != len(batch.lines):
            return None
        first = self._line
        self._line += len(records)
        if set(map(len, records)) == {self._width} and all(map(str.strip, map(_FIRST_CELL, records))):
            return map(tuple.__new__, repeat(TableRow), zip(count(first), records, repeat(None)))
        return filter(None, map(self._row, count(first), records))

    def _rows(self, batch: _Batch) -> Iterator[TableRow]:
        """The rows of any batch. What its last record lacks is left for the next one."""
        lines = batch.lines
        start = 0  # index of the line on which the record being read starts
        while start < len(lines):
            ended = _Ended()
            ahead = chain(map(lines.__getitem__, range(start, len(lines))), ended)
            reader = self._layout.reader(ahead, strict=True)
            offset, first = start, self._line
            try:
                for cells in reader:
                    if batch.large:
                        self._check_cells(first + start, cells)
                    row = self._row(first + start, cells)
                    if row and reader.line_num + offset - start > _FEWEST_SWALLOWED and self._swallows(cells):
                        row = row._replace(fault="swallowed_lines")
                    start = reader.line_num + offset
                    if row:
                        yield row
            except csv.Error:
                if not ended.reached:
                    yield self._malformed(first + start, lines[start])
                    start += 1
                elif batch.last:
                    raise self._unclosed_quote("".join(lines[start:]), first + start) from None
                else:
                    break
        self._rest = "".join(lines[start:]) + self._rest
        self._line += start

    def _batches(self) -> Iterator[_Batch]:
        pieces: list[str] = []
        waiting = 0
        for piece in self._texts:
            pieces.append(piece)
            waiting += len(piece)
            if waiting >= len(self._rest):  # an unfinished record is read again: doubling keeps that linear
                yield from self._whole_lines(self._rest + "".join(pieces))
                self._check_rest()
                pieces, waiting = [], 0
        text = self._rest + "".join(pieces)
        if self._texts.trouble:
            yield from self._whole_lines(text)
            raise self._unreadable(self._texts.trouble)
        self._rest = ""
        yield _Batch(split_lines(text), len(text) > self._limits.field_chars, last=True)

    def _whole_lines(self, text: str) -> Iterator[_Batch]:
        end = text.rfind("\n") + 1
        end = max(end, text.rfind("\r", end, -1) + 1)  # not the very last: its \n may be on the way
        self._rest = text[end:]
        if end:
            yield _Batch(split_lines(text[:end]), end > self._limits.field_chars, last=False)

    def _check_rest(self) -> None:
        """Stop at an unfinished record that has grown too large, before more of it is read."""
        if len(self._rest) <= self._limits.field_chars:
            return
        cells = self._readable_cells(self._rest)
        if len(cells[-1]) > self._limits.field_chars and _breaks(cells[-1]):
            raise self._unclosed_quote(self._rest, self._line)
        self._check_cells(self._line, cells)
        if not self.header:
            self._check_columns(self._line, cells)
        if len(self._rest) > self._limits.row_chars:
            message = (
                f"The row on line {self._line} is longer than {self._limits.row_chars:,} characters: check "
                "that the file has line breaks, and that no quote is missing before this place."
            )
            raise BadTable(message, code="row_too_large", line=self._line)

    def _row(self, line: int, cells: list[str]) -> TableRow | None:
        """The row a record is, or None for the header, a blank line and Excel's `sep=` line."""
        if not any(map(str.strip, cells)) or (line == 1 and self._layout.sep_line):
            return None
        if not self.header:
            self._name_columns(line, cells)
            if self._has_header:
                return None
        width = self._width
        if len(cells) > width and not any(cells[width:]):
            del cells[width:]  # delimiters at the end of a line add no cells
        if len(cells) != width:
            return TableRow(line, cells, "wrong_column_count")
        return TableRow(line, cells, None)

    def _name_columns(self, line: int, cells: list[str]) -> None:
        self._check_columns(line, cells)
        if self._has_header:
            while not cells[-1]:
                cells.pop()
            self.header = tuple(cells)
        else:
            self.header = tuple(f"column_{number}" for number in range(1, len(cells) + 1))
        self._width = len(self.header)

    def _check_columns(self, line: int, cells: list[str]) -> None:
        if len(cells) <= self._limits.columns:
            return
        message = (
            f"Line {line} has more than {self._limits.columns:,} columns: check the delimiter, and that the "
            "file has line breaks."
        )
        raise BadTable(message, code="too_many_columns", line=line)

    def _check_cells(self, line: int, cells: list[str]) -> None:
        for column, cell in enumerate(cells, 1):
            if len(cell) > self._limits.field_chars:
                message = (
                    f"The cell on {self._place(line, column)} is longer than {self._limits.field_chars:,} "
                    "characters: shorten it, or look for a quote or a line break that is missing before it."
                )
                raise BadTable(message, code="field_too_large", line=line, column=column)

    def _swallows(self, cells: list[str]) -> bool:
        """Whether a cell holds several whole lines, each as wide as the table of three or more columns.

        With fewer lines or columns an address of several lines, which is what belongs in quotes, fits too.
        """
        between = self._width - 1
        if between < 2:
            return False
        for cell in cells:
            inner = [line for line in split_lines(cell)[1:-1] if line.strip()]
            if len(inner) >= _FEWEST_SWALLOWED and all(
                line.count(self._layout.delimiter) == between for line in inner
            ):
                return True
        return False

    def _malformed(self, line: int, text: str) -> TableRow:
        if not self.header:
            message = (
                f"In the column names on line {line}, text follows a closing quote: write a quote that "
                'belongs to a name twice (""), or remove it.'
            )
            raise BadTable(message, code="stray_quote", line=line)
        return TableRow(line, self._readable_cells(text), "stray_quote")

    def _unclosed_quote(self, record: str, line: int) -> BadTable:
        cells = self._readable_cells(record)
        line += _breaks(record) - _breaks(cells[-1])
        message = (
            f"The quote that opens the cell on {self._place(line, len(cells))} is never closed: close it "
            'there, or write it twice ("") if it belongs to the text.'
        )
        return BadTable(message, code="unclosed_quote", line=line, column=len(cells))

    def _unreadable(self, trouble: Trouble) -> BadTable:
        line = self._line + _breaks(self._rest)
        column = len(self._readable_cells(self._rest))
        if trouble == "nul_byte":
            message = (
                f"There is a zero byte on {self._place(line, column)}: the file is damaged or not text; "
                "export it again as CSV UTF-8."
            )
        else:
            message = (
                f"There are bytes on {self._place(line, column)} that are not {self._texts.encoding} text: "
                "save the file as CSV UTF-8, or name its encoding, such as windows-1252."
            )
        return BadTable(message, code=trouble, line=line, column=column)

    def _readable_cells(self, record: str) -> list[str]:
        """The cells of one record, finished or not, without complaint about its quotes. At least one."""
        return next(self._layout.reader(split_lines(record), strict=False), []) or [""]

    def _place(self, line: int, column: int) -> str:
        if not self._has_header or column > len(self.header):
            return f"line {line}, column {column}"
        name = " ".join(self.header[column - 1].split())
        return f"line {line}, column {column} ({name[:_LONGEST_NAME_SHOWN]})"


def _breaks(text: str) -> int:
    return len(split_lines(text + ".")) - 1
