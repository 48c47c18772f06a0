"""Checks the rows of a table. What `customer.check` says of a row is the rule; most rows take a short cut.

`check` looks at every value several times. In most rows of most files none of that changes anything, and
one look at many rows together shows it. Such plain rows are finished here, at a fraction of the cost; every
other is left to `check`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, cycle
from operator import gt
from typing import Any

from f.customers.validation.countries import to_alpha2
from f.customers.validation.customer import NUMBERS, check, full_name, postal_code_warnings
from f.customers.validation.email_address import normalize_plain
from f.customers.validation.fields import CUSTOM_MAX_LENGTH, FIELDS
from f.customers.validation.phone_number import to_e164
from f.records.reading.record_type import Checked, Columns, Fault
from f.records.rows.repairs import EMPTY_WORDS, needs_no_repair
from f.records.rows.row import CUSTOM

# Enough rows to share the cost, few enough that most of these groups have no dirt where a file has some.
_LOOKED_AT_TOGETHER = 16

_POINTS = (".0", ",0")
_AHEAD = {"name": 0, "email": 1}  # of the other fields, as in Customer.to_json


class RowCheck:
    """Checks rows of one table, `default_country` (alpha-2) being where phone numbers are dialled."""

    def __init__(self, columns: Columns, default_country: str | None) -> None:
        self._fields = sorted(columns.fields.items(), key=lambda field: _AHEAD.get(field[1], 2))
        self._custom = list(columns.custom.items())
        self._limits = [
            FIELDS[columns.fields[index]].longest if index in columns.fields else CUSTOM_MAX_LENGTH
            for index in range(len(columns.header))
        ]
        self._columns = columns
        self._default_country = default_country

    def verdicts(self, rows: Sequence[list[str]]) -> list[Checked]:
        """Return the verdict on each of these rows, all as wide as the header."""
        verdicts: list[Checked] = []
        for start in range(0, len(rows), _LOOKED_AT_TOGETHER):
            verdicts += self._together(rows[start : start + _LOOKED_AT_TOGETHER])
        return verdicts

    def _together(self, rows: Sequence[list[str]]) -> list[Checked]:
        if self._nothing_to_change(list(chain.from_iterable(rows))):
            return [self._plain(row) or self.by_rule(row) for row in rows]
        return [
            (self._plain(row) if self._nothing_to_change(row) else None) or self.by_rule(row) for row in rows
        ]

    def by_rule(self, cells: Sequence[str]) -> Checked:
        """Return the verdict of `check`, without short cuts for the row."""
        values, custom = self._columns.split(cells)
        customer, faults, warnings = check(values, custom, self._default_country)
        return customer.to_json() if customer else None, faults, warnings

    def _nothing_to_change(self, cells: Sequence[str]) -> bool:
        """Whether `check` would trim and refuse none of the cells of these whole rows."""
        return is_clean(cells) and not any(map(gt, map(len, cells), cycle(self._limits)))

    def _plain(self, cells: Sequence[str]) -> Checked | None:
        """What `check` does once a row is trimmed, in the same order; None if more is to be done."""
        record: dict[str, Any] = {name: text for index, name in self._fields if (text := cells[index])}
        email = normalize_plain(record.get("email", ""))
        if email is None or _has_added_point(record):
            return None
        record["email"] = email
        if "name" not in record:
            record = {"name": full_name(record.get("first_name"), record.get("last_name")), **record}
        if not record["name"]:
            return None
        warnings: list[Fault] = []
        country = self._default_country
        if "country" in record:
            alpha2 = to_alpha2(record["country"])
            if alpha2 is None:
                warnings.append(Fault("unknown_country", "country"))
            else:
                record["country"] = country = alpha2
        if "phone" in record:
            number, extension = to_e164(record["phone"], country)
            if extension:
                return None
            if number is None:
                warnings.append(Fault("unparsable_phone", "phone"))
            else:
                record["phone"] = number
        warnings += postal_code_warnings(record.get("postal_code", ""), country)
        custom = {name: text for index, name in self._custom if (text := cells[index])}
        if custom:
            record[CUSTOM] = custom
        return record, [], warnings


def _has_added_point(record: Mapping[str, str]) -> bool:
    for name in NUMBERS:  # noqa: SIM110 - any() of a generator costs three times as much, in every row
        if name in record and record[name].endswith(_POINTS):
            return True
    return False


def is_clean(texts: Sequence[str]) -> bool:
    """Return whether `check` would neither trim, repair nor refuse any of these texts for its characters.

    Of all white space only the space itself is printable, and none of the characters that `check` removes
    or refuses is, except the replacement character. What is left to be trimmed is a space beside another or
    at the end of a text: here, where one space stands around each text, it makes two.
    """
    joined = " ".join(["", *filter(None, texts), ""])
    return (
        joined.isprintable()
        and "  " not in joined
        and "\ufffd" not in joined
        and EMPTY_WORDS.isdisjoint(texts)
        and needs_no_repair(joined)
    )
