"""The contacts of a portal: what may be written, what a write does, how a contact is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mill.twins.services.hubspot.errors import (
    VALIDATION_ERROR,
    RowError,
    already_exists,
    invalid_properties,
    not_found,
)
from mill.twins.store import Ledger, Records

KIND = "contact"
# HubSpot's default contact properties that an import may set.
_WRITABLE = frozenset(
    (
        *("address", "annualrevenue", "city", "company", "country", "date_of_birth", "email", "fax"),
        *("firstname", "gender", "hs_language", "hs_lead_status", "industry", "jobtitle", "lastname"),
        *("lifecyclestage", "message", "mobilephone", "numemployees", "phone", "salutation", "state"),
        *("twitterhandle", "website", "zip"),
    )
)
_READ_ONLY = frozenset({"createdate", "hs_object_id", "lastmodifieddate"})
_OPTIONS = {
    "lifecyclestage": (
        "subscriber",
        "lead",
        "marketingqualifiedlead",
        "salesqualifiedlead",
        "opportunity",
        "customer",
        "evangelist",
        "other",
    )
}
_ALWAYS_SHOWN = ("createdate", "hs_object_id", "lastmodifieddate")
_SHOWN = (*_ALWAYS_SHOWN, "email", "firstname", "lastname")
_EMAIL = re.compile(r"[^\s@<>(),;:\"]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)


class Contacts:
    """Contacts with unique e-mails. `unique` are the portal's own properties with unique values."""

    def __init__(
        self,
        records: Records,
        ledger: Ledger,
        custom: Iterable[str],
        unique: Iterable[str],
        clock: Callable[[], float],
    ) -> None:
        self._records = records
        self._ledger = ledger
        self._known = _WRITABLE | set(custom) | set(unique)
        self._unique = frozenset(unique)
        self._clock = clock

    def create(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Add a contact. Raises RowError, applying nothing, for bad values or an e-mail that is there."""
        values = self._checked(properties)
        self._check_unique(values, None)
        now = self._now()
        body = {"properties": values, "createdAt": now, "updatedAt": now}
        contact_id = self._records.add(KIND, body, self._keys(values))
        self._ledger.append("created", _ledger_key(values, contact_id), {"id": str(contact_id)})
        return shown(contact_id, body, values)

    def update(self, contact_id: int, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Set some properties; "" clears one. Raises RowError as `create` does."""
        body = self._records.get(KIND, contact_id)
        if body is None:
            raise not_found([str(contact_id)])
        changes = self._checked(properties)
        self._check_unique(changes, contact_id)
        merged = {name: value for name, value in {**body["properties"], **changes}.items() if value != ""}
        changed = {**body, "properties": merged, "updatedAt": self._now()}
        self._records.replace(KIND, contact_id, changed, self._keys(merged))
        self._ledger.append("updated", _ledger_key(merged, contact_id), {"id": str(contact_id)})
        return shown(contact_id, changed, changes)

    def upsert(self, id_property: str, value: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        """Update the contact with this value, or create it with it; `new` says which."""
        found = self.find(value, id_property)
        if found is None:
            return {**self.create({id_property: value, **properties}), "new": True}
        return {**self.update(found, properties), "new": False}

    def archive(self, contact_id: int) -> None:
        """Take a contact away; its e-mail is free again. Nothing happens where there is none."""
        body = self._records.get(KIND, contact_id)
        if body is not None:
            self._records.replace(KIND, contact_id, {**body, "archived": True})
            self._ledger.append(
                "archived", _ledger_key(body["properties"], contact_id), {"id": str(contact_id)}
            )

    def find(self, text: str, id_property: str | None = None) -> int | None:
        """Return the contact with this id or this value of a unique property.

        Raises RowError for another one.
        """
        if id_property is None or id_property == "hs_object_id":
            is_id = text.isascii() and text.isdigit() and len(text) < 18
            return int(text) if is_id and self.get(int(text)) is not None else None
        if id_property != "email" and id_property not in self._unique:
            raise not_unique(id_property)
        found = self._records.find(KIND, id_property, _normal(text))
        return found[0] if found else None

    def get(self, contact_id: int) -> dict[str, Any] | None:
        """Return what is kept of a contact; None also for an archived one."""
        body = self._records.get(KIND, contact_id)
        return None if body is None or body.get("archived") else body

    def having(self, name: str, values: Sequence[str]) -> list[int] | None:
        """Return those with one of these values, by id; None if the property has no index."""
        if name == "hs_object_id":
            return sorted(found for value in values if (found := self.find(value)) is not None)
        if name != "email" and name not in self._unique:
            return None
        return sorted({found for value in values for found in self._records.find(KIND, name, _normal(value))})

    def all_ids(self) -> list[int]:
        """Return every contact, oldest first."""
        ids: list[int] = []
        while page := self._records.page(KIND, after=ids[-1] if ids else 0, limit=1000):
            ids.extend(contact_id for contact_id, _body in page)
        return [contact_id for contact_id in ids if self.get(contact_id) is not None]

    def _checked(self, properties: Mapping[str, Any]) -> dict[str, str]:
        """Return the values as HubSpot keeps them: text, e-mails in lower case."""
        values = {
            name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in properties.items()
        }
        if values.get("email"):
            values["email"] = _normal(values["email"])
        problems = [problem for name, value in values.items() if (problem := self._problem(name, value))]
        if problems:
            raise invalid_properties(problems)
        return values

    def _problem(self, name: str, value: str) -> dict[str, str] | None:
        if name in _READ_ONLY:
            message, code = f'"{name}" is a read only property; its value cannot be set.', "READ_ONLY_VALUE"
        elif name not in self._known:
            message, code = f'Property "{name}" does not exist', "PROPERTY_DOESNT_EXIST"
        elif name == "email" and value and not _EMAIL.fullmatch(value):
            message, code = f"Email address {value} is invalid", "INVALID_EMAIL"
        elif value and name in _OPTIONS and value not in _OPTIONS[name]:
            message = f"{value} was not one of the allowed options: {', '.join(_OPTIONS[name])}"
            code = "INVALID_OPTION"
        else:
            return None
        return {"message": message, "error": code, "name": name, "localizedErrorMessage": message}

    def _check_unique(self, values: Mapping[str, str], own: int | None) -> None:
        for name, value in self._keys(values).items():
            others = [found for found in self._records.find(KIND, name, value) if found != own]
            if others:
                raise already_exists(others[0])

    def _keys(self, values: Mapping[str, str]) -> dict[str, str]:
        return {
            name: _normal(value)
            for name, value in values.items()
            if value and (name == "email" or name in self._unique)
        }

    def _now(self) -> str:
        now = datetime.fromtimestamp(self._clock(), UTC)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shown(
    contact_id: int, body: Mapping[str, Any], names: Iterable[str] = (), *, default: bool = True
) -> dict[str, Any]:
    """Return a contact as replies show it: the named properties, and the ones always shown if `default`."""
    every = {
        **body["properties"],
        "hs_object_id": str(contact_id),
        "createdate": body["createdAt"],
        "lastmodifieddate": body["updatedAt"],
    }
    wanted = dict.fromkeys((*(_SHOWN if default else _ALWAYS_SHOWN), *names))
    return {
        "id": str(contact_id),
        "properties": {name: every.get(name) for name in wanted},
        "createdAt": body["createdAt"],
        "updatedAt": body["updatedAt"],
        "archived": False,
    }


def not_unique(name: str) -> RowError:
    """A contact cannot be told by this property."""
    return RowError(VALIDATION_ERROR, f"Unable to perform update/upsert by non-unique 0-1 property {name}")


def _normal(value: str) -> str:
    return value.strip().lower()


def _ledger_key(values: Mapping[str, str], contact_id: int) -> str:
    return values.get("email") or f"id:{contact_id}"
