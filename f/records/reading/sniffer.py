"""How a table is laid out, decided from its first lines: delimiter, quoting, header row. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, Protocol

from f.records.reading.bad_table import BadTable

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

_UNCOMMON = "^~\x01\x1e\x1f"  # seen in exports, and in no prose: refused by name rather than missed
_LINES_LOOKED_AT = 200
_SEP_LINE = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMERIC = frozenset("0123456789 .,:/+-()%€$£")  # numbers, amounts, dates, times, numbers to dial
_LONGEST_VALUE = 320  # an e-mail address's length; beyond it every cell is text


class CsvReader(Protocol):
    """What csv.reader returns: its own class has a name only from Python 3.13 on."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


class Layout(NamedTuple):
    """What csv.reader has to be told, and whether the first line is Excel's `sep=;`."""

    delimiter: str
    backslash: bool = False
    skip_spaces: bool = False
    sep_line: bool = False

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
    """The layout of a sample, and the line of its first row where that row is data, not column names."""

    layout: Layout
    data_line: int | None


def sniff(text: str, delimiter: str | None, has_header: bool | None) -> Sniffed:
    """Decide the layout of a table that begins with `text` (whole lines, unless it is but a part of one).

    `delimiter` is taken as given; with `has_header` False, the first line may be unlike the others.
    Raises BadTable: unknown_delimiter, no_header_row.
    """
    lines = split_lines(text)[:_LINES_LOOKED_AT]
    excel = _SEP_LINE.match(lines[0]) if lines else None
    body = lines[1:] if excel else lines
    if delimiter is not None:
        candidates: tuple[str, ...] = (_checked(delimiter),)
    else:
        candidates = (_checked(excel[1]),) if excel else DELIMITERS
    best = max((_best_quoting(body, each) for each in candidates), key=lambda trial: trial.score)
    if len(candidates) > 1 and best.width < 2:
        _refuse_uncommon(body)
        if has_header is not False:
            _refuse_title_line(body)
    layout = best.layout._replace(sep_line=excel is not None)
    records = list(_records(body, layout))
    if not records or _is_header([cells for _, cells in records]):
        return Sniffed(layout, None)
    return Sniffed(layout, records[0][0] + len(lines) - len(body))


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
    """How well a layout explains the sample: the share of rows as wide as the header."""

    layout: Layout
    fit: float
    width: int

    @property
    def score(self) -> tuple[bool, float, int]:
        return self.width > 1, self.fit, self.width


def _checked(delimiter: str) -> str:
    if len(delimiter) == 1 and not delimiter.isalnum() and delimiter not in '"\\\r\n \0':
        return delimiter
    message = (
        "The delimiter that was named cannot separate cells: use one character, such as a comma, a "
        "semicolon, a tab or a vertical bar."
    )
    raise BadTable(message, code="unknown_delimiter")


def _best_quoting(lines: list[str], delimiter: str) -> _Trial:
    """RFC 4180 quoting, unless backslashes or spaces before quotes explain the sample strictly better."""
    text = "".join(lines)
    plain = Layout(delimiter)
    layouts = [plain]
    if '\\"' in text:
        layouts.append(plain._replace(backslash=True))
    if f'{delimiter} "' in text:
        layouts += [layout._replace(skip_spaces=True) for layout in layouts]
    return max((_try(lines, layout) for layout in layouts), key=lambda trial: trial.fit)


def _try(lines: list[str], layout: Layout) -> _Trial:
    width = fitting = total = 0
    for line, cells in _records(lines, layout):
        total += 1
        if width == 0:
            width = len(_without_empty_end(cells or _cells_of_line(lines[line - 1], layout)))
        fitting += len(_without_empty_end(cells)) <= width <= len(cells)
    return _Trial(layout, fitting / total if total else 0, width)


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


def _without_empty_end(cells: list[str]) -> list[str]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


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


def _refuse_title_line(lines: list[str]) -> None:
    """A first line of one cell over rows of several is a title, and must not pass for the header."""
    for delimiter in DELIMITERS:
        widths = [len(cells) for _, cells in _records(lines, Layout(delimiter))][1:]
        if len(widths) < 3:
            continue
        width, often = Counter(widths).most_common(1)[0]
        if width > 1 and often >= 0.9 * len(widths):
            message = (
                f"The first line has one column, but the lines after it have {width}, separated by a "
                f"{NAMES[delimiter]}: remove what stands above the column names, or put the values in quotes."
            )
            raise BadTable(message, code="no_header_row", line=1)


def _is_header(records: list[list[str]]) -> bool:
    """Column names, unless a cell is an e-mail address or more columns begin with their own kind of value."""
    kinds = [_kind(cell) for cell in records[0]]
    if "email" in kinds:
        return False
    names = values = 0
    for index, kind in enumerate(kinds):
        below = {_kind(cells[index]) for cells in records[1:] if index < len(cells)} - {"empty"}
        if below in ({"number"}, {"email"}):
            names += kind == "text"
            values += kind in below
    return names >= values


def _kind(cell: str) -> Literal["empty", "email", "number", "text"]:
    text = cell.strip()[:_LONGEST_VALUE]
    if not text:
        return "empty"
    if _EMAIL.fullmatch(text):
        return "email"
    return "number" if _NUMERIC.issuperset(text) and any(map(str.isdigit, text)) else "text"
