"""What the linter says: a place, a rule, a sentence, a remedy."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault. `file` is relative to the workspace root; line and column count from 1."""

    file: str
    line: int
    column: int
    code: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message} {self.remedy}".rstrip()

    def as_json(self) -> dict[str, str | int]:
        """Return the finding as plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file a finding points."""

    file: str
    line: int = 1
    column: int = 1

    def find(self, code: str, message: str, remedy: str) -> Finding:
        """Return a finding here."""
        return Finding(self.file, self.line, self.column, code, message, remedy)

    def at(self, line: int, column: int = 1) -> Place:
        """Return another place in the same file."""
        return Place(self.file, line, column)


def relative(file: Path, root: Path) -> str:
    """Return a file's name as findings show it."""
    return file.relative_to(root).as_posix()
