"""Who must not be written to: kept as hashes, so that the table itself is not a list of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.sent_keys import key_of

if TYPE_CHECKING:
    from f.store.store import Store

Medium = Literal["sms", "whatsapp", "email"]

_TABLE = """CREATE TABLE IF NOT EXISTS notify_opt_outs (
    address TEXT PRIMARY KEY, reason TEXT NOT NULL, at DOUBLE PRECISION NOT NULL)"""
_ADD = """INSERT INTO notify_opt_outs (address, reason, at) VALUES (:address, :reason, :now)
    ON CONFLICT (address) DO NOTHING"""
_REMOVE = "DELETE FROM notify_opt_outs WHERE address = :address"
_FIND = "SELECT 1 FROM notify_opt_outs WHERE address = :address"


class OptOuts:
    """The list of one store. An address is E.164 or an e-mail address; its case does not matter."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.create(_TABLE)

    def add(self, medium: Medium, address: str, reason: str) -> None:
        """Remember that an address must not be written to; the first reason stays."""
        values = {"address": _hashed(medium, address), "reason": reason, "now": self._store.now()}
        self._store.execute(_ADD, values)

    def remove(self, medium: Medium, address: str) -> None:
        """Forget an opt-out: the person wants messages again."""
        self._store.execute(_REMOVE, {"address": _hashed(medium, address)})

    def has(self, medium: Medium, address: str) -> bool:
        """Return whether the address opted out of this medium."""
        return bool(self._store.execute(_FIND, {"address": _hashed(medium, address)}))


def _hashed(medium: Medium, address: str) -> str:
    return key_of(medium, address.strip().lower())
