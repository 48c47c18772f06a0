"""What CRMs that keep contacts have in common: a last name, look-ups by key, a quota one can ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from f.records.target.target import BaseKind, Lookup, Quota, Target

if TYPE_CHECKING:
    from f.records.rows.row import Row
    from f.records.target.field_names import FieldNames


def split_name(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the record with a last name, for targets that insist on one: the last word of the name."""
    if "last_name" in record:
        return record
    first, _, last = record["name"].rpartition(" ")
    names = {"first_name": first, "last_name": last} if first else {"last_name": last}
    # Name and e-mail first, as in every record: a plan's hash and the columns of a bulk load go by the order.
    return {"name": record["name"], "email": record["email"], **names, **record}


def values_of(rows: Sequence[Row], target: Target, name: str) -> dict[int, str]:
    """Return what the rows have in one of the target's fields, by line.

    Every row has an e-mail address, also where the resource's mapping does not send it.
    """
    if name == target.kind.fields["email"]:
        return {row.line: row.record["email"] for row in rows}
    return target.values_of(rows, name)


class ContactKind(BaseKind, Lookup, Quota):
    """A CRM whose contacts can all be looked up, and which says how many calls are left."""

    @property
    def lookup(self) -> Lookup:
        """Itself."""
        return self

    @property
    def quota(self) -> Quota:
        """Itself."""
        return self

    @property
    def proving(self) -> None:
        """None: what such a CRM answers is documented."""
        return None

    def can_look_up(self, target: Target) -> bool:
        """Return True."""
        del target
        return True

    def render(self, record: Mapping[str, Any], names: FieldNames) -> dict[str, Any]:
        """Return the contact's fields; it has a last name, and no full one unless the mapping names it."""
        return super().render(split_name(record), names)
