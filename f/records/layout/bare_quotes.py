"""Quotes that stand inside a cell without quotes: which are harmless, and which shift a row. Pure.

`5"` and `Bob "Bobby" Smith` are text: the row keeps its width, and only a warning says so. A quote whose
pair stands in another cell is most likely the rest of a quoted cell that lost its place, as in
`x "Berlin, DE" y`: what should be one cell is two, whatever the row's width. Inch marks, which follow a
digit, pair with nothing.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f.records.layout.sniffer import Layout

_INCHES = re.compile(r'\d"')


def may_have(text: str, delimiter: str) -> bool:
    """Return whether a quote may stand anywhere but at the edge of a cell: quick, and sure only if False."""
    if '"' not in text:
        return False
    if text[0] == '"':
        end = '"\r\n"' if "\r\n" in text else '"\n"'
        if text.count('"') == 2 * (text.count(f'"{delimiter}"') + text.count(end)) + 2:
            return False  # every cell is in quotes
    return '"' in _quoted_cell(delimiter).sub("", text)


def bare_quotes(record: str, layout: Layout) -> list[str]:
    """Return the cells of one record that have a quote inside and none around them."""
    if layout.backslash:
        record = re.sub(r"\\.", "", record)
    found, at = [], 0
    cell = _cell(layout.delimiter, skip_spaces=layout.skip_spaces)
    while at < len(record):
        match = cell.match(record, at)
        assert match is not None  # a cell may be empty
        if match["bare"] and '"' in match["bare"]:
            found.append(match["bare"])
        at = match.end() + 1
    return found


def split_a_cell(bare: list[str]) -> bool:
    """Return whether the bare quotes of a record pair over a delimiter, so that its cells are not its own."""
    return sum(text.count('"') % 2 == 1 and not _INCHES.search(text) for text in bare) > 1


@cache
def _quoted_cell(delimiter: str) -> re.Pattern[str]:
    """A whole cell in quotes, those inside it written twice; a literal comes first, as it is found fast."""
    edge = re.escape(delimiter) + r"\r\n"
    return re.compile(rf'"(?<![^{edge}]")(?:[^"]++|"")*+"(?![^{edge}])')


@cache
def _cell(delimiter: str, *, skip_spaces: bool) -> re.Pattern[str]:
    between = re.escape(delimiter)
    lead = " *" if skip_spaces else ""
    return re.compile(rf'{lead}"(?:[^"]|"")*+"(?=[{between}\r\n]|\Z)|(?P<bare>[^{between}\r\n]*+)')
