"""How a table is laid out, decided from its first lines: delimiter, quoting, header row. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from f.records.layout.bad_table import BadTable
from f.records.layout.header_row import Record, Start, find_start, without_empty_end

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

_UNCOMMON = "^~\x01\x1e\x1f"  # seen in exports, and in no prose: refused by name rather than missed
_LINES_LOOKED_AT = 200
_NEARLY_ALL = 0.9  # of the rows in the sample
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)


class CsvReader(Protocol):
    """What csv.reader returns: its own class has a name only from Python 3.13 on."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


class Layout(NamedTuple):
    """What csv.reader has to be told."""

    delimiter: str
    backslash: bool = False
    skip_spaces: bool = False

    def reader(self, lines: Iterable[str], *, strict: bool) -> CsvReader:
        """Return a csv.reader over lines with their ends; if strict, it raises if quotes are not in order."""
        if self.backslash:
            lines = map(self._escapes_only, lines)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            escapechar="\\" if self.backslash else None,
            skipinitialspace=self.skip_spaces,
            strict=strict,
        )

    def _escapes_only(self, line: str) -> str:
        r"""Double each backslash that escapes nothing, so that C:\temp and MySQL's \N stay as they are."""
        if "\\" not in line:
            return line
        escaped = f'["\\\\{re.escape(self.delimiter)}\r\n]'
        return re.sub(rf"\\({escaped})?", lambda found: found[0] if found[1] else r"\\", line)


class Sniffed(NamedTuple):
    """The layout of a sample, and where its table starts.

    `first_line` is the physical line, from 1, of the column names, or of the first row if there are none.
    `skipped` are the lines above it that are neither blank nor Excel's `sep=`. `row_cells` is how many cells
    nearly all rows of the sample have, 0 if there is no such number, and `width` how many of them count:
    those after it are empty in nearly all rows and have no name.
    """

    layout: Layout
    first_line: int
    has_header: bool
    skipped: tuple[int, ...]
    width: int
    row_cells: int


def sniff(
    text: str,
    delimiter: str | None,
    has_header: bool | None,
    header_row: int | None = None,
    knows: Callable[[str], bool] | None = None,
) -> Sniffed:
    """Decide the layout of a table that begins with `text` (whole lines, unless it is but a part of one).

    `delimiter` and `header_row` are taken as given; with `has_header` False, the table starts at the top.
    Raises BadTable: unknown_delimiter, header_row_not_found, header_below_rows.
    """
    lines = split_lines(text)[:_LINES_LOOKED_AT]
    excel = _SEP_LINE.match(lines[0]) if lines else None
    above = 1 if excel else 0
    if header_row is not None:
        above = _above(header_row, lines)
    body = lines[above:]
    if delimiter is not None:
        candidates: tuple[str, ...] = (_checked(delimiter),)
    else:
        candidates = (_checked(excel[1]),) if excel else DELIMITERS
    fixed = header_row is not None
    trials = [_best_quoting(body, each, has_header, knows, fixed=fixed) for each in candidates]
    best = max(trials, key=lambda trial: trial.score)
    if len(candidates) > 1 and best.width < 2:
        _refuse_uncommon(body)
    start = best.start
    first_line = (start.line if start else 1) + above
    if start and start.names_below:
        raise _header_below(start.names_below + above, first_line)
    skipped = [number for number in range(1, first_line) if lines[number - 1].strip()]
    width, row_cells = _widths(best, with_header=start.has_header if start else True)
    return Sniffed(
        best.layout,
        first_line,
        has_header is not False if not start else start.has_header,
        tuple(skipped[1:] if excel and skipped[:1] == [1] else skipped),
        width,
        row_cells,
    )


def split_lines(text: str) -> list[str]:
    r"""Return physical lines with their ends: \n, \r\n or \r, and no other break that splitlines knows."""
    lines = text.splitlines(keepends=True)
    if len(lines) == text.count("\n") + (not text.endswith("\n")):
        return lines  # every break was a \n; this is five times as fast as reading a StringIO
    return list(io.StringIO(text, newline=""))


def find_newline(text: str) -> str:
    """Return the line end that most lines of the sample have."""
    pairs = text.count("\r\n")
    counts = {"\n": text.count("\n") - pairs, "\r\n": pairs, "\r": text.count("\r") - pairs}
    return max(counts, key=lambda end: counts[end])


class _Trial(NamedTuple):
    """How well a layout explains the sample: the share of its records that are as wide as the table."""

    layout: Layout
    fit: float
    width: int
    records: list[Record]
    start: Start | None

    @property
    def score(self) -> tuple[bool, float, int]:
        return self.width > 1, self.fit, self.width


def _above(header_row: int, lines: list[str]) -> int:
    if 1 <= header_row <= len(lines) and lines[header_row - 1].strip():
        return header_row - 1
    message = (
        f"The column names were said to be on line {header_row}, where the file has nothing: give the number "
        f"of a line that is not blank, among the first {_LINES_LOOKED_AT}, counted from 1."
    )
    raise BadTable(message, code="header_row_not_found", line=max(header_row, 1))


def _header_below(header: int, row: int) -> BadTable:
    message = (
        f"Line {header} has column names, and line {row} above it looks like a row of the table. Say with "
        f"header_row {header} that what stands above is no part of it, or move the names to the top."
    )
    return BadTable(message, code="header_below_rows", line=header)


def _widths(trial: _Trial, *, with_header: bool) -> tuple[int, int]:
    """Return how many cells of a row count, and how many nearly all rows have; 0 and 0 without evidence."""
    if not trial.start:
        return 0, 0
    records = [cells for _, cells in trial.records[trial.start.at :]]
    rows = [cells for cells in records[with_header:] if cells]
    if not rows:
        return 0, 0
    usual, often = Counter(map(len, rows)).most_common(1)[0]
    if not with_header:
        return usual, usual
    if often < _NEARLY_ALL * len(rows):
        return 0, 0
    names = len(without_empty_end(records[0]))
    surplus = sum(any(cells[names:]) for cells in rows)
    if surplus <= (1 - _NEARLY_ALL) * len(rows):
        return (names, usual) if usual >= names else (0, 0)
    return (usual, usual) if usual == len(records[0]) else (0, 0)


def _checked(delimiter: str) -> str:
    if len(delimiter) == 1 and not delimiter.isalnum() and delimiter not in '"\\\r\n \0':
        return delimiter
    message = (
        "The delimiter that was named cannot separate cells: use one character, such as a comma, a "
        "semicolon, a tab or a vertical bar."
    )
    raise BadTable(message, code="unknown_delimiter")


def _best_quoting(
    lines: list[str],
    delimiter: str,
    has_header: bool | None,
    knows: Callable[[str], bool] | None,
    *,
    fixed: bool,
) -> _Trial:
    """RFC 4180 quoting, unless backslashes or spaces before quotes explain the sample better.

    Where spaces before quotes explain it as well, they do if cells would keep the quotes around them.
    """
    text = "".join(lines)
    plain = Layout(delimiter)
    layouts = [plain]
    if '\\"' in text:
        layouts.append(plain._replace(backslash=True))
    if f'{delimiter} "' in text:
        layouts += [layout._replace(skip_spaces=True) for layout in layouts]
    trials = (_try(lines, layout, has_header, knows, fixed=fixed) for layout in layouts)
    return max(trials, key=lambda trial: (trial.fit, -_left_in_quotes(trial.records)))


def _left_in_quotes(records: list[Record]) -> int:
    """How many cells are a space and a text in quotes."""
    return sum(
        cell[:1] == " " and cell.strip()[:1] == '"' == cell.rstrip()[-1:]
        for _, cells in records
        for cell in cells
    )


def _try(
    lines: list[str],
    layout: Layout,
    has_header: bool | None,
    knows: Callable[[str], bool] | None,
    *,
    fixed: bool,
) -> _Trial:
    records = [
        Record(line, cells or _cells_of_line(lines[line - 1], layout) if number == 0 else cells)
        for number, (line, cells) in enumerate(_records(lines, layout))
    ]
    if not records:
        return _Trial(layout, 0, 0, records, None)
    start = find_start(records, has_header, knows, fixed=fixed)
    width = start.width
    body = records[start.at :]
    fitting = sum(len(without_empty_end(cells)) <= width <= len(cells) for _, cells in body)
    return _Trial(layout, fitting / len(records), width, records, start)


def _cells_of_line(line: str, layout: Layout) -> list[str]:
    return next(layout.reader([line], strict=False))


def _records(lines: list[str], layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Records with the line they start on; one that is not properly quoted comes without cells."""
    reader = layout.reader(lines, strict=True)
    start = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield start, []
        else:
            if any(map(str.strip, cells)):
                yield start, cells
        start = reader.line_num + 1


def _refuse_uncommon(lines: list[str]) -> None:
    written = [line for line in lines if line.strip()]
    for character in _UNCOMMON:
        counts = Counter(line.count(character) for line in written)
        if len(written) > 1 and len(counts) == 1 and counts[0] == 0:
            message = (
                f"The cells seem to be separated by {character!r}, not by a comma, semicolon, tab or "
                "vertical bar: name it as the delimiter, or save the file with one of those."
            )
            raise BadTable(message, code="unknown_delimiter", line=1)
