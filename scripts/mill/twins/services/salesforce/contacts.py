"""The contacts of an org: fields and their lengths, duplicate rule, external ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mill.twins.message import Refused
from mill.twins.services.salesforce.errors import RowError, error
from mill.twins.services.salesforce.ids import CONTACT, from_id, to_id
from mill.twins.store import Ledger, Records

KIND = "contact"
# Standard fields an import may set, and how long their values may be.
_LENGTHS = {
    "AccountId": 18,
    "Birthdate": 10,
    "Department": 80,
    "Description": 32_000,
    "Email": 80,
    "Fax": 40,
    "FirstName": 40,
    "HomePhone": 40,
    "LastName": 80,
    "LeadSource": 255,
    "MailingCity": 40,
    "MailingCountry": 80,
    "MailingPostalCode": 20,
    "MailingState": 80,
    "MailingStreet": 255,
    "MobilePhone": 40,
    "Phone": 40,
    "Salutation": 40,
    "Title": 128,
}
_CUSTOM_LENGTH = 255
_CREATED = "CreatedDate"  # read only
_EMAIL = re.compile(r"[^\s@<>(),;:\"]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did."""

    id: str
    created: bool


class SeveralMatches(Exception):
    """An external id that more than one contact has."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(f"{len(ids)} contacts match")
        self.ids = ids


class Contacts:
    """Contacts as REST, collections, SOQL and bulk jobs see them.

    `external_ids` maps an org's external id fields to whether their values must be unique.
    """

    def __init__(
        self,
        records: Records,
        ledger: Ledger,
        external_ids: Mapping[str, bool],
        custom_fields: Sequence[str],
        *,
        duplicate_rule: bool,
        clock: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._records = records
        self._ledger = ledger
        self._external_ids = external_ids
        custom = dict.fromkeys((*custom_fields, *external_ids), _CUSTOM_LENGTH)
        self._lengths = {**_LENGTHS, **custom}
        self._duplicate_rule = duplicate_rule

    def check_shape(self, record: Mapping[str, Any]) -> None:
        """Raise Refused for fields or types that fail a whole request, not a row."""
        for name, value in record.items():
            if name not in self._lengths:
                message = f"No such column '{name}' on sobject of type Contact"
                raise Refused(error(400, message, "INVALID_FIELD"))
            if not isinstance(value, str | None):
                message = (
                    f"Cannot deserialize instance of string from {value!r} or request may be missing a field"
                )
                raise Refused(error(400, message))

    def create(self, record: Mapping[str, str | None], *, allow_duplicate: bool = False) -> str:
        """Add a contact; its id. Raises RowError, applying nothing."""
        values = _set_values(record)
        if not values.get("LastName"):
            raise RowError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ("LastName",))
        self._check(values, own=None, allow_duplicate=allow_duplicate)
        now = datetime.fromtimestamp(self._clock(), UTC)
        made = now.isoformat(timespec="milliseconds").replace("+00:00", "+0000")
        number = self._records.add(KIND, {**values, _CREATED: made}, self._keys(values))
        contact_id = to_id(CONTACT, number)
        self._ledger.append("created", _ledger_key(values, contact_id), {"id": contact_id})
        return contact_id

    def update(self, number: int, record: Mapping[str, str | None], *, allow_duplicate: bool = False) -> str:
        """Set some fields, None clears one; the id. Raises RowError, applying nothing."""
        stored = self._records.get(KIND, number)
        assert stored is not None
        values = _set_values({**stored, **record})
        if not values.get("LastName"):
            raise RowError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ("LastName",))
        self._check(_writable(values), own=number, allow_duplicate=allow_duplicate)
        self._records.replace(KIND, number, values, self._keys(values))
        contact_id = to_id(CONTACT, number)
        self._ledger.append("updated", _ledger_key(values, contact_id), {"id": contact_id})
        return contact_id

    def delete(self, number: int) -> None:
        """Take a contact away, which there is."""
        stored = self._records.get(KIND, number)
        assert stored is not None
        self._records.remove(KIND, number)
        contact_id = to_id(CONTACT, number)
        self._ledger.append("deleted", _ledger_key(stored, contact_id), {"id": contact_id})

    def upsert(
        self, field: str, value: str, record: Mapping[str, str | None], *, allow_duplicate: bool = False
    ) -> Upserted:
        """Update the contact with this external id, or create it. Raises RowError or SeveralMatches."""
        self.check_external_id(field)
        found = self._records.find(KIND, field, value.lower())
        if len(found) > 1:
            raise SeveralMatches([to_id(CONTACT, number) for number in found])
        if found:
            return Upserted(self.update(found[0], record, allow_duplicate=allow_duplicate), created=False)
        created = self.create({**record, field: value}, allow_duplicate=allow_duplicate)
        return Upserted(created, created=True)

    def check_external_id(self, field: str) -> None:
        """Raise Refused for a field contacts are not told by. Email is one: it has Salesforce's idLookup."""
        if field != "Email" and field not in self._external_ids:
            message = f"Provided external ID field does not exist or is not accessible: {field}"
            raise Refused(error(404, message, "NOT_FOUND"))

    def number_of(self, contact_id: str) -> int | None:
        """Return the record of an id; None if there is none."""
        number = from_id(CONTACT, contact_id)
        return None if number is None or self._records.get(KIND, number) is None else number

    def get(self, number: int) -> dict[str, str] | None:
        """Return the fields that are set, without Id."""
        return self._records.get(KIND, number)

    def having(self, field: str, values: Sequence[str]) -> list[int] | None:
        """Return those with one of these values, oldest first; None if the field has no index."""
        if field == "Id":
            return sorted(number for value in values if (number := self.number_of(value)) is not None)
        if field != "Email" and field not in self._external_ids:
            return None
        return sorted(
            {number for value in values for number in self._records.find(KIND, field, value.lower())}
        )

    def numbers(self) -> list[int]:
        """Return every contact, oldest first."""
        numbers: list[int] = []
        while page := self._records.page(KIND, after=numbers[-1] if numbers else 0, limit=1000):
            numbers.extend(number for number, _body in page)
        return numbers

    @property
    def fields(self) -> set[str]:
        """Every field a query may name."""
        return {"Id", _CREATED, *self._lengths}

    def _check(self, values: Mapping[str, str], *, own: int | None, allow_duplicate: bool) -> None:
        for name, value in values.items():
            longest = self._lengths[name]
            if len(value) > longest:
                shown = value[:255]
                message = f"{name}: data value too large: {shown} (max length={longest})"
                raise RowError("STRING_TOO_LONG", message, (name,))
        email = values.get("Email")
        if email and not _EMAIL.fullmatch(email):
            raise RowError("INVALID_EMAIL_ADDRESS", f"Email: invalid email address: {email}", ("Email",))
        for field, unique in self._external_ids.items():
            others = self._others(field, values.get(field), own) if unique else []
            if others:
                message = f"duplicate value found: {field} duplicates value on record with id: {others[0]}"
                raise RowError("DUPLICATE_VALUE", message)
        matches = self._others("Email", email, own) if self._duplicate_rule and not allow_duplicate else []
        if matches:
            raise RowError("DUPLICATES_DETECTED", "Use one of these records?", (), _matched(matches))

    def _others(self, field: str, value: str | None, own: int | None) -> list[str]:
        found = self._records.find(KIND, field, value.lower()) if value else []
        return [to_id(CONTACT, number) for number in found if number != own]

    def _keys(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: values[name].lower() for name in ("Email", *self._external_ids) if values.get(name)}


def _matched(ids: Sequence[str]) -> dict[str, Any]:
    """Return what a duplicate rule tells of the records it matched."""
    records = [
        {"matchConfidence": 100.0, "record": {"attributes": {"type": "Contact"}, "Id": contact_id}}
        for contact_id in ids
    ]
    match = {
        "entityType": "Contact",
        "matchEngine": "FuzzyMatchEngine",
        "matchRecords": records,
        "rule": "Standard_Contact_Match_Rule_v1_1",
        "size": len(records),
        "success": True,
    }
    return {
        "duplicateResult": {"allowSave": False, "duplicateRuleEntityType": "Contact", "matchResults": [match]}
    }


def _set_values(record: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value.strip() for name, value in record.items() if value is not None and value.strip()}


def _writable(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name != _CREATED}


def _ledger_key(values: Mapping[str, str], contact_id: str) -> str:
    return values["Email"].lower() if values.get("Email") else f"id:{contact_id}"
