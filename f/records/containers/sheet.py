"""A worksheet's rows as texts, each with its number, out of the XML as it streams by.

    <row r="2"><c r="A2" t="s"><v>0</v></c><c r="C2" s="3"><v>44197</v></c></row>

`t` is the type of a value (s: index of a shared text), `s` its style. Both numbers may be missing: then they
go on counting. Of a formula the value counts that was stored with it.
"""

# ruff: noqa: D102 - Handler says what its methods are for

from __future__ import annotations

import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from f.connect.errors import FixInput
from f.records.containers.cell_text import (
    column_of,
    dated_text,
    iso_text,
    number_text,
    plain_text,
)
from f.records.containers.limits import LIMITS, Limits, damaged
from f.records.containers.markup import Attributes, Handler

if TYPE_CHECKING:
    from f.records.containers.cell_text import Kind
    from f.records.containers.shared_strings import SharedStrings
    from f.records.containers.styles import Styles

MOST_ROWS = 1_048_576  # Excel's own limits
_MOST_COLUMNS = 16_384
_DIGITS = "0123456789"
_ROW_DIGITS = 7
_LETTERS = string.ascii_uppercase
_TEXTS = frozenset({"v", "t"})
_TRUTHS = {"0": "FALSE", "1": "TRUE", "false": "FALSE", "true": "TRUE"}


class SheetHandler(Handler):
    """Collects rows: `take` returns those that are complete. Rows without any text are left out."""

    def __init__(
        self, what: str, strings: SharedStrings, styles: Styles, *, from_1904: bool, limits: Limits = LIMITS
    ) -> None:
        super().__init__()
        self.unevaluated = Unevaluated()
        self.merged = Merged()
        self._cells = _Cells(what, limits, _CellTexts(what, strings, styles, from_1904=from_1904))

    def take(self) -> list[tuple[int, list[str]]]:
        """Return the rows read since the last call: numbers from 1, cells up to the last with a text."""
        rows, self._cells.complete = self._cells.complete, []
        return rows

    def start(self, name: str, attributes: Attributes) -> None:
        cells = self._cells
        if name in _TEXTS:
            self.parts.clear()
        elif name == "c":
            cells.begin_cell(attributes)
        elif name == "row":
            cells.begin_row(attributes.get("r"))
        elif name == "f":
            cells.has_formula = True
        elif name == "rPh":
            cells.is_reading = True
        elif name == "mergeCell":
            self.merged.add(attributes.get("ref", ""))

    def end(self, name: str) -> None:
        cells = self._cells
        if name in _TEXTS:
            if cells.is_reading:
                self.parts.clear()
            else:
                cells.value += self.taken()
        elif name == "c":
            if cells.has_formula and not cells.value and cells.type != "str":  # whose result is empty text
                self.unevaluated.add(cells.row)
            cells.end_cell()
        elif name == "row":
            cells.end_row()
        elif name == "rPh":
            cells.is_reading = False


@dataclass(slots=True)
class _Cells:
    """The row and the cell that are being read; outside of a row, cells are none."""

    what: str
    limits: Limits
    texts: _CellTexts
    complete: list[tuple[int, list[str]]] = field(default_factory=list)
    row: int = 0
    texts_of_row: list[str] | None = None
    chars: int = 0  # in the row
    column: int = -1
    columns: dict[str, int] = field(default_factory=dict)  # by their letters
    type: str = "n"
    style: str = ""
    value: str = ""
    is_open: bool = False
    has_formula: bool = False
    is_reading: bool = False  # within how a text is read aloud, which is no part of it

    def begin_row(self, number: str | None) -> None:
        row = self.row + 1 if number is None else int(number)
        if not self.row < row <= MOST_ROWS or self.texts_of_row is not None:
            raise damaged(self.what, f"row {row} follows row {self.row}")
        self.row, self.texts_of_row, self.column, self.chars = row, [], -1, 0

    def begin_cell(self, attributes: Attributes) -> None:
        if self.is_open:
            raise damaged(self.what, f"a cell of row {self.row} lies in another one")
        reference = attributes.get("r")
        if reference is None:
            self.column += 1
        else:
            letters = reference.rstrip(_DIGITS)
            column = self.columns.get(letters)
            self.column = self._column(letters) if column is None else column
        self.type = attributes.get("t", "n")
        self.style = attributes.get("s", "")
        self.value = ""
        self.is_open = True
        self.has_formula = self.is_reading = False

    def end_cell(self) -> None:
        self.is_open = False
        cells, value = self.texts_of_row, self.value
        if not value or cells is None:
            return
        text = self.texts.of(self.type, self.style, value)
        if not text:
            return
        self.chars += len(text)
        if self.chars > self.limits.row_chars or len(text) > self.limits.field_chars:
            raise self.too_large()
        missing = self.column - len(cells)
        if missing == 0:
            cells.append(text)
        elif missing > 0 and self.column < _MOST_COLUMNS:
            cells += [*[""] * missing, text]
        elif missing > 0 or cells[self.column]:
            raise damaged(self.what, f"row {self.row} has a cell twice, or one outside of the sheet")
        else:
            cells[self.column] = text

    def end_row(self) -> None:
        if self.texts_of_row:
            self.complete.append((self.row, self.texts_of_row))
        self.texts_of_row = None

    def _column(self, letters: str) -> int:
        column = column_of(letters)
        if column < 0:
            raise damaged(self.what, f"row {self.row} has a cell outside of the sheet")
        self.columns[letters] = column
        return column

    def too_large(self) -> FixInput:
        return FixInput(
            f"Row {self.row} of the {self.what} holds more text than is read: shorten its cells.",
            code="row_too_large",
        )


class _CellTexts:
    """The text of a value by its type and style."""

    def __init__(self, what: str, strings: SharedStrings, styles: Styles, *, from_1904: bool) -> None:
        self._what, self._strings, self._styles = what, strings, styles
        self._from_1904 = from_1904

    def of(self, kind: str, style: str, text: str) -> str:
        if kind == "s":
            return self._shared(text)
        if kind == "n":
            return self._number(text.strip(), self._styles.kind(style))
        if kind == "b":
            return _TRUTHS.get(text.strip(), text)
        if kind == "d":
            return iso_text(text)
        return plain_text(text)  # str, inlineStr, and e: an error's name

    def _number(self, text: str, shown_as: Kind) -> str:
        if shown_as == "number":
            return number_text(text)
        if shown_as.startswith("0"):
            whole = number_text(text)
            return whole.zfill(len(shown_as)) if whole.isdigit() else whole
        return dated_text(text, shown_as, from_1904=self._from_1904)

    def _shared(self, text: str) -> str:
        index = int(text)
        if not 0 <= index < len(self._strings):
            raise damaged(self._what, "a cell names a text that is not there")
        return self._strings[index]


@dataclass(slots=True)
class Unevaluated:
    """Formulas without a stored value: how many cells, and the row of the first."""

    cells: int = 0
    row: int = 0

    def add(self, row: int) -> None:
        self.cells += 1
        self.row = self.row or row


@dataclass(slots=True)
class Merged:
    """Groups of cells that are merged over several rows: how many, and the row that the first begins in.

    Of such a group only its first row has the value, wherever a person sees it.
    """

    groups: int = 0
    row: int = 0

    def add(self, cells: str) -> None:
        """Take a group such as B2:B5."""
        first, _, last = (end.lstrip(_LETTERS) for end in cells.replace("$", "").upper().partition(":"))
        if first.isdecimal() and last.isdecimal() and first != last:
            self.groups += 1
            self.row = min(self.row or MOST_ROWS, int(first[:_ROW_DIGITS]))
