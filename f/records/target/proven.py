"""What was measured at a target, and not only said of it.

`check_target` writes it; a resource may hold it as `proven`. What a report promises rests on this, or on what
needs no trust. It is about one target: a resource that was changed to another address has proven nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from f.connect.errors import FixSettings
from f.records.target.lookup_proof import LookupProof

Repeats = Literal["key", "record"]


@dataclass(frozen=True, slots=True)
class Proven:
    """What a check has found out. The defaults: nothing.

    `repeats`: why the same row sent twice is one record there; by its idempotency key, or as the target tells
    the record itself. `exists_status` is how it answers a record that is there, `existing_id` the dotted path
    of that record's id in the answer.
    """

    repeats: Repeats | None = None
    lookup: LookupProof | None = None
    exists_status: int | None = None
    existing_id: str = ""
    checked_at: str = ""

    def to_json(self, target: str) -> dict[str, Any]:
        """Return what `read_proven` reads, for the target of this identity."""
        return {
            "target": target,
            "checked_at": self.checked_at,
            "repeats": self.repeats,
            "lookup": self.lookup.to_json() if self.lookup else None,
            "exists_status": self.exists_status,
            "existing_id": self.existing_id,
        }


NOTHING = Proven()


def read_proven(value: Any, target: str) -> Proven:
    """Return what a resource's `proven` says of the target with this identity; nothing if it has none.

    Raises FixSettings if it cannot be read, or is about another target.
    """
    if not value:
        return NOTHING
    again = "Run check_target again and put its result there, or leave `proven` out."
    if not isinstance(value, Mapping):
        raise FixSettings(f"The resource's proven must be an object. {again}", code="bad_proven")
    if value.get("target") != target:
        raise FixSettings(
            f"The resource's proven is about {str(value.get('target'))[:200]!r}, and the resource about "
            f"{target!r}. {again}",
            code="bad_proven",
        )
    repeats, status = value.get("repeats"), value.get("exists_status")
    lookup = LookupProof.from_json(value.get("lookup"))
    if (
        repeats not in {"key", "record", None}
        or (value.get("lookup") and lookup is None)
        or not isinstance(status, int | None)
    ):
        raise FixSettings(
            f"The resource's proven is not as check_target wrote it. {again}", code="bad_proven"
        )
    return Proven(
        repeats, lookup, status, str(value.get("existing_id") or ""), str(value.get("checked_at") or "")
    )
