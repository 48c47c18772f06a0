"""What the linter says: a place, a rule, a sentence, a remedy; and whether that is a fault or taste."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

# What Windmill does as it is told, and a team may want to do otherwise: versions that nothing pins, forms
# without words, fields without a place in the order, names that nobody can import, defaults left unsaid,
# pages that run as who pushed them.
TASTE = {"WM206", "WM301", "WM302", "WM303", "WM304", "WM404", "WM701", "WM704", "WM904"}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault. `file` is relative to the workspace root; line and column count from 1.

    `mild`: Windmill's own tool calls it a warning.
    """

    file: str
    line: int
    column: int
    code: str
    message: str
    remedy: str
    mild: bool = False

    def __str__(self) -> str:
        return self.text()

    @property
    def is_taste(self) -> bool:
        """Whether it is only a warning in a workspace that does not ask for more."""
        return self.mild or self.code in TASTE

    def text(self, *, warns: bool = False) -> str:
        """Return the finding in a line; `warns`: it counts as a warning."""
        said = f"{self.code} {'warning: ' if warns else ''}{self.message} {self.remedy}"
        return f"{self.file}:{self.line}:{self.column}: {said}".rstrip()

    def as_json(self, *, warns: bool = False) -> dict[str, str | int]:
        """Return the finding as plain data."""
        plain = {name: value for name, value in asdict(self).items() if name != "mild"}
        return {**plain, "severity": "warning" if warns else "error"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file a finding points."""

    file: str
    line: int = 1
    column: int = 1

    def find(self, code: str, message: str, remedy: str) -> Finding:
        """Return a finding here."""
        return Finding(self.file, self.line, self.column, code, message, remedy)

    def warn(self, code: str, message: str) -> Finding:
        """Return what Windmill's own tool calls a warning, here."""
        return Finding(self.file, self.line, self.column, code, message, "", mild=True)

    def at(self, line: int, column: int = 1) -> Place:
        """Return another place in the same file."""
        return Place(self.file, line, column)


def relative(file: Path, root: Path) -> str:
    """Return a file's name as findings show it."""
    return file.relative_to(root).as_posix()
