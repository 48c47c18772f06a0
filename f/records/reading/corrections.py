"""What people changed of a file's rows: cells, whole rows, cells that are alike, and rows taken out.

As JSON; lines are those of the user's file, lines and columns count from 1:

    {"cells": [[7, 2, "ada@example.com"]],
     "rows": [[9, ["Grace Hopper", "grace@example.com"]]],
     "alike": [[4, "Germny", "Germany"]],
     "excluded": [12]}

They change cells as the file has them, before anything of a row is judged, in the order: rows, cells,
alike, excluded. How the file is read - its encoding, its delimiter, what its columns hold - is decided by the
file as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput
from f.records.layout.row_judge import TableRow
from f.records.rows.chunk_sizes import ChunkSizes
from f.records.rows.row_spool import ChunkWriter

if TYPE_CHECKING:
    from f.records.layout.row_judge import RowFault
    from f.records.reading.parsed import Corrected, ParsedNote
    from f.records.rows.row_spool import RowSpool

MOST_CORRECTIONS = 100_000  # rows that are taken out aside
MOST_EXCLUDED = 1_000_000
_MOST_BYTES = 64_000_000  # of their JSON, as an object
_LONGEST_CELL = 1 << 20  # characters: as of a cell of a file
_KINDS = ("cells", "rows", "alike", "excluded")
_SHAPES = {
    "cells": '[line, column, "text"]',
    "rows": '[line, ["cell", ...]]',
    "alike": '[column, "from", "to"]',
    "excluded": "a line",
}
# Once its damaged cells are written anew a row is like any other. Of what else is wrong with how a row is
# written, nobody can say which cells it concerns: only a row that is given whole stands for it.
_MENDED_BY_CELLS = frozenset({"undecodable", "nul_byte", "repeated_header"})
_REPLACEMENT = "\ufffd"
_ROWS_TOGETHER = 1_000  # of those that were changed, in one object


@dataclass(slots=True)
class Corrections:
    """Corrections of one file. Columns count from 0 here; `from_json` and `to_json` count them from 1."""

    rows: dict[int, list[str]] = field(default_factory=dict)
    cells: dict[int, dict[int, str]] = field(default_factory=dict)
    alike: dict[int, dict[str, str]] = field(default_factory=dict)
    excluded: set[int] = field(default_factory=set)

    @classmethod
    def from_json(cls, value: object) -> Corrections:
        """Return the corrections in this value. Raises FixInput bad_corrections, naming the place."""
        corrections = cls()
        for kind, entries in _kinds(value):
            if kind == "excluded" and (lines := _as_lines(entries)) is not None:
                corrections.excluded = lines
                continue
            for number, entry in enumerate(entries, 1):
                corrections._take(_Entry(kind, number, entry))
        return corrections

    def to_json(self) -> dict[str, list[Any]]:
        """Return them in the form that `from_json` reads, without the kinds of which there are none.

        The order is always the same.
        """
        found: dict[str, list[Any]] = {
            "cells": [
                [line, index + 1, text]
                for line, cells in sorted(self.cells.items())
                for index, text in sorted(cells.items())
            ],
            "rows": [[line, cells] for line, cells in sorted(self.rows.items())],
            "alike": [
                [index + 1, before, after]
                for index, texts in sorted(self.alike.items())
                for before, after in sorted(texts.items())
            ],
            "excluded": sorted(self.excluded),
        }
        return {kind: entries for kind, entries in found.items() if entries}

    def counts(self) -> dict[str, int]:
        """Return how many there are of each kind, without the kinds of which there are none."""
        found = {
            "cells": sum(map(len, self.cells.values())),
            "rows": len(self.rows),
            "alike": sum(map(len, self.alike.values())),
            "excluded": len(self.excluded),
        }
        return {kind: count for kind, count in found.items() if count}

    def digest(self) -> str:
        """Return a hash that is the same for the same corrections; empty if there are none."""
        if not self:
            return ""
        text = json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def __bool__(self) -> bool:
        return bool(self.rows or self.cells or self.alike or self.excluded)

    def lines(self) -> set[int]:
        """Return the lines that are named: all that is changed but for cells alike."""
        return {*self.rows, *self.cells, *self.excluded}

    def check_columns(self, width: int) -> None:
        """Raise FixInput if they name a column that a file of so many columns does not have."""
        for line, cells in self.rows.items():
            if len(cells) != width:
                raise _bad(
                    f"the row of line {line} has {_many(len(cells), 'cell')}, and the file "
                    f"{_many(width, 'column')}."
                )
        for line, changed in self.cells.items():
            if (last := max(changed)) >= width:
                raise _bad(
                    f"line {line} has a cell in column {last + 1}, and the file {_many(width, 'column')}."
                )
        for index in self.alike:
            if index >= width:
                raise _bad(f'"alike" names column {index + 1}, and the file has {_many(width, "column")}.')

    def apply(self, row: TableRow, header: tuple[str, ...]) -> TableRow:
        """Return a row of the file as it was corrected, the very same if it was not.

        One that was taken out has the fault `excluded`. A row whose cells cannot be told apart keeps that
        fault unless it is given whole.
        """
        line, cells, fault = row
        if line in self.rows:
            cells, fault = list(self.rows[line]), None
        if line in self.cells:
            cells = _with(cells, self.cells[line])
        if self.alike and (fault is None or fault in _MENDED_BY_CELLS):
            cells = self._mended_alike(cells)
        if line in self.excluded:
            return TableRow(line, cells, "excluded")
        if cells is row.cells:
            return row
        return TableRow(line, cells, _fault_left(fault, cells, header))

    def _mended_alike(self, cells: list[str]) -> list[str]:
        changed = {
            index: texts[cells[index]]
            for index, texts in self.alike.items()
            if index < len(cells) and cells[index] in texts
        }
        return _with(cells, changed) if changed else cells

    def _take(self, entry: _Entry) -> None:
        if entry.kind == "cells":
            line, column, text = entry.parts(int, int, str)
            entry.put(self.cells.setdefault(line, {}), column - 1, text, f"column {column} of line {line}")
        elif entry.kind == "rows":
            line, cells = entry.parts(int, list)
            entry.put(self.rows, line, cells, f"line {line}")
        elif entry.kind == "alike":
            column, before, after = entry.parts(int, str, str)
            entry.put(self.alike.setdefault(column - 1, {}), before, after, f"a text of column {column}")
        else:
            (line,) = entry.parts(int)
            if line in self.excluded:
                raise entry.refusal(f"names line {line} a second time")
            self.excluded.add(line)


class _Entry:
    """One correction as it was given: the how manieth of its kind, counted from 1."""

    def __init__(self, kind: str, number: int, value: object) -> None:
        self.kind = kind
        self._number, self._value = number, value

    def parts(self, *kinds: type) -> list[Any]:
        """Return its parts. Raises FixInput unless they are of these kinds; a whole number is 1 or more."""
        value = [self._value] if len(kinds) == 1 else self._value
        if not isinstance(value, list) or len(value) != len(kinds):
            raise self.refusal(f"is not {_SHAPES[self.kind]}")
        for part, kind in zip(value, kinds, strict=True):
            if kind is int and (not isinstance(part, int) or isinstance(part, bool) or part < 1):
                raise self.refusal(f"is not {_SHAPES[self.kind]}, of which numbers count from 1")
            if not isinstance(part, kind):
                raise self.refusal(f"is not {_SHAPES[self.kind]}")
            for text in part if isinstance(part, list) else [part] if kind is str else []:
                self._check_text(text)
        return value

    def put(self, there: dict[Any, Any], key: object, value: object, name: str) -> None:
        """Add it to those of its kind. Raises FixInput if there is one for the same place."""
        if key in there:
            raise self.refusal(f"names {name} a second time")
        there[key] = value

    def refusal(self, why: str) -> FixInput:
        """Return the error that says where it stands and what is wrong with it."""
        return _bad(f'entry {self._number} of "{self.kind}" {why}.')

    def _check_text(self, text: object) -> None:
        if not isinstance(text, str):
            raise self.refusal(f"is not {_SHAPES[self.kind]}")
        if len(text) > _LONGEST_CELL:
            raise self.refusal(f"has a cell of more than {_LONGEST_CELL:,} characters")
        if "\0" in text or (not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)):
            raise self.refusal("has a cell with a character that no text has (U+0000, or half of a pair)")


def read_corrections(given: object) -> Corrections | None:
    """Return the corrections that a run was given, inline or as an object: {"s3": path}.

    None if there are none. Raises FixInput: bad_corrections, object_not_found.
    """
    if given is None:
        return None
    if isinstance(given, Mapping) and "s3" in given:
        given = _stored(given)
    return Corrections.from_json(given) or None


def _stored(file: Mapping[str, Any]) -> object:
    from f.windmill.objects import object_at, read_object  # few runs have corrections

    if there := [kind for kind in _KINDS if kind in file]:
        raise _bad(
            f'they are given as an object ("s3") and in words ("{there[0]}"): leave one of the two out.'
        )
    path, storage = file["s3"], file.get("storage") or ""
    if not isinstance(path, str) or not path or not isinstance(storage, str):
        raise _bad('as an object they are named by its path, such as {"s3": "desk/corrections.json"}.')
    content = bytearray()
    for chunk in read_object(object_at(path, storage)):
        content += chunk
        if len(content) > _MOST_BYTES:
            raise _bad(f"the object has more than {_MOST_BYTES // 1_000_000} MB.")
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise _bad("the object is not JSON.") from None


def _kinds(value: object) -> Iterator[tuple[str, list[Any]]]:
    """Yield the kinds that are there, each with its entries."""
    if not isinstance(value, Mapping):
        raise _bad("they are not a JSON object.")
    for name in value:
        if name not in _KINDS:
            raise _bad(f"there is no kind {str(name)[:40]!r} of them; there are {', '.join(_KINDS)}.")
    found = [(kind, value[kind]) for kind in _KINDS if value.get(kind) is not None]
    for kind, entries in found:
        if not isinstance(entries, list):
            raise _bad(f'"{kind}" is not a list, each entry of which is {_SHAPES[kind]}.')
    taken_out = sum(len(entries) for kind, entries in found if kind == "excluded")
    others = sum(len(entries) for _, entries in found) - taken_out
    bounds = ((others, "", MOST_CORRECTIONS), (taken_out, " rows to be taken out", MOST_EXCLUDED))
    for count, what, most in bounds:
        if count > most:
            raise _bad(f"there are {count:,}{what}, and at most {most:,} are taken. Correct the file itself.")
    yield from found


def _as_lines(entries: list[Any]) -> set[int] | None:
    """The lines, which may be very many; None if one of them is none, or is there twice."""
    if not all(type(line) is int and line >= 1 for line in entries):
        return None
    lines = set(entries)
    return lines if len(lines) == len(entries) else None


def _bad(why: str) -> FixInput:
    return FixInput(f"The corrections cannot be used: {why}", code="bad_corrections")


def _with(cells: list[str], changed: Mapping[int, str]) -> list[str]:
    """A row with other cells; one that is too short is filled up as far as that needs."""
    new = [*cells, *[""] * (max(changed) + 1 - len(cells))]
    for index, text in changed.items():
        new[index] = text
    return new


def _fault_left(fault: RowFault | None, cells: list[str], header: tuple[str, ...]) -> RowFault | None:
    """What is still wrong with how a row is written, once its cells were corrected."""
    if fault is None or fault not in _MENDED_BY_CELLS:
        return fault
    if len(cells) != len(header):
        return "wrong_column_count"
    if fault == "repeated_header":
        return fault if tuple(cells) == header else None
    return fault if any(_REPLACEMENT in cell for cell in cells) else None


class Correcting:
    """The rows of one file on their way through its corrections.

    Raises FixInput for a column that the file does not have.
    """

    def __init__(self, corrections: Corrections, header: tuple[str, ...], spool: RowSpool) -> None:
        corrections.check_columns(len(header))
        self._corrections, self._header, self._spool = corrections, header, spool
        self._unmet = corrections.lines()
        self._done: Corrected = {
            "cells": 0,
            "rows": 0,
            "excluded": 0,
            "digest": corrections.digest(),
            "originals": [],
        }
        self._originals = ChunkWriter(ChunkSizes(_ROWS_TOGETHER), self._write)

    def rows(self, rows: Iterable[TableRow]) -> Iterator[TableRow]:
        """Yield the rows as they were corrected, in their order; see `Corrections.apply`."""
        for row in rows:
            new = self._corrections.apply(row, self._header)
            self._unmet.discard(row.line)
            if new is not row:
                self._count(row, new)
            yield new

    def close(self) -> Corrected:
        """Return what was done, once all rows are read.

        Raises FixInput for a line that the file does not have.
        """
        if self._unmet:
            raise _bad(
                f"they name line {min(self._unmet)}, where the file has no row. Lines are those of the file "
                "as it is, counted from 1; of a row of several lines, the first."
            )
        self._originals.close()
        return self._done

    def _count(self, row: TableRow, new: TableRow) -> None:
        if new.fault == "excluded":
            self._done["excluded"] += 1
        elif changed := changed_columns(row.cells, new.cells):
            self._done["cells"] += len(changed)
            self._done["rows"] += 1
        self._originals.add({"line": row.line, "cells": row.cells, "fault": row.fault})

    def _write(self, _first: int, _last: int, lines: list[bytes]) -> None:
        stored = self._done["originals"]
        stored.append(self._spool.put(f"originals/{len(stored):05}.jsonl", lines))


def changed_columns(before: Sequence[str], after: Sequence[str]) -> list[int]:
    """Return the columns, counted from 1, in which a row's cells differ."""
    pairs = zip_longest(before, after)
    return [column for column, (old, new) in enumerate(pairs, 1) if old != new]


def corrections_note(corrected: Corrected) -> ParsedNote:
    """Return the note that says in a report what people changed of the file."""
    cells, rows, excluded = (corrected[name] for name in ("cells", "rows", "excluded"))
    parts = [
        f"corrected {_many(cells, 'cell')} in {_many(rows, 'row')}" if cells else "",
        f"took {_many(excluded, 'row')} out" if excluded else "",
    ]
    said = " and ".join(filter(None, parts)) or "corrected rows, which changed none of their cells"
    return {"code": "corrected", "line": None, "text": f"A person {said}. The file is as it was.", "rows": 0}


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
