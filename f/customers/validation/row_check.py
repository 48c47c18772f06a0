"""Checks the rows of a table. What `customer.check` says of a row is the rule; most rows take a short cut.

`check` looks at every value several times. In most rows of most files none of that changes anything, and
one look at many rows together shows it. Such plain rows are finished here, at a fraction of the cost; every
other is left to `check`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, compress, cycle
from operator import gt, itemgetter
from typing import Any

from f.customers.validation.countries import to_alpha2
from f.customers.validation.customer import NUMBERS, check, full_name, postal_code_warnings
from f.customers.validation.email_address import normalize_plain
from f.customers.validation.fields import CUSTOM_MAX_LENGTH, FIELDS
from f.customers.validation.phone_number import read_plain, to_e164
from f.records.reading.record_type import Checked, Columns, Fault
from f.records.rows.repairs import EMPTY_WORDS, needs_no_repair
from f.records.rows.row import CUSTOM

# Enough rows to share the cost; where one of them has dirt, few enough that most of these groups have none.
_LOOKED_AT_TOGETHER = 64
_AFTER_DIRT = 16

_POINTS = (".0", ",0")
_AHEAD = {"name": 0, "email": 1}  # of the other fields, as in Customer.to_json
_MAY_LACK_ZERO = 4  # digits of a postal code

_Cells = Callable[[Sequence[str]], tuple[str, ...]]


class RowCheck:
    """Checks rows of one table, `default_country` (alpha-2) being where phone numbers are dialled."""

    def __init__(self, columns: Columns, default_country: str | None) -> None:
        fields = sorted(columns.fields.items(), key=lambda field: _AHEAD.get(field[1], 2))
        self._fields = tuple(name for _, name in fields), _cells_at([index for index, _ in fields])
        self._custom = tuple(columns.custom.values()), _cells_at(list(columns.custom))
        self._limits = [
            FIELDS[columns.fields[index]].longest if index in columns.fields else CUSTOM_MAX_LENGTH
            for index in range(len(columns.header))
        ]
        self._shortest = min(self._limits, default=0)
        self._columns = columns
        self._default_country = default_country

    def verdicts(self, rows: Sequence[list[str]]) -> list[Checked]:
        """Return the verdict on each of these rows, all as wide as the header."""
        return self._together(rows, _LOOKED_AT_TOGETHER)

    def _together(self, rows: Sequence[list[str]], size: int) -> list[Checked]:
        """Look at so many rows at once, and at fewer where that shows dirt."""
        verdicts: list[Checked] = []
        for start in range(0, len(rows), size):
            group = rows[start : start + size]
            cells = list(chain.from_iterable(group))
            joined = _joined(cells)
            if self._nothing_to_change(cells, joined):
                has_point = any(map(joined.__contains__, _POINTS))
                verdicts += [self._plain(row, has_point) or self.by_rule(row) for row in group]
            elif len(group) == 1:
                verdicts.append(self.by_rule(group[0]))
            else:
                verdicts += self._together(group, _AFTER_DIRT if len(group) > _AFTER_DIRT else 1)
        return verdicts

    def by_rule(self, cells: Sequence[str]) -> Checked:
        """Return the verdict of `check`, without short cuts for the row."""
        values, custom = self._columns.split(cells)
        customer, faults, warnings = check(values, custom, self._default_country)
        return customer.to_json() if customer else None, faults, warnings

    def _nothing_to_change(self, cells: Sequence[str], joined: str) -> bool:
        """Whether `check` would trim and refuse none of the cells of these whole rows."""
        return _is_clean(cells, joined) and (
            max(map(len, cells), default=0) <= self._shortest
            or not any(map(gt, map(len, cells), cycle(self._limits)))
        )

    def _plain(self, cells: Sequence[str], has_point: bool) -> Checked | None:
        """What `check` does once a row is trimmed, in the same order; None if more is to be done.

        `has_point`: a number in it may have got a `.0` at its end.
        """
        record = _filled(*self._fields, cells)
        email = normalize_plain(record.get("email", ""))
        if email is None or (has_point and _has_added_point(record)):
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
        if "phone" in record and not _read_phone(record, country, warnings):
            return None
        if len(record.get("postal_code", "")) == _MAY_LACK_ZERO:
            warnings += postal_code_warnings(record["postal_code"], country)
        if custom := _filled(*self._custom, cells):
            record[CUSTOM] = custom
        return record, [], warnings


def _cells_at(indexes: Sequence[int]) -> _Cells:
    """Return what takes the cells at these places of a row."""
    if len(indexes) > 1:
        return itemgetter(*indexes)
    return lambda cells: tuple(cells[index] for index in indexes)


def _filled(names: tuple[str, ...], cells_of: _Cells, cells: Sequence[str]) -> dict[str, Any]:
    """Return the texts of a row by name, without the empty ones."""
    texts = cells_of(cells)
    return dict(zip(names, texts) if all(texts) else compress(zip(names, texts), texts))  # noqa: B905 - one each


def _read_phone(record: dict[str, Any], country: str | None, warnings: list[Fault]) -> bool:
    """Put the record's phone number into its form, or warn of it; False if it has an extension."""
    text = record["phone"]
    number, extension = read_plain(text, country), None
    if number is None:
        number, extension = to_e164(text, country)
    if number is None:
        warnings.append(Fault("unparsable_phone", "phone"))
    else:
        record["phone"] = number
    return not extension


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
    return _is_clean(texts, _joined(texts))


def _joined(texts: Sequence[str]) -> str:
    return " ".join(["", *filter(None, texts), ""])


def _is_clean(texts: Sequence[str], joined: str) -> bool:
    return (
        joined.isprintable()
        and "  " not in joined
        and "\ufffd" not in joined
        and EMPTY_WORDS.isdisjoint(texts)
        and needs_no_repair(joined)
    )
