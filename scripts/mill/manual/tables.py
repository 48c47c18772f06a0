"""Markdown as these pages need it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, and an empty one after it."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(cell, row))} |"
    yield ""


def cell(text: str) -> str:
    """Return a text as one cell: on one line, with its bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def written_by(command: str) -> str:
    """Return the remark that tells where a page comes from."""
    return f"<!-- Written by `{command}` from the code: run it again, do not edit. -->\n"
