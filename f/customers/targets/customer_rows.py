"""What the CRMs need of a customer's row beyond its fields: a last name, and the values they know it by."""

from collections.abc import Mapping, Sequence
from typing import Any

from f.records.rows.row import Row
from f.records.target.target import Target


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
