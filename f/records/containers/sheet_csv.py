"""A sheet's rows as CSV (RFC 4180, UTF-8 with its mark, LF): each row on the line of its own number.

A cell with line breaks makes its row several lines long, so what comes after stands on later lines than it
does in the sheet: `RowNumbers` knows by how many.
"""

from __future__ import annotations

import codecs
import csv
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from f.records.containers.limits import LIMITS, PIECE_BYTES, Limits, too_large

_ROWS_FOR_WIDTH = 200  # among which the column names stand, which are as wide as the table

Row = tuple[int, list[str]]


class RowNumbers:
    """Which row of the sheet a line of the CSV is, for lines that have been written."""

    def __init__(self) -> None:
        self._ends = array("Q")  # the last line of each row that has several
        self._surplus = array("Q")  # how many lines too many there are up to it

    def add(self, last_line: int, surplus: int) -> None:
        """Note a row of several lines by its last line, and how many lines too many there are by then."""
        self._ends.append(last_line)
        self._surplus.append(surplus)

    def row_at(self, line: int) -> int:
        """Return the row that begins on a line, both counted from 1."""
        before = bisect_right(self._ends, line - 1)
        return line - self._surplus[before - 1] if before else line

    def __bool__(self) -> bool:
        return bool(self._ends)


def sheet_csv(
    rows: Iterable[Row], numbers: RowNumbers, what: str, limits: Limits = LIMITS
) -> Iterator[bytes]:
    """Yield the CSV of rows with ascending numbers; numbers that are missing become empty lines.

    Every row is as wide as the widest of the first ones, for a sheet says nothing of cells that are empty.
    """
    source = iter(rows)
    first = list(islice(source, _ROWS_FOR_WIDTH))
    width = max((len(cells) for _, cells in first), default=0)
    texts = _Texts()
    write = csv.writer(texts, lineterminator="\n").writerow
    yield codecs.BOM_UTF8
    lines = row = total = 0
    for number, cells in chain(first, source):
        if number - row > 1:
            texts.write("\n" * (number - row - 1))
            lines += number - row - 1
        write(cells if len(cells) >= width else cells + [""] * (width - len(cells)))
        breaks = texts.written[-1].count("\n")
        lines, row = lines + breaks, number
        if breaks > 1:
            numbers.add(lines, lines - number)
        if texts.chars >= PIECE_BYTES:
            piece = texts.take()
            total += len(piece)
            if total > limits.unpacked_bytes:
                raise too_large(what, f"holds more than {limits.unpacked_bytes // 1_000_000:,} MB of text")
            yield piece
    yield texts.take()


class _Texts:
    """What csv.writer writes to."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.chars = 0

    def write(self, text: str) -> None:
        self.written.append(text)
        self.chars += len(text)

    def take(self) -> bytes:
        data = "".join(self.written).encode(errors="replace")
        self.written.clear()
        self.chars = 0
        return data
