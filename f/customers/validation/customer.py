"""A customer, and the rules that make a row of text into one. Pure: no files, no network, no clock."""

# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# idna==3.20

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from email_validator import EmailNotValidError

from f.customers.validation.countries import to_alpha2
from f.customers.validation.email_address import normalize_email
from f.customers.validation.fields import CUSTOM_MAX_LENGTH, FIELDS
from f.customers.validation.phone_number import to_e164
from f.records.reading.record_type import Fault
from f.records.rows.row import CUSTOM

_MULTI_LINE = frozenset({"street", "notes"})

# C0 without tab, line feed and carriage return; DEL and C1; the replacement character a wrong
# decoding leaves; direction overrides, which make a name read as another.
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\u202a-\u202e\u2066-\u2069]")

# Zero-width space, joiners and a stray byte order mark: pasted with a value, never part of it.
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"


@dataclass(slots=True)
class Customer:
    """A validated, normalised customer. Empty fields are absent, so that an update never blanks one."""

    name: str
    email: str
    fields: dict[str, str] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What makes two rows the same customer."""
        return customer_key(self.email)

    def to_json(self) -> dict[str, Any]:
        """Return the flat form that travels between steps and that a person types into a form."""
        record: dict[str, Any] = {"name": self.name, "email": self.email, **self.fields}
        if self.custom:
            record[CUSTOM] = self.custom
        return record


def customer_key(email: str) -> str:
    """Return the address without regard to case: what makes two rows the same customer."""
    return email.casefold()


class Checked(NamedTuple):
    """The verdict on one row: a customer, or the faults that forbid it; warnings come with either."""

    customer: Customer | None
    faults: list[Fault]
    warnings: list[Fault]


def check(values: dict[str, str], custom: dict[str, str], default_country: str | None) -> Checked:
    """Validate and normalise one row.

    `values` are our fields as they were written, `custom` the columns we know nothing about.
    `default_country` is the alpha-2 code under which a phone number without country code is
    read; the row's own country goes before it.
    """
    faults: list[Fault] = []
    warnings: list[Fault] = []
    clean = _clean_all(values, custom, faults)
    extras = {
        name: text for name, text in ((n, _clean(t, multi_line=True)) for n, t in custom.items()) if text
    }

    name = clean.pop("name", "") or " ".join(
        part for part in (clean.get("first_name"), clean.get("last_name")) if part
    )
    if not name:
        faults.append(Fault("missing_name", "name"))
    email, email_fault = check_email(clean.pop("email", ""))
    if email_fault is not None:
        faults.append(email_fault)

    country = clean.get("country")
    if country is not None:
        alpha2 = to_alpha2(country)
        if alpha2 is None:
            warnings.append(Fault("unknown_country", "country"))
        else:
            clean["country"] = alpha2
        country = alpha2
    if "phone" in clean:
        number, extension = to_e164(clean["phone"], country or default_country)
        if number is None:
            warnings.append(Fault("unparsable_phone", "phone"))
        else:
            clean["phone"] = number
        if extension:
            extras["phone_extension"] = extension
            warnings.append(Fault("phone_extension", "phone"))

    if faults:
        return Checked(None, faults, warnings)
    return Checked(Customer(name=name, email=email, fields=clean, custom=extras), faults, warnings)


def check_email(text: str) -> tuple[str, Fault | None]:
    """Return the address with its domain normalised (RFC 5321 leaves the local part's case alone)."""
    if not text:
        return "", Fault("missing_email", "email")
    try:
        return normalize_email(text), None
    except EmailNotValidError as error:
        return "", Fault("invalid_email", "email", str(error))


def _clean_all(values: dict[str, str], custom: dict[str, str], faults: list[Fault]) -> dict[str, str]:
    """Trimmed values without the empty ones; what is too long or holds bad characters becomes a fault."""
    clean: dict[str, str] = {}
    for field_name, raw in values.items():
        text = _clean(raw, multi_line=field_name in _MULTI_LINE)
        if text:
            faults.extend(_text_faults(field_name, raw, text, FIELDS[field_name].longest))
            clean[field_name] = text
    for column, raw in custom.items():
        faults.extend(_text_faults(column, raw, raw, CUSTOM_MAX_LENGTH))
    return clean


def _clean(text: str, *, multi_line: bool) -> str:
    """Outer white space off; inside a single-line field every run of white space is one space."""
    text = text.strip().strip(_INVISIBLE)
    return text.strip() if multi_line else " ".join(text.split())


def _text_faults(field_name: str, raw: str, text: str, longest: int) -> list[Fault]:
    """Bad characters are looked for in the raw text: to Python some of them are white space."""
    if len(text) > longest:
        return [Fault("too_long", field_name, f"{len(text)} characters, at most {longest}")]
    bad = _BAD.search(raw)
    if bad is not None:
        return [
            Fault("bad_characters", field_name, f"U+{ord(bad.group()):04X} at character {bad.start() + 1}")
        ]
    return []
