"""The pipeline one writes first: csv, pydantic with EmailStr, phonenumbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any

import phonenumbers
from pydantic import BaseModel, ConfigDict, EmailStr, Field, ValidationError

Customers = Iterator[dict[str, Any]]


class ObviousCustomer(BaseModel):
    """A row as one writes it down first, by the names of the file."""

    model_config = ConfigDict(str_strip_whitespace=True)

    name: Annotated[str, Field(alias="Full Name", min_length=1, max_length=255)]
    email: Annotated[EmailStr, Field(alias="E-Mail Address")]
    phone: Annotated[str, Field(alias="Tel.", max_length=50)] = ""
    company: Annotated[str, Field(alias="Organisation", max_length=255)] = ""
    street: Annotated[str, Field(alias="Street", max_length=500)] = ""
    city: Annotated[str, Field(alias="City", max_length=100)] = ""
    postal_code: Annotated[str, Field(alias="ZIP", max_length=32)] = ""
    country: Annotated[str, Field(alias="Country", max_length=100)] = ""
    notes: Annotated[str, Field(alias="Notes", max_length=32_000)] = ""


_REGIONS = {"United States": "US", "USA": "US", "UK": "GB", "Germany": "DE", "DE": "DE", "France": "FR"}


def obvious(data: bytes, delimiter: str) -> Customers:
    """The pipeline one writes first: csv, pydantic with EmailStr, phonenumbers."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    for row in csv.DictReader(text, delimiter=delimiter):
        try:
            customer = ObviousCustomer.model_validate(row)
        except ValidationError:
            continue
        if customer.phone:
            try:
                number = phonenumbers.parse(customer.phone, _REGIONS.get(customer.country))
            except phonenumbers.NumberParseException:
                pass
            else:
                if phonenumbers.is_valid_number(number):
                    customer.phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        yield customer.model_dump()
