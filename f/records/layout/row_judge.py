"""What a record is: the column names, nothing, or a row, with what is wrong with it. Pure.

A row that lost or gained a delimiter must not pass for a good one, since its values stand in the wrong
columns. So every row has as many cells as nearly all rows of the sample, also where the last ones are empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from f.records.layout.bad_table import BadTable
from f.records.layout.bare_quotes import bare_quotes, may_have, split_a_cell
from f.records.layout.encoding import UNDECODABLE
from f.records.layout.header_row import kind_of, without_empty_end

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from f.records.layout.notes import Noticed
    from f.records.layout.sniffer import Sniffed

RowFault = Literal[
    "wrong_column_count",
    "stray_quote",
    "bare_quote",
    "swallowed_lines",
    "unclosed_quote",
    "undecodable",
    "nul_byte",
    "repeated_header",
    "excluded",
]

_FEWEST_SHARED = 2  # names, by which a line is another header
_MOST_TORN = 50  # lines of one cell
_LONGEST_NAME_SHOWN = 60
_REPLACEMENT = "\ufffd"
_ACCENTS_ELSEWHERE = "accents"


class TableRow(NamedTuple):
    """One row: the physical line it starts on, counted from 1, its cells, and what is wrong with it.

    wrong_column_count: more or fewer cells than the other rows have. stray_quote: text follows a closing
    quote; the cells are the line's, read as well as can be. bare_quote: quotes inside cells without quotes,
    in a row of another width or paired over a delimiter. swallowed_lines: a quoted cell holds lines that
    each look like a row of the table, most likely because a quote too many stands before them.
    unclosed_quote: no quote closes the last cell; the next line is read as a row of its own. undecodable,
    nul_byte: bytes that are not text, each shown as U+FFFD. repeated_header: the column names once more.
    excluded: a person took the row out.
    """

    line: int
    cells: list[str]
    fault: RowFault | None


class Limits(NamedTuple):
    """What one file may ask of memory. A row may outgrow its limit severalfold before it is noticed."""

    field_chars: int
    row_chars: int
    columns: int


class RowJudge:
    """Takes the first record as the header, where there is one, and judges the others by it.

    `header` is empty until then. `width` is the number of columns, `row_cells` that of a row's cells, of
    which those after the last column are empty. `blank` is the line of the last blank record.
    """

    def __init__(self, sniffed: Sniffed, limits: Limits, noticed: Noticed) -> None:
        self.header: tuple[str, ...] = ()
        self.width = self.row_cells = self.blank = 0
        self._names: frozenset[str] = frozenset()
        self._sniffed = sniffed
        self._limits = limits
        self._noticed = noticed

    def row(self, line: int, cells: list[str], record: str) -> TableRow | None:
        """Return the row that a record is, or None for the header and for a blank line.

        `record` is its text, empty if its quotes and characters are known to be in order.
        Raises BadTable: too_many_columns, bad_characters, nul_byte, each of the header.
        """
        if not any(map(str.strip, cells)):
            self.blank = line
            return None
        if not self.header:
            self._name_columns(line, cells)
            if self._sniffed.has_header:
                return None
        if not record and len(cells) == self.width == self.row_cells and cells[0] != self.header[0]:
            return TableRow(line, cells, None)
        fault = self._fault(line, cells, record)
        if fault is None:
            del cells[self.width :]
        elif fault in {"undecodable", "nul_byte"}:
            cells = without_damage(cells)
        return TableRow(line, cells, fault)

    def may_name_columns(self, text: str) -> bool:
        """Return whether a line of a text may have all column names: quick, and sure only if False."""
        return all(name in text for name in self._names if '"' not in name)

    def names_other_columns(self, cells: list[str]) -> bool:
        """Return whether cells are column names again, in other columns.

        What stands below them must not be read by the first names.
        """
        if self._names.isdisjoint(cells):
            return False
        names = [cell.strip() for cell in cells if cell.strip()]
        shared = self._names.intersection(cells)
        moved = any(cell in shared and cell != name for cell, name in zip(cells, self.header, strict=False))
        return (
            moved
            and len(shared) >= _FEWEST_SHARED
            and len(shared) * 2 >= len(names)
            and len(set(names)) == len(names)
            and all(kind_of(name) == "text" for name in names)
        )

    def with_torn(self, rows: Iterable[TableRow]) -> Iterator[TableRow]:
        """Yield rows; a good one is a bare_quote if the rest of its last cell stands on the line below.

        That shows where a quote closes there that none has opened: the one before the cell is missing.
        """
        waiting: list[TableRow] = []  # a good row, and lines below it without a delimiter
        for row in rows:
            if waiting and row.fault == "bare_quote" and self._is_rest(row.cells):
                waiting[0] = waiting[0]._replace(fault="bare_quote")
            elif (
                waiting
                and row.fault == "wrong_column_count"
                and len(row.cells) == 1
                and len(waiting) < _MOST_TORN
            ):
                waiting.append(row)
                continue
            yield from waiting
            waiting = [] if row.fault else [row]
            if row.fault:
                yield row
        yield from waiting

    def _is_rest(self, cells: list[str]) -> bool:
        first = cells[0]
        return len(cells) < self.row_cells and first[-1:] == '"' and first.count('"') % 2 == 1

    def place(self, line: int, column: int) -> str:
        """Return the words for a cell's place; columns count from 1."""
        if not self._sniffed.has_header or column > len(self.header):
            return f"line {line}, column {column}"
        name = " ".join(self.header[column - 1].split())
        return f"line {line}, column {column} ({name[:_LONGEST_NAME_SHOWN]})"

    def check_columns(self, line: int, cells: list[str]) -> None:
        """Raise BadTable (too_many_columns) if a record has more cells than a table may have columns."""
        if len(cells) <= self._limits.columns:
            return
        message = (
            f"Line {line} has more than {self._limits.columns:,} columns: check the delimiter, and that the "
            "file has line breaks."
        )
        raise BadTable(message, code="too_many_columns", line=line)

    def has_accents(self, line: int) -> None:
        """Take note that text outside ASCII was read well, by which undecodable rows are measured."""
        self._noticed.count(_ACCENTS_ELSEWHERE, line)

    def close(self, encoding: str) -> None:
        """Make notes of what was counted while the rows were read."""
        self._noticed.close(
            "quote_in_cell",
            "quote_in_cell",
            'a quote stands inside a cell that is not in quotes, as in 5". It was kept as it is; compare '
            "these rows with the file.",
        )
        bad = self._noticed.counted("undecodable")
        if bad > self._noticed.counted(_ACCENTS_ELSEWHERE):
            self._noticed.close(
                "undecodable",
                "mostly_undecodable",
                f"bytes that are not {encoding} text, and hardly a row with letters outside ASCII is: say "
                "with encoding what the file is, such as windows-1252.",
            )

    def _name_columns(self, line: int, cells: list[str]) -> None:
        self.check_columns(line, cells)
        sniffed = self._sniffed
        if not sniffed.has_header:
            self.width = sniffed.width or len(cells)
            self.row_cells = sniffed.row_cells or len(cells)
            self.header = tuple(f"column_{number}" for number in range(1, self.width + 1))
            self._names = frozenset(self.header)
            return
        names = without_empty_end(cells)
        self._refuse_damage(line, names)
        self.width = sniffed.width or len(names)
        self.row_cells = sniffed.row_cells or len(cells)
        self.header = (*names, *[""] * (self.width - len(names)))
        self._names = frozenset(filter(str.strip, names))
        if self.row_cells > len(cells):
            self._noticed.add(
                "trailing_delimiters",
                line,
                "Nearly all rows end in more delimiters than the column names: the empty cells behind "
                "the last column were left out. If a name is missing here, the values stand in the wrong "
                "columns: add it.",
            )

    def _refuse_damage(self, line: int, names: list[str]) -> None:
        for column, name in enumerate(names, 1):
            if UNDECODABLE in name or "\0" in name:
                raise BadTable(
                    f"The column name on line {line}, column {column} holds bytes that are not text: save "
                    "the file as CSV UTF-8, or name its encoding, such as windows-1252.",
                    code="nul_byte" if "\0" in name else "bad_characters",
                    line=line,
                    column=column,
                )

    def _fault(self, line: int, cells: list[str], record: str) -> RowFault | None:
        if UNDECODABLE in record:
            self._noticed.count("undecodable", line)
            return "undecodable"
        if "\0" in record:
            return "nul_byte"
        if not record.isascii():
            self.has_accents(line)
        fits = len(cells) == self.row_cells and not any(cells[self.width :])
        layout = self._sniffed.layout
        bare = bare_quotes(record, layout) if record and may_have(record, layout.delimiter) else []
        if bare and (not fits or split_a_cell(bare)):
            return "bare_quote"
        if not fits:
            return "wrong_column_count"
        if bare:
            self._noticed.count("quote_in_cell", line)
        named = self._sniffed.has_header and cells[0] == self.header[0]
        if named and tuple(cells[: self.width]) == self.header:
            return "repeated_header"
        return None


def explain_fault(row: TableRow, header: tuple[str, ...], encoding: str) -> str:
    """Return what is to be said of a row's fault beyond the fault's own text; names no cell."""
    if row.fault in {"wrong_column_count", "bare_quote"}:
        return f"{len(row.cells)} cells, the header has {len(header)}"
    if row.fault in {"undecodable", "nul_byte"}:
        names = [
            header[number] if number < len(header) else f"column {number + 1}"
            for number, cell in enumerate(row.cells)
            if _REPLACEMENT in cell
        ]
        return f"Not {encoding} text: {', '.join(map(repr, names))}."
    return ""


def without_damage(cells: list[str]) -> list[str]:
    """Return the cells with the replacement character for what is not text: no store takes the others."""
    return [cell.replace(UNDECODABLE, _REPLACEMENT).replace("\0", _REPLACEMENT) for cell in cells]
