"""Checks the rows of a table. What `customer.check` says of a row is the rule; most rows take a short cut.

`check` looks at every value several times. In most rows of most files none of that changes anything, and
one look at many rows together shows it. Such plain rows are finished here, at a fraction of the cost; every
other is left to `check`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, compress, cycle, repeat
from operator import gt
from typing import Any

from f.customers.validation.countries import to_alpha2
from f.customers.validation.customer import NUMBERS, check, full_name, postal_code_warnings
from f.customers.validation.email_address import normalize_plain_all
from f.customers.validation.fields import CUSTOM_MAX_LENGTH, FIELDS
from f.customers.validation.phone_number import read_plain_all, to_e164
from f.records.reading.record_type import Checked, Columns, Fault
from f.records.rows.repairs import EMPTY_WORDS, needs_no_repair
from f.records.rows.row import CUSTOM

# Enough rows to share the cost; where one of them has dirt, few enough that most of these groups have none.
_LOOKED_AT_TOGETHER = 64
_AFTER_DIRT = 16

_POINTS = (".0", ",0")
_AHEAD = ("name", "email")  # of the other fields, as in Customer.to_json
_MAY_LACK_ZERO = 4  # digits of a postal code


class RowCheck:
    """Checks rows of one table, `default_country` (alpha-2) being where phone numbers are dialled."""

    def __init__(self, columns: Columns, default_country: str | None) -> None:
        self._limits = [
            FIELDS[columns.fields[index]].longest if index in columns.fields else CUSTOM_MAX_LENGTH
            for index in range(len(columns.header))
        ]
        self._shortest = min(self._limits, default=0)
        self._columns = columns
        self._default_country = default_country

    def verdicts(self, rows: Sequence[list[str]]) -> list[Checked]:
        """Return the verdict on each of these rows, all as wide as the header."""
        clean = list(self._clean(rows, _LOOKED_AT_TOGETHER))
        plain = self._plain(list(compress(rows, clean)))
        return [next(plain) if whole else self.by_rule(row) for row, whole in zip(rows, clean, strict=True)]

    def by_rule(self, cells: Sequence[str]) -> Checked:
        """Return the verdict of `check`, without short cuts for the row."""
        values, custom = self._columns.split(cells)
        customer, faults, warnings = check(values, custom, self._default_country)
        return customer.to_json() if customer else None, faults, warnings

    def _clean(self, rows: Sequence[list[str]], size: int) -> Iterator[bool]:
        """Whether `check` would trim and refuse no cell of each row; many are looked at together."""
        for start in range(0, len(rows), size):
            group = rows[start : start + size]
            cells = list(chain.from_iterable(group))
            if is_clean(cells) and self._is_short(cells):
                yield from repeat(True, len(group))
            elif len(group) == 1:
                yield False
            else:
                yield from self._clean(group, _AFTER_DIRT if len(group) > _AFTER_DIRT else 1)

    def _is_short(self, cells: Sequence[str]) -> bool:
        """Whether no cell of whole rows is longer than its column allows."""
        return max(map(len, cells), default=0) <= self._shortest or not any(
            map(gt, map(len, cells), cycle(self._limits))
        )

    def _plain(self, rows: Sequence[list[str]]) -> Iterator[Checked]:
        """What `check` does with rows once they are trimmed, in the same order, a column at a time."""
        cells, width = list(chain.from_iterable(rows)), len(self._limits)
        columns = [cells[index::width] for index in range(width)]
        plain = _PlainRows({name: columns[index] for index, name in self._columns.fields.items()}, len(rows))
        plain.leave_added_points()
        plain.name_them()
        plain.place_them(self._default_country)
        verdicts = plain.verdicts({name: columns[index] for index, name in self._columns.custom.items()})
        for number in plain.left:
            verdicts[number] = self.by_rule(rows[number])
        return iter(verdicts)


class _PlainRows:
    """Rows that need no trimming, by column; an empty text is no value.

    `left` are the numbers of those with which more is to be done than is done here.
    """

    def __init__(self, texts: dict[str, list[str]], rows: int) -> None:
        self.left: set[int] = set()
        self._texts = texts
        self._none = [""] * rows
        self._warnings: list[list[Fault]] = [[] for _ in self._none]

    def leave_added_points(self) -> None:
        """Leave the rows with a number that a point and a zero were added to."""
        for texts in map(self._column, NUMBERS):
            if any(map(" ".join(texts).__contains__, _POINTS)):
                self.left.update(number for number, text in enumerate(texts) if text.endswith(_POINTS))

    def name_them(self) -> None:
        """Make names of their parts, and put addresses into their form. Rows that lack one are left."""
        names = self._column("name")
        if not all(names):
            parts = zip(names, self._column("first_name"), self._column("last_name"), strict=True)
            names = [name or full_name(first, last) for name, first, last in parts]
        emails = normalize_plain_all(self._column("email"))
        if not (all(names) and all(emails)):
            pairs = zip(names, emails, strict=True)
            self.left.update(number for number, pair in enumerate(pairs) if not all(pair))
        self._texts["name"], self._texts["email"] = names, [email or "" for email in emails]

    def place_them(self, default_country: str | None) -> None:
        """Put countries and phone numbers into their form; warn of those without one, and of a lost zero."""
        countries = self._put_countries(default_country)
        self._put_phones(countries)
        codes = self._column("postal_code")
        if _MAY_LACK_ZERO in map(len, codes):
            for text, country, warnings in zip(codes, countries, self._warnings, strict=True):
                warnings.extend(postal_code_warnings(text, country))

    def verdicts(self, custom: Mapping[str, Sequence[str]]) -> list[Checked]:
        """Return the verdicts; that on a row that is `left` is void. `custom` are the columns of no field."""
        columns: dict[str, Sequence[Any]] = {name: self._texts.pop(name) for name in _AHEAD}
        columns |= self._texts
        columns[CUSTOM] = self._records(custom)
        faults: list[list[Fault]] = [[] for _ in self._none]
        return list(zip(self._records(columns), faults, self._warnings, strict=True))

    def _records(self, columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
        """Return the rows by name of these columns, without what is empty; no Python is run for each."""
        used = {name: cells for name, cells in columns.items() if any(cells)}
        rows = list(zip(*used.values(), strict=True)) if used else [()] * len(self._none)
        return list(map(dict, map(compress, map(zip, repeat(tuple(used)), rows), rows)))

    def _column(self, name: str) -> list[str]:
        return self._texts.get(name, self._none)

    def _put_countries(self, default: str | None) -> list[str | None]:
        """Return the country in which each row's number is dialled."""
        texts = self._column("country")
        if not any(texts):
            return [default] * len(texts)
        codes = list(map(to_alpha2, texts))
        self._texts["country"] = [code or text for code, text in zip(codes, texts, strict=True)]
        if None in codes:
            for code, text, warnings in zip(codes, texts, self._warnings, strict=True):
                if text and code is None:
                    warnings.append(Fault("unknown_country", "country"))
        return codes if default is None else [code or default for code in codes]

    def _put_phones(self, countries: Sequence[str | None]) -> None:
        texts = self._column("phone")
        if not any(texts):
            return
        numbers = read_plain_all(texts, countries)
        self._texts["phone"] = [number or text for number, text in zip(numbers, texts, strict=True)]
        for row, number in enumerate(numbers):
            if number is None and texts[row]:
                self._put_phone(row, countries[row])

    def _put_phone(self, row: int, country: str | None) -> None:
        """Have the library read a number, and leave the row if it has an extension."""
        number, extension = to_e164(self._texts["phone"][row], country)
        if number is None:
            self._warnings[row].append(Fault("unparsable_phone", "phone"))
        else:
            self._texts["phone"][row] = number
        if extension:
            self.left.add(row)


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
        and needs_no_repair(texts, joined)
    )
