"""Which column holds what: the user's header to the fields of a record type. Pure."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from f.connect.errors import FixInput
from f.records.reading.record_type import Columns, RecordType


def _fold(header: str) -> str:
    """`E-Mail Address *` and `email_address` fold to the same word."""
    plain = unicodedata.normalize("NFKD", header)
    return "".join(char for char in plain.casefold() if char.isalnum())


def _by_word(table: Mapping[str, str]) -> dict[str, str]:
    return {_fold(word): name for name, words in table.items() for word in words.split(",")}


def map_columns(
    header: Sequence[str], record_type: RecordType, explicit: Mapping[str, str | None] | None = None
) -> Columns:
    """Recognise the header; `explicit` (their column to our field) wins over every recognition.

    In `explicit`, a name that is not a field of the type makes a custom field of that name, and an
    empty name leaves the column out. Raises FixInput if a column is named that is not there,
    if two columns hold one field, or if no column can hold a field that the type requires.
    """
    known = record_type.fields
    chosen = _explicit_columns(header, explicit or {})
    fields = {index: name for index, name in chosen.items() if name in known}
    taken = _by_field(header, fields)
    rest = [index for index in range(len(header)) if index not in chosen]
    by_spelling = _by_word({name: field.spellings for name, field in known.items()})
    by_stand_in = _by_word({name: field.stand_ins for name, field in known.items() if field.stand_ins})
    for table, strict in ((by_spelling, True), (by_stand_in, False)):
        found = {index: table[_fold(header[index])] for index in rest if _fold(header[index]) in table}
        for index, name in found.items():
            if name not in taken:
                fields[index], taken[name] = name, index
            elif strict and taken[name] in found:
                raise _two_columns(header, taken[name], index, name)
        rest = [index for index in rest if index not in fields]
    custom = {index: name for index, name in chosen.items() if name and name not in known}
    custom.update(_custom_names(header, rest, {*known, *custom.values()}))
    columns = Columns(tuple(header), dict(sorted(fields.items())), dict(sorted(custom.items())))
    _require(columns, record_type)
    return columns


def knows_of(record_type: RecordType) -> Callable[[str], bool]:
    """Return whether a cell's text is a column name that `map_columns` recognises."""
    known = record_type.fields
    words = _by_word({name: field.spellings for name, field in known.items()})
    words |= _by_word({name: field.stand_ins for name, field in known.items() if field.stand_ins})
    return lambda text: _fold(text) in words


def _explicit_columns(header: Sequence[str], explicit: Mapping[str, str | None]) -> dict[int, str]:
    """Index to name for every column the user mapped; a left-out column has an empty name."""
    positions = {_fold(column): index for index, column in reversed(list(enumerate(header)))}
    exact = {column: index for index, column in reversed(list(enumerate(header)))}
    chosen: dict[int, str] = {}
    for column, name in explicit.items():
        index = exact.get(column, positions.get(_fold(column)))
        if index is None:
            near = difflib.get_close_matches(column, header, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"The file has: {', '.join(header)}."
            raise FixInput(
                f"The mapping names a column {column!r} that the file does not have. {hint}",
                code="unknown_column",
            )
        if not isinstance(name or "", str):
            raise FixInput(
                f"The mapping gives the column {column!r} something that is not text. Give the name of a "
                'field, or "" to leave the column out.',
                code="bad_mapping",
            )
        chosen[index] = (name or "").strip()
    return chosen


def _by_field(header: Sequence[str], fields: Mapping[int, str]) -> dict[str, int]:
    taken: dict[str, int] = {}
    for index, name in fields.items():
        if name in taken:
            raise _two_columns(header, taken[name], index, name)
        taken[name] = index
    return taken


def _two_columns(header: Sequence[str], first: int, second: int, name: str) -> FixInput:
    return FixInput(
        f"Line 1: column {first + 1} ({header[first]!r}) and column {second + 1} ({header[second]!r}) "
        f"both mean {name!r}. Rename one of them, or say which is meant with the mapping, "
        f'for example {{"{header[second]}": ""}} to leave the second out.',
        code="two_columns_for_one_field",
    )


def _custom_names(header: Sequence[str], indexes: Sequence[int], used: set[str]) -> dict[int, str]:
    """Unmapped columns under their own header; one that is empty, repeated or ours gets a number."""
    names: dict[int, str] = {}
    for index in indexes:
        base = header[index].strip() or f"column_{index + 1}"
        name, count = base, 1
        while name in used:
            count += 1
            name = f"{base}_{count}"
        used.add(name)
        names[index] = name
    return names


def _require(columns: Columns, record_type: RecordType) -> None:
    found = set(columns.fields.values())
    header = ", ".join(repr(name) for name in columns.header)
    for required in record_type.required:
        if not found.intersection(required.fields):
            name = required.fields[0]
            raise FixInput(
                f"Line 1: no column holds {required.what}. The header has: {header}. Name a column {name!r}, "
                f'or say which one it is with the mapping, for example {{"{required.example}": "{name}"}}.',
                code=required.code,
            )
