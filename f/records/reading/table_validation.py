"""From rows of text to customers in chunks, and everything the report will want to know of the rest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from f.customers.validation.customer import Fault, customer_key
from f.customers.validation.row_check import RowCheck
from f.records.reading.columns import Columns, map_columns
from f.records.reading.seen_keys import SeenKeys
from f.records.reading.table import Row, Table
from f.records.report.summary import Chunk, Example, Reason, Rows
from f.records.rows.reasons import REASONS, outcome_of
from f.records.rows.rejects_file import is_rejects_header, undo
from f.records.rows.row_store import inline_lines, object_path, to_line, write_rows
from f.windmill.objects import INLINE_BYTES

_EXAMPLES = 3
# A job reads its chunk whole: some 20,000 rows of an address book, whatever was asked for.
_CHUNK_BYTES = 8_000_000

_BLOCK_ROWS = 64  # taken through each step together


@dataclass(slots=True)
class Tally:
    """Counts per reason with the first examples, in memory that does not grow with the file."""

    reasons: dict[str, Reason] = field(default_factory=dict)

    def add(self, code: str, line: int, column: str | None, value: str) -> None:
        """Count a row under a reason code."""
        text = REASONS[code]
        reason = self.reasons.setdefault(
            code,
            {
                "outcome": text.outcome or "warning",
                "code": code,
                "message": text.message,
                "hint": text.hint,
                "rows": 0,
                "examples": [],
            },
        )
        reason["rows"] += 1
        if len(reason["examples"]) < _EXAMPLES:
            reason["examples"].append(Example(line=line, column=column, value=mask(value)))


def mask(value: str) -> str:
    """Enough of a value to find it in the file, not enough to know the person."""
    value = value.strip()
    if len(value) <= 2:
        return value
    return f"{value[:2]}… ({len(value)} characters)"


class Shelf:
    """Encoded records that stay in memory while the whole import is small, and become objects beyond."""

    def __init__(self, import_id: str, inline_bytes: int = INLINE_BYTES) -> None:
        self._import_id = import_id
        self._inline_left = inline_bytes
        self._kept: list[tuple[str, list[bytes], Rows]] = []

    def put(self, name: str, lines: list[bytes]) -> Rows:
        """Shelve records under a name; where they end up is written into the returned `Rows`."""
        rows: Rows = {"count": len(lines)}
        self._kept.append((name, lines, rows))
        self._inline_left -= sum(map(len, lines))
        if self._inline_left < 0:
            for kept_name, kept_lines, kept in self._kept:
                kept.update(write_rows(object_path(self._import_id, kept_name), kept_lines))
            self._kept.clear()
        return rows

    def settle(self) -> None:
        """The end: what still is in memory travels inline."""
        for _, lines, rows in self._kept:
            rows.update(inline_lines(lines))
        self._kept.clear()


@dataclass(slots=True)
class Sorting:
    """One pass over a table: valid rows into chunks, the others aside, everything counted."""

    columns: Columns
    default_country: str | None
    shelf: Shelf
    chunk_rows: int
    fed_back: bool
    tally: Tally = field(default_factory=Tally)
    counts: dict[str, int] = field(
        default_factory=lambda: {"rows": 0, "valid": 0, "invalid": 0, "duplicate": 0}
    )
    chunks: list[Chunk] = field(default_factory=list)
    refused: list[Rows] = field(default_factory=list)

    def run(self, rows: Iterator[Row]) -> None:
        """Read all rows."""
        good, bad = _Pile(self.chunk_rows, self._shelve_chunk), _Pile(self.chunk_rows, self._shelve_refused)
        checks = RowCheck(self.columns, self.default_country)
        with SeenKeys() as seen:
            while block := list(islice(rows, _BLOCK_ROWS)):
                if self.fed_back:
                    block = [row._replace(cells=undo(row.cells)) for row in block]
                for record in self._records(block, checks, seen):
                    (good if "customer" in record else bad).add(record)
        good.close()
        bad.close()
        self.shelf.settle()

    def _records(self, rows: list[Row], checks: RowCheck, seen: SeenKeys) -> Iterator[dict[str, Any]]:
        """For each row its record: the customer in it, or why there is none."""
        self.counts["rows"] += len(rows)
        checked = iter(checks.verdicts([row.cells for row in rows if row.fault is None]))
        verdicts = [None if row.fault else next(checked) for row in rows]
        earlier = seen.earlier(
            [
                (customer_key(verdict[0]["email"]), row.line)
                for row, verdict in zip(rows, verdicts, strict=True)
                if verdict and verdict[0]
            ]
        )
        for row, verdict in zip(rows, verdicts, strict=True):
            if verdict is None:
                yield self._refuse_unread(row)
                continue
            customer, faults, warnings = verdict
            for warning in warnings:
                self._warn(row, warning)
            if customer is None:
                yield self._refuse_faulty(row, faults)
            elif row.line in earlier:
                yield self._refuse_duplicate(row, earlier[row.line])
            else:
                self.counts["valid"] += 1
                yield {"line": row.line, "cells": row.cells, "customer": customer}

    def _warn(self, row: Row, warning: Fault) -> None:
        column, value = self._place(row, warning)
        self.tally.add(warning.code, row.line, column, value)

    def _refuse_unread(self, row: Row) -> dict[str, Any]:
        """A row the reader already found fault with cannot be split into fields."""
        assert row.fault is not None
        width = len(self.columns.header)
        detail = (
            f"{len(row.cells)} cells, the header has {width}" if row.fault == "wrong_column_count" else ""
        )
        return self._refuse(row, row.fault, None, "", detail)

    def _refuse_faulty(self, row: Row, faults: Sequence[Fault]) -> dict[str, Any]:
        column, value = self._place(row, faults[0])
        return self._refuse(row, faults[0].code, column, value, self._explain(faults))

    def _refuse_duplicate(self, row: Row, first_line: int) -> dict[str, Any]:
        column, value = self._place(row, Fault("duplicate_in_file", "email"))
        return self._refuse(row, "duplicate_in_file", column, value, f"The first is line {first_line}.")

    def _place(self, row: Row, fault: Fault) -> tuple[str | None, str]:
        """The user's own name of the column a fault is in, and what stands there."""
        values, custom = self.columns.split(row.cells)
        return self.columns.column_of(fault.field), {**custom, **values}.get(fault.field, "")

    def _explain(self, faults: Sequence[Fault]) -> str:
        """Every fault of a row, by column, so that it is mended in one go."""
        parts = []
        for number, fault in enumerate(faults):
            column = self.columns.column_of(fault.field) or fault.field
            what = fault.detail or (REASONS[fault.code].message if number else "")
            if what:
                parts.append(f"Column {column!r}: {what}")
        return " ".join(parts)

    def _refuse(self, row: Row, code: str, column: str | None, value: str, detail: str) -> dict[str, Any]:
        outcome = outcome_of(code)
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

    def _shelve_chunk(self, first: int, last: int, lines: list[bytes]) -> None:
        index = len(self.chunks)
        rows = self.shelf.put(f"chunks/{index:05}.jsonl", lines)
        self.chunks.append({"index": index, "first_line": first, "last_line": last, "rows": rows})

    def _shelve_refused(self, _first: int, _last: int, lines: list[bytes]) -> None:
        self.refused.append(self.shelf.put(f"refused/{len(self.refused):05}.jsonl", lines))


class _Pile:
    """Encoded records until there are enough of them, or they are as much as a job shall read."""

    def __init__(self, most: int, shelve: Callable[[int, int, list[bytes]], None]) -> None:
        self._most = most
        self._shelve = shelve
        self._lines: list[bytes] = []
        self._bytes = 0
        self._first = self._last = 0

    def add(self, record: dict[str, Any]) -> None:
        line = to_line(record)
        self._first = self._first or record["line"]
        self._last = record["line"]
        self._lines.append(line)
        self._bytes += len(line)
        if len(self._lines) >= self._most or self._bytes >= _CHUNK_BYTES:
            self.close()

    def close(self) -> None:
        if self._lines:
            self._shelve(self._first, self._last, self._lines)
            self._lines, self._bytes, self._first = [], 0, 0


def sort_table(
    table: Table,
    *,
    mapping: Mapping[str, str | None] | None,
    default_country: str | None,
    shelf: Shelf,
    chunk_rows: int,
) -> Sorting:
    """Map the header, then check every row of the table."""
    fed_back = is_rejects_header(table.header)
    header = undo(table.header) if fed_back else table.header
    columns = map_columns(header, mapping)
    sorting = Sorting(columns, default_country, shelf, chunk_rows, fed_back)
    sorting.run(table.rows)
    return sorting
