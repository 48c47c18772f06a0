"""What a file seems to be, before anything is done with it: for a person to look at, and to correct."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from f.records.reading.table_validation import guesses_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from f.records.reading.opening import OpenFile
    from f.records.reading.parsed import ParsedNote
    from f.records.reading.record_type import RecordType

_LONGEST_SAMPLE = 200  # characters of a cell


class PreviewColumn(TypedDict):
    """One column, counted from 1. `field` is empty if it is left out; `samples` are its first cells."""

    number: int
    header: str
    field: str
    how: str
    reason: str
    samples: list[str]


class PreviewQuestion(TypedDict):
    """What only a person can decide: which of these columns (counted from 1) holds the field."""

    code: str
    field: str
    columns: list[int]
    sentence: str


class Preview(TypedDict):
    """How a file would be read. `rows` counts those that were looked at, not those of the file."""

    source: str
    table: dict[str, str]
    notes: list[ParsedNote]
    columns: list[PreviewColumn]
    questions: list[PreviewQuestion]
    rows: int


def preview(
    opened: OpenFile, record_type: RecordType, mapping: Mapping[str, str | None] | None, *, rows: int
) -> Preview:
    """Return what is known of a file from its first rows, with the cells of the first `rows`.

    Raises FixInput for a mapping that does not fit the file.
    """
    table = opened.table
    guessed = guesses_of(table, record_type, mapping)
    header = guessed.columns.header
    shown = table.sample[:rows]
    return {
        "source": opened.title,
        "table": opened.described(),
        "notes": opened.notes(),
        "columns": [
            {
                "number": guess.index + 1,
                "header": header[guess.index],
                "field": guess.field,
                "how": guess.how,
                "reason": guess.reason,
                "samples": [_cell(cells, guess.index) for cells in shown],
            }
            for guess in guessed.guesses
        ],
        "questions": [
            {
                "code": question.code,
                "field": question.field,
                "columns": [index + 1 for index in question.columns],
                "sentence": question.sentence,
            }
            for question in guessed.questions
        ],
        "rows": len(table.sample),
    }


def _cell(cells: tuple[str, ...], index: int) -> str:
    return cells[index][:_LONGEST_SAMPLE] if index < len(cells) else ""
