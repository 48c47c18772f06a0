"""Checks of a record type field by field, for types whose fields have nothing to do with one another.

Each field is trimmed, may be required, has a longest length, and may have a function that returns its value
in normal form or raises ValueError with a sentence. A type whose fields explain each other writes its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from f.records.reading.record_type import Checked, Columns, Fault, Field, RowChecks
from f.records.rows.row import CUSTOM

Normalize = Callable[[str], str]


def field_checks(
    fields: Mapping[str, Field],
    *,
    required: Collection[str] = (),
    normal: Mapping[str, Normalize] | None = None,
) -> Callable[[Columns, Mapping[str, Any]], RowChecks]:
    """Return the `checks` of a record type: these fields, of which `required` must not be empty.

    The faults have the codes missing_value, too_long and invalid_value.
    """

    def checks(columns: Columns, _options: Mapping[str, Any]) -> RowChecks:
        return _FieldChecks(columns, fields, required, normal or {})

    return checks


class _FieldChecks:
    def __init__(
        self,
        columns: Columns,
        fields: Mapping[str, Field],
        required: Collection[str],
        normal: Mapping[str, Normalize],
    ) -> None:
        self._columns, self._fields, self._required, self._normal = columns, fields, required, normal

    def verdicts(self, rows: Sequence[list[str]]) -> list[Checked]:
        return [self._verdict(cells) for cells in rows]

    def _verdict(self, cells: Sequence[str]) -> Checked:
        values, custom = self._columns.split(cells)
        record: dict[str, Any] = {}
        faults = [Fault("missing_value", name) for name in self._required if not values.get(name, "").strip()]
        for name, raw in values.items():
            if text := " ".join(raw.split()):
                fault = self._put(record, name, text)
                faults += [fault] if fault else []
        kept = {name: text.strip() for name, text in custom.items() if text.strip()}
        if kept:
            record[CUSTOM] = kept
        return None if faults else record, faults, []

    def _put(self, record: dict[str, Any], name: str, text: str) -> Fault | None:
        """Put the value into the record, or return what is wrong with it."""
        longest = self._fields[name].longest
        if len(text) > longest:
            return Fault("too_long", name, f"{len(text)} characters, at most {longest}")
        try:
            record[name] = self._normal[name](text) if name in self._normal else text
        except ValueError as error:
            return Fault("invalid_value", name, str(error))
        return None
