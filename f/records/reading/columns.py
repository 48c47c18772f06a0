"""Which column holds what: their header to our fields, our fields to the target's. Pure."""

import difflib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from f.connect.errors import FixInput, FixSettings
from f.customers.validation.customer import FIELDS

# Spellings of our fields, compared without case, accents, spaces and punctuation. Two columns
# that both spell one field are an error, because nobody can know which is meant.
_SPELLINGS: dict[str, str] = {
    "name": "name, full name, customer name, contact name, nom complet, nombre completo, kundenname",
    "first_name": "first name, given name, forename, vorname, prenom",
    "last_name": "last name, surname, family name, nachname, familienname, apellido, apellidos",
    "email": "email, mail, email address, mail address, correo, correo electronico, courriel, adresse email",
    "phone": "phone, phone number, phone no, telephone, telephone number, tel, tel no, telefon, "
    "telefonnummer, telefono",
    "company": "company, company name, organisation, organization, organisation name, organization name, "
    "firma, societe, entreprise, empresa",
    "job_title": "job title",
    "website": "website, web site, homepage, company website, webseite, site web",
    "street": "street, address, street address, address 1, address line 1, strasse, anschrift, adresse, "
    "rue, direccion, calle",
    "city": "city, town, ort, stadt, ville, ciudad",
    "state": "state, bundesland",
    "postal_code": "postal code, postcode, post code, zip, zip code, plz, postleitzahl, code postal, "
    "codigo postal",
    "country": "country, country code, country name, land, pays, pais",
    "external_id": "external id, customer id, customer number, customer no, client id, kundennummer",
    "notes": "notes, note, bemerkung, notiz, notas",
}

# Words that stand for a field only where nothing spells it, first come first served: a mobile number
# is the phone of a file without a phone column, and a custom field of a file that has both.
_STAND_INS: dict[str, str] = {
    "name": "customer, client, contact, contact person, display name, kunde, nom, nombre",
    "first_name": "first",
    "last_name": "last",
    "email": "contact email, customer email, primary email, work email, private email",
    "phone": "mobile, mobile phone, mobile number, cell, cell phone, contact phone, contact number, "
    "work phone, home phone, handy, portable, movil",
    "company": "account, account name, business, business name, employer",
    "job_title": "title, position, role, job, funktion, poste, cargo",
    "website": "web, url",
    "street": "mailing street, billing address, shipping address",
    "city": "locality, mailing city",
    "state": "province, region, county, state province, provincia",
    "postal_code": "mailing zip",
    "country": "nation, mailing country",
    "external_id": "id, reference",
    "notes": "comment, comments, remarks, commentaire",
}


def _fold(header: str) -> str:
    """`E-Mail Address *` and `email_address` fold to the same word."""
    plain = unicodedata.normalize("NFKD", header)
    return "".join(char for char in plain.casefold() if char.isalnum())


def _by_word(table: Mapping[str, str]) -> dict[str, str]:
    return {_fold(word): name for name, words in table.items() for word in words.split(",")}


_BY_SPELLING = _by_word(_SPELLINGS)
_BY_STAND_IN = _by_word(_STAND_INS)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each value of a row goes. Indexes count cells from 0."""

    header: tuple[str, ...]
    fields: dict[int, str]
    custom: dict[int, str]

    def describe(self) -> dict[str, str]:
        """Column to our field, for the report; a custom field is shown as `custom: name`."""
        described = {**self.fields, **{index: f"custom: {name}" for index, name in self.custom.items()}}
        return {self._title(index): described[index] for index in sorted(described)}

    def _title(self, index: int) -> str:
        name = self.header[index]
        return name if self.header.count(name) == 1 and name else f"{name} (column {index + 1})".strip()

    def column_of(self, field: str) -> str | None:
        """The user's own name of the column that holds a field or custom field."""
        for named in (self.fields, self.custom):
            for index, name in named.items():
                if name == field:
                    return self.header[index]
        return None

    def split(self, cells: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
        """One row's cells as (our fields, custom fields)."""
        return (
            {name: cells[index] for index, name in self.fields.items()},
            {name: cells[index] for index, name in self.custom.items()},
        )


def map_columns(header: Sequence[str], explicit: Mapping[str, str | None] | None = None) -> Columns:
    """Recognise the header; `explicit` (their column to our field) wins over every recognition.

    In `explicit`, a name that is not one of our fields makes a custom field of that name, and an
    empty name leaves the column out. Raises FixInput where a column is named that is not there,
    where two columns hold one field, or where no column can hold the e-mail address or the name.
    """
    chosen = _explicit_columns(header, explicit or {})
    fields = {index: name for index, name in chosen.items() if name in FIELDS}
    taken = _by_field(header, fields)
    rest = [index for index in range(len(header)) if index not in chosen]
    for table, strict in ((_BY_SPELLING, True), (_BY_STAND_IN, False)):
        found = {index: table[_fold(header[index])] for index in rest if _fold(header[index]) in table}
        for index, name in found.items():
            if name not in taken:
                fields[index], taken[name] = name, index
            elif strict and taken[name] in found:
                raise _two_columns(header, taken[name], index, name)
        rest = [index for index in rest if index not in fields]
    custom = {index: name for index, name in chosen.items() if name and name not in FIELDS}
    custom.update(_custom_names(header, rest, {*FIELDS, *custom.values()}))
    columns = Columns(tuple(header), dict(sorted(fields.items())), dict(sorted(custom.items())))
    _require(columns)
    return columns


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


def _require(columns: Columns) -> None:
    found = set(columns.fields.values())
    shown = ", ".join(repr(name) for name in columns.header)
    if "email" not in found:
        raise FixInput(
            f"Line 1: no column holds the e-mail address. The header has: {shown}. Name a column 'email', "
            'or say which one it is with the mapping, for example {"Contact": "email"}.',
            code="no_email_column",
        )
    if not found & {"name", "first_name", "last_name"}:
        raise FixInput(
            f"Line 1: no column holds the name. The header has: {shown}. Name a column 'name', "
            'or say which one it is with the mapping, for example {"Client": "name"}.',
            code="no_name_column",
        )


CUSTOM_FIELDS_KEY = "custom_fields"


@dataclass(frozen=True, slots=True)
class TargetFields:
    """Our fields to the target's names, compiled once per import: `nested` are those inside an object."""

    plain: dict[str, str]
    nested: dict[str, tuple[str, ...]]
    keeps_custom: bool

    def render(self, values: Mapping[str, str], custom: Mapping[str, str]) -> dict[str, Any]:
        """The record as the target names it. A generic target takes the unnamed custom fields as well."""
        plain = self.plain
        record: dict[str, Any] = {plain[name]: text for name, text in values.items() if name in plain}
        unnamed: dict[str, str] = {}
        for name, text in custom.items():
            if name in plain:
                record[plain[name]] = text
            elif name not in self.nested:
                unnamed[name] = text
        for name, path in self.nested.items():
            if (nested := custom.get(name, values.get(name))) is not None:
                _put(record, path, nested)
        if unnamed and self.keeps_custom:
            record[CUSTOM_FIELDS_KEY] = unnamed
        return record

    def unsent(self, names: Sequence[str]) -> list[str]:
        """Which of these of our fields and custom fields the target has no place for."""
        named = self.plain.keys() | self.nested.keys()
        return [name for name in names if name not in named and not self.keeps_custom]

    def path_of(self, name: str) -> tuple[str, ...] | None:
        """Where in the target's record one of our fields stands."""
        return (self.plain[name],) if name in self.plain else self.nested.get(name)


def target_fields(
    preset: Mapping[str, str], overrides: Mapping[str, str | None] | None, *, keeps_custom: bool
) -> TargetFields:
    """A kind's preset with the resource's own `mapping` over it; null or "" leaves a field out.

    A dot in a target name makes a nested object. Raises FixSettings where two fields meet in one.
    """
    named: dict[str, str | None] = {**preset, **(overrides or {})}
    for name, path in named.items():
        if path is not None and not isinstance(path, str):
            raise FixSettings(
                f"The resource's mapping gives {name!r} something that is not a field name.",
                code="bad_mapping",
            )
    paths = {name: tuple(path.split(".")) for name, path in named.items() if path}
    for place in paths.values():
        sharing = [name for name, other in paths.items() if other[: len(place)] == place]
        if len(sharing) > 1:
            raise FixSettings(
                f"The resource's mapping sends {' and '.join(sharing)} to the same target field.",
                code="bad_mapping",
            )
    plain = {name: path[0] for name, path in paths.items() if len(path) == 1}
    nested = {name: path for name, path in paths.items() if len(path) > 1}
    return TargetFields(plain, nested, keeps_custom)


def _put(record: dict[str, Any], path: Sequence[str], text: str) -> None:
    for step in path[:-1]:
        record = record.setdefault(step, {})
    record[path[-1]] = text
