"""Customers that nobody is, for a check of a target: named so that everybody sees what they are."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.customers.targets.never_made import never_made
from f.records.rows.row import Row

if TYPE_CHECKING:
    from f.records.target.target import Target

_NAME = "Millwright check, may be deleted"
_KEYED_BY = ("external_id_field", "id_property")


class CustomerCanaries:
    """Makes such customers for one target. `fields` are further ones that it insists on."""

    def __init__(self, target: Target, fields: Mapping[str, Any] | None = None) -> None:
        self._fields = {name: str(value) for name, value in (fields or {}).items()}
        self._has_id = "{external_id}" in (target.lookup_endpoint or "") or any(
            target.options.get(name) for name in _KEYED_BY
        )
        # With such a field the target tells contacts by it, and not by their e-mail.
        self._known_by_id = any(target.options.get(name) for name in _KEYED_BY)

    def new(self) -> Row:
        """Return a customer with an address below example.com, which belongs to nobody."""
        mark = f"millwright-check-{secrets.token_hex(8)}"
        record = {"name": _NAME, **self._fields, "email": f"{mark}@example.com"}
        if self._has_id:
            record["external_id"] = mark
        return Row(1, [], record["email"], record)

    def changed(self, row: Row, number: int) -> Row:
        """Return the customer with another name, and another address where its id is what it is known by."""
        record = {**row.record, "name": f"{_NAME} ({number + 1})"}
        if self._known_by_id:
            record["email"] = never_made(row).record["email"]
        return Row(row.line, [], row.key, record)

    def recased(self, row: Row, number: int) -> Row | None:
        """Return it with its address in upper case; None where its id is what it is known by."""
        if self._known_by_id:
            return None
        changed = self.changed(row, number)
        local, _, domain = str(row.record["email"]).partition("@")
        changed.record["email"] = f"{local.upper()}@{domain}"
        return changed
