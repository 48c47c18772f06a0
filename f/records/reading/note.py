"""Something that was noticed of a file as a whole, and that its owner should know."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """`line` counts the file's lines, or the sheet's rows, from 1; None if the note is about no place."""

    code: str
    line: int | None
    text: str
