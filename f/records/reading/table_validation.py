"""From rows of text to records in chunks, and everything the report needs of the other rows."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from f.records.layout.bad_table import BadTable
from f.records.layout.row_judge import explain_fault
from f.records.reading.columns import answered, guess_columns
from f.records.reading.corrections import Correcting
from f.records.reading.seen_keys import SeenKeys
from f.records.rows.outcome import outcome_of
from f.records.rows.rejects_file import is_rejects_header, undo
from f.records.rows.row import row_to_json
from f.records.rows.row_spool import ChunkWriter, RowSpool
from f.records.rows.row_store import inline, to_line
from f.records.rows.tally import Tally, mask
from f.windmill.flow_inputs import reference_in

if TYPE_CHECKING:
    from f.records.layout.row_judge import TableRow
    from f.records.reading.columns import Guessed
    from f.records.reading.corrections import Corrections
    from f.records.reading.parsed import Chunk, ColumnGuess, Corrected
    from f.records.reading.record_type import Checked, Columns, Fault, RecordType
    from f.records.reading.table import Table
    from f.records.rows.chunk_sizes import ChunkSizes
    from f.records.rows.row_store import StoredRows

_BLOCK_ROWS = 64  # taken through each step together
_MOST_REPAIRS = 1_000  # of an import are kept for its report
_LONGEST_SHOWN = 200  # characters of a cell


# Whether a row is valid, and its record: to be sent, or why it is not.
Notice = Callable[[bool, Mapping[str, Any]], object]


def _no_rows() -> dict[str, int]:
    return {"rows": 0, "valid": 0, "invalid": 0, "duplicate": 0}


@dataclass(slots=True)
class ValidTable:
    """The rows of a table: `chunks` has those that will be sent, `refused` those that will not.

    `titles` is the header by which a file of some of the rows is read alike; `repairs` has the first cells
    that were changed, or left out; `corrected` is what people changed of the rows, None if they changed none.
    `reading` names the chunks as those of one reading.
    """

    columns: Columns
    tally: Tally
    titles: tuple[str, ...] = ()
    guesses: list[ColumnGuess] = field(default_factory=list)
    repairs: StoredRows = field(default_factory=lambda: inline([]))
    counts: dict[str, int] = field(default_factory=_no_rows)
    chunks: list[Chunk] = field(default_factory=list)
    refused: list[StoredRows] = field(default_factory=list)
    corrected: Corrected | None = None
    reading: str = field(default_factory=lambda: secrets.token_hex(8))

    def add(self, first: int, last: int, rows: StoredRows) -> None:
        """Add a chunk."""
        index, reading = len(self.chunks), self.reading
        self.chunks.append(
            {"index": index, "reading": reading, "first_line": first, "last_line": last, "rows": rows}
        )


def validate_table(
    table: Table,
    record_type: RecordType,
    *,
    mapping: Mapping[str, str | None] | None,
    options: Mapping[str, Any],
    spool: RowSpool,
    sizes: ChunkSizes,
    corrections: Corrections | None = None,
    notice: Notice | None = None,
) -> ValidTable:
    """Map the header, then check every row of the table, in one pass, as `corrections` have it.

    `options` are the record type's own, `sizes` those of chunks; `notice` hears of every row. Raises FixInput
    if header or corrections do not fit, BadTable at the place from which the file cannot be read as a table.
    """
    rows = table.rows
    if is_rejects_header(table.header):
        rows = (row._replace(cells=undo(row.cells)) for row in table.rows)
    guessed = answered(guesses_of(table, record_type, mapping))
    columns = guessed.columns
    verdicts = _Verdicts(record_type, columns, options, table.dialect.encoding)
    result = ValidTable(columns, verdicts.tally, guessed.titles, _listed(guessed), counts=verdicts.counts)
    correcting = Correcting(corrections, columns.header, spool) if corrections else None
    if correcting is not None:
        rows = correcting.rows(rows)

    def write_chunk(first: int, last: int, lines: list[bytes]) -> None:
        result.add(first, last, spool.put(f"chunks/{len(result.chunks):05}.jsonl", lines))

    def write_refused(_first: int, _last: int, lines: list[bytes]) -> None:
        result.refused.append(spool.put(f"refused/{len(result.refused):05}.jsonl", lines))

    valid, refused = ChunkWriter(sizes, write_chunk), ChunkWriter(sizes, write_refused)
    with SeenKeys() as seen:
        while block := list(islice(rows, _BLOCK_ROWS)):
            for is_valid, record in _noticed(verdicts.of(block, seen), notice):
                (valid if is_valid else refused).add(record)
    valid.close()
    refused.close()
    if correcting is not None:
        result.corrected = correcting.close()
    for note in table.notes:
        verdicts.tally.note(note.code, note.line, note.rows)
    if verdicts.repairs:
        result.repairs = spool.put("repairs.jsonl", verdicts.repairs)
    spool.flush()
    return result


def _noticed(
    judged: Iterator[tuple[bool, dict[str, Any]]], notice: Notice | None
) -> Iterator[tuple[bool, dict[str, Any]]]:
    return judged if notice is None else _telling(judged, notice)


def _telling(
    judged: Iterator[tuple[bool, dict[str, Any]]], notice: Notice
) -> Iterator[tuple[bool, dict[str, Any]]]:
    for is_valid, record in judged:
        notice(is_valid, record)
        yield is_valid, record


def guesses_of(table: Table, record_type: RecordType, mapping: Mapping[str, str | None] | None) -> Guessed:
    """Return what the columns of a table are taken for. Raises FixInput for a mapping that does not fit.

    A rejects file's rows say nothing of the others: its titles decide alone. Raises BadTable for a title
    that Windmill would replace by a value of the workspace, as titles are arguments of the steps that follow.
    """
    is_rejects = is_rejects_header(table.header)
    header = undo(table.header) if is_rejects else table.header
    for number, title in enumerate(header, 1):
        if reference_in(title):
            raise BadTable(
                f"The name of column {number} begins with {title[: title.index(':') + 1]}, which would stand "
                "for a secret or resource of the workspace: rename the column.",
                code="reference_in_title",
                line=table.dialect.header_row,
                column=number,
            )
    if is_rejects:
        return guess_columns(header, record_type, mapping)
    has_names = table.dialect.has_header
    return guess_columns(table.header, record_type, mapping, table.sample, has_names=has_names)


def _listed(guessed: Guessed) -> list[ColumnGuess]:
    header = guessed.columns.header
    return [
        {"column": header[guess.index], "field": guess.field, "how": guess.how, "reason": guess.reason}
        for guess in guessed.guesses
    ]


class _Verdicts:
    """Each row as a record to be sent or as one to be reported, counted."""

    def __init__(
        self, record_type: RecordType, columns: Columns, options: Mapping[str, Any], encoding: str
    ) -> None:
        self._type, self._columns, self._encoding = record_type, columns, encoding
        self._checks = record_type.checks(columns, options)
        self.tally, self.counts = Tally(record_type.texts()), _no_rows()
        self.repairs: list[bytes] = []

    def of(self, rows: list[TableRow], seen: SeenKeys) -> Iterator[tuple[bool, dict[str, Any]]]:
        """Yield for each row whether it is valid, and its record: to be sent, or why it is not."""
        self.counts["rows"] += len(rows)
        checked = self._checked(rows)
        keys = {
            row.line: self._type.key(verdict[0])
            for row, verdict in zip(rows, checked, strict=True)
            if verdict and verdict[0]
        }
        earlier = seen.earlier([(key, line) for line, key in keys.items()])
        for row, verdict in zip(rows, checked, strict=True):
            if verdict is None:
                yield False, self._refuse_unread(row)
                continue
            record, faults, warnings = verdict
            for warning in warnings:
                self._warn(row, warning)
            if record is None:
                yield False, self._refuse_faulty(row, faults)
            elif row.line in earlier:
                yield False, self._refuse_duplicate(row, earlier[row.line])
            else:
                self.counts["valid"] += 1
                yield True, row_to_json(row.line, row.cells, keys[row.line], record)

    def _warn(self, row: TableRow, warning: Fault) -> None:
        column, value = self._place(row, warning.field)
        self.tally.add(warning.code, row.line, column, warning.before or value, warning.after)
        if warning.before and len(self.repairs) < _MOST_REPAIRS:
            self.repairs.append(
                to_line(
                    {
                        "line": row.line,
                        "column": column,
                        "code": warning.code,
                        "before": warning.before[:_LONGEST_SHOWN],
                        "after": warning.after[:_LONGEST_SHOWN],
                    }
                )
            )

    def _checked(self, rows: list[TableRow]) -> list[Checked | None]:
        """A row that the reader found fault with cannot be split into fields: it is not checked."""
        verdicts = iter(self._checks.verdicts([row.cells for row in rows if row.fault is None]))
        return [None if row.fault else next(verdicts) for row in rows]

    def _refuse_unread(self, row: TableRow) -> dict[str, Any]:
        assert row.fault is not None
        detail = explain_fault(row, self._columns.header, self._encoding)
        return self._refuse(row, row.fault, None, "", detail)

    def _refuse_faulty(self, row: TableRow, faults: Sequence[Fault]) -> dict[str, Any]:
        column, value = self._place(row, faults[0].field)
        return self._refuse(row, faults[0].code, column, value, self._explain(faults))

    def _refuse_duplicate(self, row: TableRow, first_line: int) -> dict[str, Any]:
        column, value = self._place(row, self._type.key_field)
        return self._refuse(row, "duplicate_in_file", column, value, f"The first is line {first_line}.")

    def _place(self, row: TableRow, field: str) -> tuple[str | None, str]:
        """The user's own name of the column that a field stands in, and its cell."""
        values, custom = self._columns.split(row.cells)
        return self._columns.column_of(field), {**custom, **values}.get(field, "")

    def _explain(self, faults: Sequence[Fault]) -> str:
        """Every fault of a row, by column, so that it is corrected in one go."""
        parts = []
        for number, fault in enumerate(faults):
            column = self._columns.column_of(fault.field) or fault.field
            what = fault.detail or (self.tally.texts[fault.code].message if number else "")
            if what:
                parts.append(f"Column {column!r}: {what}")
        return " ".join(parts)

    def _refuse(
        self, row: TableRow, code: str, column: str | None, value: str, detail: str
    ) -> dict[str, Any]:
        outcome = outcome_of(code, self.tally.texts)
        self.counts[outcome] += 1
        self.tally.add(code, row.line, column, value)
        return {
            "line": row.line,
            "outcome": outcome,
            "code": code,
            "detail": detail,
            "column": column,
            "value": mask(value),
            "cells": row.cells,
        }
