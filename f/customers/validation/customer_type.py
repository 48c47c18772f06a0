"""Customers, declared: what the engine has to know to turn rows into them and to tell a person about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from f.customers.validation.content import LOOKS, arrange
from f.customers.validation.countries import to_alpha2
from f.customers.validation.customer import customer_key
from f.customers.validation.fields import FIELDS
from f.customers.validation.reasons import CUSTOMER_REASONS
from f.customers.validation.row_check import RowCheck
from f.customers.validation.suggestions import suggestion
from f.customers.validation.titles import customer_titles
from f.records.reading.record_type import Columns, Fault, Parts, RecordType, Required, RowChecks


def _checks(columns: Columns, options: Mapping[str, Any]) -> RowChecks:
    """The option `default_country` is the alpha-2 code of phone numbers without a country code."""
    return RowCheck(columns, options.get("default_country"))


def _key(record: Mapping[str, Any]) -> str:
    return customer_key(record["email"])


def _suggest(fault: Fault, values: Mapping[str, str], options: Mapping[str, Any]) -> str | None:
    country = to_alpha2(values.get("country", "")) or options.get("default_country")
    return suggestion(fault.field, fault.code, values[fault.field], country)


CUSTOMERS = RecordType(
    noun="customer",
    fields=FIELDS,
    required=(
        Required(("email",), "no_email_column", "the e-mail address", "Contact"),
        Required(("name", "first_name", "last_name"), "no_name_column", "the name", "Client"),
    ),
    checks=_checks,
    key=_key,
    key_field="email",
    reasons=CUSTOMER_REASONS,
    words=customer_titles,
    looks=LOOKS,
    parts=Parts("name", "first_name", "last_name"),
    arrange=arrange,
    suggest=_suggest,
)
