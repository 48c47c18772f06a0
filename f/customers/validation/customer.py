"""A customer, and the rules that make a row of text into one. Pure: no files, no network, no clock."""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from email_validator import EmailNotValidError

from f.customers.validation.countries import to_alpha2
from f.customers.validation.email_address import normalize_email
from f.customers.validation.phone_number import to_e164

# Longest value per field, in characters. E-mail: RFC 5321 section 4.5.3.1 leaves 254 for the
# address. The rest is what the CRMs we write to accept in their standard columns.
MAX_LENGTH: dict[str, int] = {
    "name": 255,
    "first_name": 100,
    "last_name": 150,
    "email": 254,
    "phone": 50,
    "company": 255,
    "job_title": 128,
    "website": 500,
    "street": 500,
    "city": 100,
    "state": 100,
    "postal_code": 32,
    "country": 100,
    "external_id": 255,
    "notes": 32_000,
}
FIELDS = tuple(MAX_LENGTH)
CUSTOM_MAX_LENGTH = 32_000

_MULTI_LINE = frozenset({"street", "notes"})

# C0 without tab, line feed and carriage return; DEL and C1; the replacement character a wrong
# decoding leaves; direction overrides, which make a name read as another.
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\u202a-\u202e\u2066-\u2069]")

# Zero-width space, joiners and a stray byte order mark: pasted with a value, never part of it.
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"


class Fault(NamedTuple):
    """One thing wrong with one field. `detail` never repeats the value."""

    code: str
    field: str
    detail: str = ""


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
        """The flat form that travels between steps and that a person types in a form."""
        record: dict[str, Any] = {"name": self.name, "email": self.email, **self.fields}
        if self.custom:
            record["custom"] = self.custom
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Customer":
        """The inverse of `to_json`, for records this module made. Outside data goes through `check`."""
        rest = dict(record)
        name, email, custom = rest.pop("name"), rest.pop("email"), rest.pop("custom", {})
        return cls(name=name, email=email, fields=rest, custom=custom)


def customer_key(email: str) -> str:
    """An address without regard to case: what makes two rows the same customer."""
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
    """The address with its domain normalised (RFC 5321 leaves the local part's case to the receiver)."""
    if not text:
        return "", Fault("missing_email", "email")
    try:
        return normalize_email(text), None
    except EmailNotValidError as error:
        return "", Fault("invalid_email", "email", str(error))


def with_split_name(customer: Customer) -> Customer:
    """For targets that insist on a last name: where the row had none, the last word of the name."""
    if "last_name" in customer.fields:
        return customer
    first, _, last = customer.name.rpartition(" ")
    names = {"first_name": first, "last_name": last} if first else {"last_name": last}
    return Customer(customer.name, customer.email, {**names, **customer.fields}, customer.custom)


def _clean_all(values: dict[str, str], custom: dict[str, str], faults: list[Fault]) -> dict[str, str]:
    """Trimmed values without the empty ones; what is too long or holds bad characters becomes a fault."""
    clean: dict[str, str] = {}
    for field_name, raw in values.items():
        text = _clean(raw, multi_line=field_name in _MULTI_LINE)
        if text:
            faults.extend(_text_faults(field_name, raw, text, MAX_LENGTH[field_name]))
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
