"""Another table below the first, in the same file: where it starts, nothing more is read. Pure.

It shows as a line of other column names, below a blank line or with half of the names of the first table,
and many rows below it that are as wide. A few such rows are just rows of a wrong width. The names of the
first table in another order are one whatever follows: where files were joined, the rows below would be
misread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.records.layout.header_row import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from f.records.layout.row_judge import RowJudge, TableRow

_MANY = 20  # rows, with the column names; at the end of the file a few are enough
_FEW = 3


class SecondTable:
    """Holds rows back while they may belong to a second table; `line` is its first, 0 if there is none."""

    def __init__(self, judge: RowJudge) -> None:
        self.line = 0
        self._below_rows = False  # without a good row there is no first table
        self._judge = judge
        self._held: list[TableRow] = []

    def filter(self, rows: Iterable[TableRow]) -> Iterator[TableRow]:
        """Yield the rows of the first table, late at most; end where a second table is found."""
        for row in rows:
            if self._judge.names_other_columns(row.cells):
                yield from self.release()
                self.line = row.line
                return
            if not row.fault and not self._held:
                self._below_rows = True
                yield row
            elif self._held and row.fault and len(row.cells) == len(self._held[0].cells):
                self._held.append(row)
                if len(self._held) >= _MANY:
                    self._find()
                    return
            else:
                yield from self.release()
                self._below_rows = self._below_rows or not row.fault
                if self._may_start(row):
                    self._held = [row]
                else:
                    yield row

    def release(self) -> list[TableRow]:
        """Return the rows that were held back, which are rows of the first table after all."""
        held, self._held = self._held, []
        return held

    def pass_by(self) -> list[TableRow]:
        """Return what `release` does; good rows follow, which are not shown to this filter."""
        self._below_rows = True
        return self.release()

    def finish(self) -> list[TableRow]:
        """Return what `release` does, unless the file ended with a small second table."""
        if len(self._held) >= _FEW:
            self._find()
        return self.release()

    def _find(self) -> None:
        self.line = self._held[0].line
        self._held = []

    def _may_start(self, row: TableRow) -> bool:
        if not self._below_rows or row.fault != "wrong_column_count" or len(row.cells) < 2:
            return False
        names = [cell for cell in row.cells if cell.strip()]
        if len(set(names)) < len(names) or any(kind_of(name) != "text" for name in names):
            return False
        shared = len(set(self._judge.header).intersection(names))
        after_blank = self._judge.blank == row.line - 1
        return (shared >= 2 and shared * 2 >= len(row.cells)) or (
            after_blank and len(names) == len(row.cells)
        )
