"""What is known of a file once it was read: the shape that every later step of an import takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from f.records.rows.row_store import StoredRows
    from f.records.rows.tally import Reason


class Chunk(TypedDict):
    """StoredRows that one job sends. `first_line` and `last_line` count lines of the user's file from 1.

    `reading` is another for each time that a file is read: chunks that have it in common share no row.
    """

    index: int
    reading: NotRequired[str]
    first_line: int
    last_line: int
    rows: StoredRows


class ParsedNote(TypedDict):
    """What was noticed of the file as a whole. `rows` is how many rows show it, 0 if that says nothing."""

    code: str
    line: int | None
    text: str
    rows: NotRequired[int]


class ColumnGuess(TypedDict):
    """What one column was taken for, and why; `field` is empty if it was left out."""

    column: str
    field: str
    how: str
    reason: str


class Corrected(TypedDict):
    """What people changed of a file: so many cells, in so many rows that stay, and so many rows taken out.

    `digest` is that of the corrections. `originals` has the rows that they concern as the file has them:
    line, cells, and what is wrong with how the row is written.
    """

    cells: int
    rows: int
    excluded: int
    digest: str
    originals: list[StoredRows]


class Parsed(TypedDict):
    """A file, read and checked. `refused` holds the rows that will not be sent, with their cells.

    `repairs` holds cells that were changed or left out: line, column, code, before and after. `corrected` is
    there if a person changed rows of the file: `refused` and `chunks` have them as they are now.
    """

    import_id: str
    source: str
    sha256: str  # of the file's bytes
    started_at: str
    seconds: float
    table: dict[str, str]
    notes: NotRequired[list[ParsedNote]]
    header: list[str]
    mapping: dict[str, str]
    guesses: NotRequired[list[ColumnGuess]]
    counts: dict[str, int]
    reasons: list[Reason]
    refused: list[StoredRows]
    repairs: NotRequired[StoredRows]
    corrected: NotRequired[Corrected]
    chunks: list[Chunk]
