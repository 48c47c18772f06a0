"""Which Python files some scripts can import: the CLI reads all that it is given, and takes its time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

# Read as text, and so more than is imported rather than less: a file that cannot be parsed, an inline step.
_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+(\.*)([\w.]*)", re.MULTILINE)


def reachable(root: Path, scopes: Sequence[str]) -> set[Path]:
    """Return the Python files in `scopes` (as `regenerate` has them) and all they import, near or far."""
    waiting = [file for scope in scopes for file in _files(root / scope)]
    found: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += _imported(root, file)
    return found


def _files(place: Path) -> Iterator[Path]:
    """Yield the files of a folder, at any depth, or those of a script, whose scope has no suffix."""
    if place.is_dir():
        yield from place.rglob("*.py")
    if place.parent.is_dir():
        yield from place.parent.glob(f"{place.name}.py")


def _imported(root: Path, file: Path) -> Iterator[Path]:
    for dots, name in _IMPORT.findall(file.read_text("utf-8", errors="replace")):
        start = file.parents[len(dots) - 1] if dots and len(dots) <= len(file.parents) else root
        place = start.joinpath(*filter(None, name.split(".")))
        if not place.is_relative_to(root) or place == root:
            continue
        if place.with_name(f"{place.name}.py").is_file():
            yield place.with_name(f"{place.name}.py")
        elif place.is_dir():  # which of its modules is meant stands further on
            yield from place.glob("*.py")
