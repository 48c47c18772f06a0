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
from f.customers.validation.email_address import normalize_email, unwrap
from f.customers.validation.fields import CUSTOM_MAX_LENGTH, FIELDS
from f.customers.validation.phone_number import to_e164
from f.records.reading.record_type import Fault
from f.records.rows.repairs import has_lost_digits, is_no_value, repair, without_point
from f.records.rows.row import CUSTOM

_MULTI_LINE = frozenset({"street", "notes"})

# C0 without tab, line feed and carriage return; DEL and C1; the replacement character a wrong
# decoding leaves; the direction override, which makes a name read as another.
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\u202e]")

_NAMES = frozenset({"name", "first_name", "last_name", "company"})
_WITH_MARKUP = frozenset({"notes", "website"})
# What spreadsheets take for numbers. Of any other field, 1.5E+10 may be the value.
NUMBERS = ("phone", "postal_code", "external_id")

# Five digits, of which the first may be a zero.
_FIVE_DIGITS = frozenset({"DE", "FR", "ES", "IT", "US", "MX", "FI", "TR", "KR", "UA", "LT"})

_FAR_EAST = re.compile("[\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af]")


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
    clean = _clean_all(values, faults, warnings)
    extras = _clean_custom(custom, faults, warnings)

    email, person, found = check_email(clean.pop("email", ""))
    name = clean.pop("name", "") or full_name(clean.get("first_name"), clean.get("last_name")) or person
    if not name:
        faults.append(Fault("missing_name", "name"))
    if found is not None:
        (faults if not email else warnings).append(found)
    _check_place_and_phone(clean, extras, warnings, default_country)
    if faults:
        return Checked(None, faults, warnings)
    return Checked(Customer(name=name, email=email, fields=clean, custom=extras), faults, warnings)


def full_name(first: str | None, last: str | None) -> str:
    """Return a name from its parts; Chinese and its neighbours put the last name first."""
    if first and last and not first.isascii() and _FAR_EAST.match(first) and _FAR_EAST.match(last):
        return f"{last} {first}"
    return " ".join(part for part in (first, last) if part)


def postal_code_warnings(text: str, country: str | None) -> list[Fault]:
    """Return the warning for a postal code that has lost the zero at its start, to Excel most likely."""
    if len(text) == 4 and country in _FIVE_DIGITS and text.isdigit():
        return [Fault("short_postal_code", "postal_code")]
    return []


def _check_place_and_phone(
    clean: dict[str, str], extras: dict[str, str], warnings: list[Fault], default_country: str | None
) -> None:
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
    warnings += postal_code_warnings(clean.get("postal_code", ""), country or default_country)


def check_email(text: str) -> tuple[str, str, Fault | None]:
    """Return the address with its domain normalised, and the name that stood beside it.

    RFC 5321 leaves the local part's case alone. The fault is a warning if there is an address: of several
    different ones none is taken, since the address is what a customer is known by.
    """
    if not text:
        return "", "", Fault("missing_email", "email")
    try:
        return normalize_email(text), "", None
    except EmailNotValidError as error:
        found = unwrap(text)
        if not found.addresses:
            return "", "", Fault("invalid_email", "email", str(error))
    if len(found.addresses) > 1:
        return "", "", Fault("several_emails", "email", f"{len(found.addresses)} addresses")
    address = found.addresses[0]
    return address, found.name, Fault("email_unwrapped", "email", "", text, address)


def _clean_all(values: dict[str, str], faults: list[Fault], warnings: list[Fault]) -> dict[str, str]:
    """Trimmed values without the empty ones; what is too long or holds bad characters becomes a fault."""
    clean: dict[str, str] = {}
    for name, raw in values.items():
        repaired, codes = repair(raw, entities=name not in _WITH_MARKUP)
        text = _clean(repaired, multi_line=name in _MULTI_LINE)
        warnings.extend(Fault(code, name, "", raw, text) for code in codes)
        if text and (lost := _lost(name, text)):
            warnings.append(Fault(lost, name, "", raw))
            continue
        if name in NUMBERS and (digits := without_point(text)) != text:
            warnings.append(Fault("added_point", name, "", raw, digits))
            text = digits
        if text:
            faults.extend(_text_faults(name, repaired, text, FIELDS[name].longest))
            clean[name] = text
    return clean


def _lost(name: str, text: str) -> str:
    """Why a value is none: a word for no value, or a number that is no longer there. Empty if it is one."""
    if is_no_value(text, words=name not in _NAMES and name != "notes", signs=True):
        return "empty_word"
    return "lost_digits" if name in NUMBERS and has_lost_digits(text) else ""


def _clean_custom(custom: dict[str, str], faults: list[Fault], warnings: list[Fault]) -> dict[str, str]:
    """The same for columns that nothing is known of: a dash may mean something there."""
    clean: dict[str, str] = {}
    for column, raw in custom.items():
        repaired, codes = repair(raw, entities=False)
        text = _clean(repaired, multi_line=True)
        warnings.extend(Fault(code, column, "", raw, text) for code in codes)
        faults.extend(_text_faults(column, repaired, repaired, CUSTOM_MAX_LENGTH))
        if is_no_value(text, words=False, signs=False):
            warnings.append(Fault("empty_word", column, "", raw))
        elif text:
            clean[column] = text
    return clean


def _clean(text: str, *, multi_line: bool) -> str:
    """Outer white space off; inside a single-line field every run of white space is one space."""
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
