"""The part of SOQL an import needs: fields of Contact, conditions joined by AND, a limit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mill.strict_values import whole_number
from mill.twins.message import Refused
from mill.twins.services.salesforce.contacts import Contacts
from mill.twins.services.salesforce.errors import error
from mill.twins.services.salesforce.ids import CONTACT, to_id

_TEXT = r"'(?:[^'\\]|\\.)*'"
_CONDITION = re.compile(
    rf"\s*(?P<field>\w+)\s*(?:=\s*(?P<one>{_TEXT}|null)"
    rf"|IN\s*\(\s*(?P<many>{_TEXT}(?:\s*,\s*{_TEXT})*)\s*\))\s*",
    re.IGNORECASE,
)
_QUERY = re.compile(
    r"\s*SELECT\s+(?P<fields>\w+(?:\s*,\s*\w+)*)\s+FROM\s+(?P<object>\w+)"
    r"(?:\s+WHERE\s+(?P<where>.*?))?(?:\s+ORDER\s+BY\s+Id(?:\s+ASC)?)?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A field with one of these values; no value at all is `= null`."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. `fields` are spelled as Salesforce spells them."""

    fields: tuple[str, ...]
    conditions: tuple[Condition, ...]
    limit: int | None


def parse(text: str, contacts: Contacts) -> Query:
    """Read a query. Raises Refused as Salesforce would, and for what of SOQL is not here."""
    match = _QUERY.fullmatch(text)
    if match is None:
        raise _malformed(text)
    if match["object"].lower() != "contact":
        message = f"sObject type '{match['object']}' is not supported."
        raise Refused(error(400, message, "INVALID_TYPE"))
    spelled = {name.lower(): name for name in contacts.fields}
    fields = tuple(_field(name.strip(), spelled) for name in match["fields"].split(","))
    conditions = _conditions(match["where"], spelled) if match["where"] else ()
    limit = None if match["limit"] is None else whole_number(match["limit"])
    if limit is None and match["limit"] is not None:
        raise _malformed(match["limit"])
    return Query(fields, conditions, limit)


def run(query: Query, contacts: Contacts, version: str) -> list[dict[str, Any]]:
    """Return every record of the answer, oldest first."""
    numbers = None
    for condition in query.conditions:
        found = contacts.having(condition.field, condition.values) if condition.values else None
        if found is not None:
            numbers = found if numbers is None else [number for number in found if number in set(numbers)]
    records: list[dict[str, Any]] = []
    for number in contacts.numbers() if numbers is None else numbers:
        values: dict[str, str | None] = {"Id": to_id(CONTACT, number), **(contacts.get(number) or {})}
        if query.limit is not None and len(records) >= query.limit:
            break
        if all(_holds(condition, values) for condition in query.conditions):
            url = f"/services/data/v{version}/sobjects/Contact/{values['Id']}"
            shown = {name: values.get(name) for name in query.fields}
            records.append({"attributes": {"type": "Contact", "url": url}, **shown})
    return records


def _holds(condition: Condition, values: dict[str, str | None]) -> bool:
    value = values.get(condition.field)
    if value is None or condition.field == "Id":
        return (value is None) == (not condition.values)
    return value.lower() in {wanted.lower() for wanted in condition.values}


def _conditions(text: str, spelled: dict[str, str]) -> tuple[Condition, ...]:
    conditions = []
    position = 0
    while True:
        match = _CONDITION.match(text, position)
        if match is None:
            raise _malformed(text[position:])
        literals: Sequence[str] = re.findall(_TEXT, match["many"] or match["one"])
        values = tuple(re.sub(r"\\(.)", _unescaped, literal[1:-1]) for literal in literals)
        conditions.append(Condition(_field(match["field"], spelled), values))
        position = match.end()
        if position == len(text):
            return tuple(conditions)
        joined = re.compile(r"AND\b", re.IGNORECASE).match(text, position)
        if joined is None:
            raise _malformed(text[position:])
        position = joined.end()


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[1])


def _field(name: str, spelled: dict[str, str]) -> str:
    if name.lower() not in spelled:
        message = f"No such column '{name}' on entity 'Contact'."
        raise Refused(error(400, message, "INVALID_FIELD"))
    return spelled[name.lower()]


def _malformed(text: str) -> Refused:
    return Refused(error(400, f"unexpected token: '{text.strip()[:40]}'", "MALFORMED_QUERY"))
