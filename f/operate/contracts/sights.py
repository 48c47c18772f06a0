"""What was seen of each call, kept from one look to the next: shapes, statuses and versions, no values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from f.operate.contracts.judging import Sight
from f.operate.contracts.shapes import parse_shape, shape_text
from f.store.sent_keys import key_of

if TYPE_CHECKING:
    from f.store.store import Store

_TABLE = """CREATE TABLE IF NOT EXISTS contract_sights (
    key TEXT PRIMARY KEY, sight TEXT NOT NULL, at DOUBLE PRECISION NOT NULL)"""
_READ = "SELECT sight FROM contract_sights WHERE key = :key"
_WRITE = """INSERT INTO contract_sights AS s (key, sight, at) VALUES (:key, :sight, :at)
    ON CONFLICT (key) DO UPDATE SET sight = excluded.sight, at = excluded.at"""


class Sights:
    """What is remembered in a store.

    A sight is of a resource, of the address it points at, and of a call: a resource that is pointed elsewhere
    begins anew.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        store.create(_TABLE)

    def get(self, path: str, address: str, call: str) -> Sight | None:
        """Return what is remembered; None at first, and for what cannot be read."""
        rows = self._store.execute(_READ, {"key": _key(path, address, call)})
        try:
            return _sight(json.loads(rows[0][0])) if rows else None
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def put(self, path: str, address: str, call: str, sight: Sight) -> None:
        """Remember it in place of what was."""
        fields = {
            "status": sight.status,
            "shape": shape_text(sight.shape),
            "version": sight.version,
            "first_at": sight.first_at,
            "changed_at": sight.changed_at,
        }
        values = {"key": _key(path, address, call), "sight": json.dumps(fields), "at": self._store.now()}
        self._store.execute(_WRITE, values)


def _sight(fields: dict[str, Any]) -> Sight:
    return Sight(
        int(fields["status"]),
        parse_shape(fields["shape"]),
        str(fields["version"]),
        float(fields["first_at"]),
        float(fields["changed_at"]),
    )


def _key(path: str, address: str, call: str) -> str:
    return key_of("contract", path, address, call)
