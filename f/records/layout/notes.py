"""What was noticed of a file as a whole, for the person whose file it is. Names lines, never a cell."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """One thing noticed: a code, the place, a sentence, how many rows show it.

    `line` is the first that shows it: the file's lines, or the sheet's rows, count from 1; None if it is
    about no place.
    """

    code: str
    line: int | None
    text: str
    rows: int = 0


class Noticed:
    """Collects notes while a file is read; what many rows show becomes one note when the file ends."""

    _FIRST = 5  # lines that a sentence names

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._lines: dict[str, list[int]] = {}
        self._rows: dict[str, int] = {}

    def add(self, code: str, line: int, text: str, rows: int = 0) -> None:
        """Note it at once."""
        self.notes.append(Note(code, line, text, rows))

    def count(self, code: str, line: int, rows: int = 1) -> None:
        """Count rows under a code, which `close` makes a note of."""
        lines = self._lines.setdefault(code, [])
        if len(lines) < self._FIRST:
            lines.append(line)
        self._rows[code] = self._rows.get(code, 0) + rows

    def counted(self, code: str) -> int:
        """Return how many rows were counted under a code so far."""
        return self._rows.get(code, 0)

    def close(self, counted: str, code: str, text: str) -> None:
        """Make a note of what was counted, if anything was; `text` follows the lines' numbers."""
        rows = self._rows.pop(counted, 0)
        if rows:
            lines = self._lines.pop(counted)
            self.add(code, lines[0], f"{name_lines(lines, rows)}: {text}" if rows > 1 else text, rows)


def name_lines(lines: list[int], count: int | None = None) -> str:
    """Return `line 3`, `lines 3, 5 and 8`, or `lines 3, 5, 8 and 120 more` if `count` says that there are."""
    more = (count or 0) - len(lines)
    names = [str(line) for line in lines]
    if more > 0:
        return f"lines {', '.join(names)} and {more:,} more"
    if len(names) == 1:
        return f"line {names[0]}"
    return f"lines {', '.join(names[:-1])} and {names[-1]}"
