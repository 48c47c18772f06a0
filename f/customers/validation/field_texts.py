"""The fields of a customer in words, for people who say what the columns of their file hold."""

from __future__ import annotations

from typing import TypedDict

from f.customers.validation.customer_type import CUSTOMERS


class FieldInfo(TypedDict):
    """A field: what it is called, what belongs in it, and whether a file needs a column for it."""

    name: str
    title: str
    required: bool
    meaning: str


# Title, and what belongs there.
FIELD_TEXTS: dict[str, tuple[str, str]] = {
    "name": ("Name", "The whole name, or give first and last name instead."),
    "first_name": ("First name", "The given name, without the last name."),
    "last_name": ("Last name", "The family name, without the first name."),
    "email": ("E-mail", "One e-mail address; it makes two rows the same customer."),
    "phone": ("Phone", "One phone number, best with its country code."),
    "company": ("Company", "The company or organisation the customer belongs to."),
    "job_title": ("Job title", "What the customer does there."),
    "website": ("Website", "The address of a website."),
    "street": ("Street", "Street and house number."),
    "city": ("City", "The city or town."),
    "state": ("State", "The state, province or region."),
    "postal_code": ("Postal code", "The postal or ZIP code, as text: leading zeros count."),
    "country": ("Country", "The country by its name or its two-letter code."),
    "external_id": ("External id", "The number under which another system knows the customer."),
    "notes": ("Notes", "Free text."),
}


def field_infos() -> list[FieldInfo]:
    """Return every field in the order in which people think of them."""
    # Where one of several will do, the first of them stands for all.
    needed = {group.fields[0] for group in CUSTOMERS.required}
    return [
        {"name": name, "title": title, "required": name in needed, "meaning": meaning}
        for name, (title, meaning) in FIELD_TEXTS.items()
    ]
