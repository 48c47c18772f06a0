"""The one error for a file that cannot be read as a table."""

from __future__ import annotations

from f.connect.errors import FixInput


class BadTable(FixInput):
    """The file as a whole cannot be read. Its text names the place and the remedy, never a cell's content.

    `line` counts the file's physical lines from 1, `column` the table's columns from 1; each is None
    where it would say nothing.
    """

    def __init__(
        self, message: str, *, code: str, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.line = line
        self.column = column
