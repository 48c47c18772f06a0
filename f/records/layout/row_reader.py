"""Rows out of decoded text, at the speed of csv.reader and in bounded memory.

csv.reader alone lets one stray quote swallow the rest of a file and says nothing. Here it runs in strict
mode over batches of lines; a record it cannot finish waits for the next batch, as long as the limits
allow, and one it refuses becomes a row with a fault, after which reading goes on at the next line.

That stays linear: a quote that is never closed is read past up to the next one that could close it, which
ends the search, or up to the limit of a cell.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, count, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from f.records.layout.bad_table import BadTable
from f.records.layout.bare_quotes import may_have
from f.records.layout.encoding import UNDECODABLE, is_shifted
from f.records.layout.header_row import kind_of
from f.records.layout.row_judge import Limits, RowJudge, TableRow, without_damage
from f.records.layout.second_table import SecondTable
from f.records.layout.sniffer import Sniffed, split_lines

if TYPE_CHECKING:
    from f.records.layout.encoding import TextStream
    from f.records.layout.notes import Noticed

_FIRST_CELL = itemgetter(0)
_FEWEST_SWALLOWED = 2  # lines, unless an e-mail address in each shows that they are rows


class _Batch(NamedTuple):
    """Whole lines and their text; `large` if one of their cells may be too large, `last` at the file's end.

    `hopeless` if the first record was begun in vain: its last quote is never closed.
    """

    text: str
    lines: list[str]
    large: bool
    last: bool
    hopeless: bool = False


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

    The texts begin on the line that the table starts on. Raises BadTable: field_too_large, row_too_large,
    too_many_columns, bad_characters, and of the header unclosed_quote, stray_quote, bad_characters, nul_byte;
    the rows before that place have been handed out.
    """

    def __init__(self, texts: TextStream, sniffed: Sniffed, limits: Limits, noticed: Noticed) -> None:
        self._texts = texts
        self._layout = sniffed.layout
        self._limits = limits
        self._noticed = noticed
        self._judge = RowJudge(sniffed, limits, noticed)
        self._rest = ""  # the record that is not complete yet
        self._line = sniffed.first_line  # where it starts
        self._above = sniffed.first_line - 1  # lines that are not read

    @property
    def header(self) -> tuple[str, ...]:
        """The column names; column_1 and so on in a file without."""
        return self._judge.header

    def __iter__(self) -> Iterator[TableRow]:
        return chain.from_iterable(self._groups())

    def _groups(self) -> Iterator[Iterable[TableRow]]:
        second = SecondTable(self._judge)
        batches = self._batches()
        for batch in batches:
            end = self._line + len(batch.lines) - 1
            rows = self._one_line_rows(batch)
            if rows is None or isinstance(rows, filter):
                rows = self._rows(batch) if rows is None else rows
                torn = may_have(batch.text, self._layout.delimiter)
                yield second.filter(self._judge.with_torn(rows) if torn else rows)
            else:
                yield second.pass_by()
                yield rows
            if second.line:
                break
        yield second.finish()
        if second.line:
            end += sum(len(batch.lines) for batch in batches)
            self._noticed.add(
                "second_table",
                second.line,
                "A second table with other columns starts here. Reading stopped: this line and the "
                f"{end - second.line:,} below it are not imported. Put them into a file of their own.",
                end - second.line + 1,
            )
        self._judge.close(self._texts.encoding)

    def _one_line_rows(self, batch: _Batch) -> Iterable[TableRow] | None:
        """The rows of a batch in which each line is a record, in almost all files without a Python loop."""
        judge = self._judge
        if batch.large or not judge.header:
            return None
        try:
            records = list(self._layout.reader(batch.lines, strict=True))
        except csv.Error:
            return None
        if len(records) != len(batch.lines):
            return None
        first = self._line
        self._line += len(records)
        orderly = self._is_orderly(batch, first)
        if (
            orderly
            and not judge.may_name_columns(batch.text)
            and _are_rows(records, judge.width, judge.row_cells)
        ):
            firsts = list(map(_FIRST_CELL, records))
            if all(map(str.strip, firsts)) and judge.header[0] not in firsts:
                for _ in range(judge.row_cells - judge.width):
                    deque(map(list.pop, records), maxlen=0)
                return map(tuple.__new__, repeat(TableRow), zip(count(first), records, repeat(None)))
        return filter(None, map(judge.row, count(first), records, repeat("") if orderly else batch.lines))

    def _is_orderly(self, batch: _Batch, line: int) -> bool:
        """Whether all characters of a batch are text, and all quotes stand at the edge of a cell."""
        text = batch.text
        if "\0" in text or UNDECODABLE in text or may_have(text, self._layout.delimiter):
            return False
        if not text.isascii():
            self._judge.has_accents(line)
        return True

    def _rows(self, batch: _Batch) -> Iterator[TableRow]:
        """The rows of any batch. What its last record lacks is left for the next one."""
        lines, first = batch.lines, self._line
        orderly, hopeless = self._is_orderly(batch, first), batch.hopeless
        start = 0  # index of the line on which the record being read starts
        while start < len(lines):
            ended = _Ended()
            ahead = chain(map(lines.__getitem__, range(start, len(lines))), ended)
            reader = self._layout.reader(ahead, strict=True)
            offset = start
            try:
                for cells in reader:
                    end = reader.line_num + offset
                    if batch.large:
                        self._check_cells(first + start, cells)
                    record = "" if orderly else "".join(lines[start:end])
                    row = self._judge.row(first + start, cells, record)
                    if row and end - start > 1 and self._swallows(cells):
                        row = row._replace(fault="swallowed_lines")
                    start = end
                    if row:
                        yield row
            except csv.Error:
                orderly = False  # that was said of quotes which pair
                if not ended.reached:
                    yield self._malformed(first + start, lines[start])
                    start += 1
                elif batch.last or hopeless:
                    hopeless = False
                    row, taken = self._unclosed(first + start, lines[start:])
                    yield row
                    start += taken
                else:
                    break
        self._rest = "".join(lines[start:]) + self._rest
        self._line += start

    def _batches(self) -> Iterator[_Batch]:
        pieces: list[str] = []
        waiting = 0
        for piece in self._table_texts():
            pieces.append(piece)
            waiting += len(piece)
            if waiting >= len(self._rest):  # an unfinished record is read again: doubling keeps that linear
                yield from self._whole_lines(self._rest + "".join(pieces))
                while self._is_hopeless():
                    yield from self._whole_lines(self._rest, hopeless=True)
                pieces, waiting = [], 0
        text = self._rest + "".join(pieces)
        if self._texts.failed:
            yield from self._whole_lines(text)
            raise self._unreadable()
        if self._texts.encoding.startswith("utf-16") and is_shifted(text):
            self._rest = ""
            raise self._unreadable()
        self._rest = ""
        yield _Batch(text, split_lines(text), len(text) > self._limits.field_chars, last=True)

    def _table_texts(self) -> Iterator[str]:
        """The texts without the lines above the table."""
        text, above = "", self._above
        for piece in self._texts:
            if not above:
                yield piece
                continue
            text += piece
            lines = split_lines(text)
            if len(lines) > above:  # a line's end is complete once there is text after it
                yield "".join(lines[above:])
                text, above = "", 0
        yield "".join(split_lines(text)[above:])

    def _whole_lines(self, text: str, *, hopeless: bool = False) -> Iterator[_Batch]:
        end = text.rfind("\n") + 1
        end = max(end, text.rfind("\r", end, -1) + 1)  # not the very last: its \n may be on the way
        self._rest = text[end:]
        if end:
            large = end > self._limits.field_chars
            yield _Batch(text[:end], split_lines(text[:end]), large, last=False, hopeless=hopeless)

    def _is_hopeless(self) -> bool:
        """Whether the unfinished record has grown too large because its last quote is never closed.

        Raises BadTable if it is too large for another reason, before more of it is read.
        """
        if len(self._rest) <= self._limits.field_chars:
            return False
        cells = self._readable_cells(self._rest)
        if len(cells[-1]) > self._limits.field_chars and _breaks(cells[-1]):
            return True
        self._check_cells(self._line, cells)
        if not self.header:
            self._judge.check_columns(self._line, cells)
        if len(self._rest) > self._limits.row_chars:
            message = (
                f"The row on line {self._line} is longer than {self._limits.row_chars:,} characters: check "
                "that the file has line breaks, and that no quote is missing before this place."
            )
            raise BadTable(message, code="row_too_large", line=self._line)
        return False

    def _check_cells(self, line: int, cells: list[str]) -> None:
        for column, cell in enumerate(cells, 1):
            if len(cell) > self._limits.field_chars:
                message = (
                    f"The cell on {self._judge.place(line, column)} is longer than "
                    f"{self._limits.field_chars:,} characters: shorten it, or look for a quote or a line "
                    "break that is missing before it."
                )
                raise BadTable(message, code="field_too_large", line=line, column=column)

    def _swallows(self, cells: list[str]) -> bool:
        """Whether a cell holds whole lines, each as wide as the table of three or more columns.

        Several of them, for with fewer lines or columns an address of several lines, which is what belongs in
        quotes, fits too; or one that has an e-mail address where the row itself has one.
        """
        between = self._judge.row_cells - 1
        if between < 2:
            return False
        for column, cell in enumerate(cells):
            if "\n" not in cell and "\r" not in cell:
                continue
            _, *lines = split_lines(cell)
            inner = [line for line in lines[:-1] if line.strip()]
            counts = [line.count(self._layout.delimiter) for line in inner]
            if len(inner) >= _FEWEST_SWALLOWED and all(count == between for count in counts):
                return True
            rows = [line for line, count in zip(inner, counts, strict=True) if count == between]
            # the line that the closing quote stands on goes on in the cells that follow
            rows += [line for line in lines[-1:] if line.count(self._layout.delimiter) == column]
            if any(map(self._has_addresses_of, repeat(cells), rows)):
                return True
        return False

    def _has_addresses_of(self, cells: list[str], line: str) -> bool:
        """Whether a line has an e-mail address in a column in which a row has one."""
        if "@" not in line:
            return False
        pairs = zip(cells, line.split(self._layout.delimiter))  # noqa: B905 - the line may end earlier
        return any(kind_of(cell) == kind_of(other.strip(' "')) == "email" for cell, other in pairs)

    def _malformed(self, line: int, text: str) -> TableRow:
        if not self.header:
            message = (
                f"In the column names on line {line}, text follows a closing quote: write a quote that "
                'belongs to a name twice (""), or remove it.'
            )
            raise BadTable(message, code="stray_quote", line=line)
        return TableRow(line, without_damage(self._readable_cells(text)), "stray_quote")

    def _unclosed(self, line: int, lines: list[str]) -> tuple[TableRow, int]:
        """Return the row whose last quote is never closed, and how many lines it takes: up to that quote."""
        record = "".join(lines)
        cells = self._readable_cells(record)
        taken = _breaks(record) - _breaks(cells[-1]) + 1
        if not self.header:
            message = (
                f"The quote that opens the column name on line {line + taken - 1}, column {len(cells)} is "
                'never closed: close it there, or write it twice ("") if it belongs to the text.'
            )
            raise BadTable(message, code="unclosed_quote", line=line + taken - 1, column=len(cells))
        shown = self._readable_cells("".join(lines[:taken]))
        return TableRow(line, without_damage(shown), "unclosed_quote"), taken

    def _unreadable(self) -> BadTable:
        line = self._line + _breaks(self._rest)
        message = (
            f"From line {line} on the file is not {self._texts.encoding} text: save it as CSV UTF-8, or name "
            "its encoding, such as windows-1252."
        )
        return BadTable(message, code="bad_characters", line=line)

    def _readable_cells(self, record: str) -> list[str]:
        """The cells of one record, finished or not, without complaint about its quotes. At least one."""
        return next(self._layout.reader(split_lines(record), strict=False), []) or [""]


def _are_rows(records: list[list[str]], width: int, row_cells: int) -> bool:
    """Whether all records have so many cells, and none in those after the width."""
    if set(map(len, records)) != {row_cells}:
        return False
    return not any(any(map(itemgetter(at), records)) for at in range(width, row_cells))


def _breaks(text: str) -> int:
    return len(split_lines(text + ".")) - 1
