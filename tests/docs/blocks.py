"""The commands that a page shows: the lines of its fenced shell blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(r"^```(console|sh|bash)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(mill [^`]+)`")


class Command(NamedTuple):
    """A command, and where it stands."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def commands(page: Path) -> list[Command]:
    """Return the commands in their order. In a `console` block they begin with `$ `, the rest is output."""
    text = page.read_text("utf-8")
    found = []
    for block in _FENCE.finditer(text):
        first = text.count("\n", 0, block.start(2)) + 1
        lines = block[2].splitlines()
        for number, line in _joined(lines):
            shown = line.removeprefix("$ ") if block[1] == "console" else line
            is_command = line.startswith("$ ") if block[1] == "console" else bool(line.strip())
            if is_command and not shown.lstrip().startswith("#"):
                found.append(Command(page.name, first + number, shown))
    return found


def _joined(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Lines with those that continue them, each with the number of its first."""
    begun: list[str] = []
    start = 0
    for number, line in enumerate(lines):
        start = start if begun else number
        begun.append(line)
        if not line.endswith("\\"):
            yield start, "\n".join(begun)
            begun = []
    if begun:
        yield start, "\n".join(begun)


def mentions(page: Path) -> list[str]:
    """Return the `mill` commands that stand in the text itself, between backticks."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [" ".join(found.split()) for found in _INLINE.findall(text)]
