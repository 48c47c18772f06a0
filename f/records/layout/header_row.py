"""Where a table starts: at its column names, at its first row if it has none, below what is no part of it.

Exports put titles, dates and account numbers above a table:

    Umsatzanzeige;
    Konto;DE00 1234
    (a blank line)
    Buchungstag;Name;Betrag

A row of data must never be taken for such a line, so a line is skipped only if it is narrower than the
table, or holds next to nothing and names that differ in kind from the values below follow it. Whoever calls
may know some column names; a line with several of them is the header. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Literal, NamedTuple

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMERIC = frozenset("0123456789 .,:/+-()%€$£")  # numbers, amounts, dates, times, numbers to dial
_LONGEST_VALUE = 320  # an e-mail address's length; beyond it every cell is text
_LINES_ABOVE = 30  # records that may stand above a table
_NEARLY_ALL = 0.9

Kind = Literal["empty", "email", "number", "text"]


class Record(NamedTuple):
    """The cells of one record, none if it is not properly quoted, and the physical line it starts on."""

    line: int
    cells: list[str]


class Start(NamedTuple):
    """The record that a table starts with: its index and line, and whether it holds the column names.

    `names_below` is the line of known names below what looks like a row; 0 if there is none.
    """

    at: int
    line: int
    has_header: bool
    width: int
    names_below: int = 0


def find_start(
    records: list[Record],
    has_header: bool | None,
    knows: Callable[[str], bool] | None,
    *,
    fixed: bool = False,
) -> Start:
    """Return where the table in `records`, at least one, starts; if `fixed`, it starts at the first.

    `has_header` is taken as given if it is not None; where it is False, no record is skipped.
    """
    if fixed or has_header is False:
        return _start(records, 0, has_header is not False)
    named = _by_names(records, knows) if knows else None
    if named is not None:
        wide = [index for index in range(named) if _is_row(records, index, named)]
        if not wide:
            return _start(records, named, has_header=True)
        start = _start(records, wide[0], has_header is True)
        doubtful = has_header is None and knows and _is_surely_named(records[named].cells, knows)
        return start._replace(names_below=records[named].line) if doubtful else start
    index, certain = _below_titles(records)
    if has_header and not certain:  # a header that is only guessed must not hide another
        index = 0
    looks = certain if index else _is_header(records)
    return _start(records, index, has_header is True or looks)


def without_empty_end(cells: list[str]) -> list[str]:
    """Return the cells up to the last that is not empty."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _start(records: list[Record], index: int, has_header: bool) -> Start:
    line, cells = records[index]
    usual = _usual_width(records[index:])
    if has_header:
        names = len(without_empty_end(cells))
        return Start(index, line, True, usual if names == 1 and usual == len(cells) else names)
    return Start(index, line, False, usual if usual > 1 else len(without_empty_end(cells)))


def _by_names(records: list[Record], knows: Callable[[str], bool]) -> int | None:
    """Return the index of the record with the known column names, if one has enough of them."""
    counts = [sum(map(knows, filter(str.strip, cells))) for _, cells in records[: _LINES_ABOVE + 1]]
    most = max(counts)
    for index, count in enumerate(counts):
        if count * 2 > most and (count >= 2 or (count == 1 and _filled(records[index].cells) == 1)):
            return index
    return None


def _is_surely_named(cells: list[str], knows: Callable[[str], bool]) -> bool:
    """Whether most cells of a record are known column names, and two at least."""
    known = sum(map(knows, filter(str.strip, cells)))
    return known > 1 and known * 2 > _filled(cells)


def _is_row(records: list[Record], index: int, header: int) -> bool:
    """Whether a record above the header is as wide as the table, and looks like data."""
    cells, width = records[index].cells, len(records[header].cells)
    kinds = set(map(kind_of, cells))
    return (
        len(cells) >= width > 1
        and _filled(cells) * 3 > width * 2
        and not kinds.isdisjoint({"number", "email"})
    )


def _below_titles(records: list[Record]) -> tuple[int, bool]:
    """Return the index of the first record that is no title, and whether it is sure to hold column names.

    A narrow line with several cells, such as an account and its number, is a title only if it is sure.
    """
    width = _usual_width(records)
    lead = _leading(records, lambda cells: _is_title(cells, width) or len(cells) < width)
    if lead and _contrast(records[lead:]) > 0 and _fit(records[lead + 1 :], width):
        return lead, True
    lead = _leading(records, lambda cells: _is_title(cells, width))
    if not lead or not _fit(records[lead + 1 :], width):
        return 0, False
    names = records[lead]
    certain = _contrast(records[lead:]) > 0
    padded = any(len(cells) >= width for _, cells in records[:lead])
    if padded and not certain:
        return 0, False
    apart = names.line - records[lead - 1].line > 1  # a blank line lies between
    whole = all(map(str.strip, without_empty_end(names.cells)))
    return lead, certain or (apart and whole and _is_header(records[lead:]))


def _leading(records: list[Record], is_above: Callable[[list[str]], bool]) -> int:
    """How many of the first records are above a table, of which at least one record is left."""
    most = min(_LINES_ABOVE, len(records) - 1)
    return next((at for at in range(most) if not is_above(records[at].cells)), most)


def _fit(records: list[Record], width: int) -> bool:
    """Whether nearly all records, and one at least, are as wide as the table."""
    fitting = sum(len(without_empty_end(cells)) <= width <= len(cells) for _, cells in records)
    return bool(records) and fitting >= _NEARLY_ALL * len(records)


def _is_title(cells: list[str], width: int) -> bool:
    if width < 2:
        return False
    filled = _filled(cells)
    return len(cells) == 1 or (width > 2 and (filled == 1 or filled * 2 <= width))


def _usual_width(records: list[Record]) -> int:
    """The number of cells that most records have; of two that are as frequent, the greater."""
    counts = Counter(len(cells) for _, cells in records if cells)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _is_header(records: list[Record]) -> bool:
    """Column names, unless a cell is an e-mail address or more columns begin with their own kind of value."""
    return all(kind_of(cell) != "email" for cell in records[0].cells) and _contrast(records) >= 0


def _contrast(records: list[Record]) -> int:
    """How many more columns of numbers or addresses begin with a text than with one of their own kind."""
    names = values = 0
    for index, cell in enumerate(records[0].cells):
        below = Counter(kind_of(cells[index]) for _, cells in records[1:] if index < len(cells))
        del below["empty"]
        for kind in ("number", "email"):
            if below[kind] and below[kind] >= _NEARLY_ALL * below.total():
                own = kind_of(cell)
                names += own == "text"
                values += own == kind
    return names - values


def _filled(cells: list[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def kind_of(cell: str) -> Kind:
    """Return what a cell looks like."""
    text = cell.strip()[:_LONGEST_VALUE]
    if not text:
        return "empty"
    if _EMAIL.fullmatch(text):
        return "email"
    return "number" if _NUMERIC.issuperset(text) and any(map(str.isdigit, text)) else "text"
