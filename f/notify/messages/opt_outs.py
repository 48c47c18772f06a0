"""Who must not be written to: kept as hashes, so that the table itself is not a list of addresses.

Wishes arrive late, twice and out of order, as services tell of them. So the latest one of an address stands,
by the time at which it was made; of two at the same time the opt-out. None is made later than it is heard: a
service whose clock is wrong would have the last word for ever, also before a person who sets it by hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from f.store.sent_keys import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from f.store.store import Store

Medium = Literal["sms", "whatsapp", "email"]

# Without a reason: the person wants messages again. The row stays, so that an older wish is known as such.
_TABLE = """CREATE TABLE IF NOT EXISTS notify_opt_outs (
    address TEXT PRIMARY KEY, reason TEXT NOT NULL, at DOUBLE PRECISION NOT NULL)"""
_HEAR = """INSERT INTO notify_opt_outs AS o (address, reason, at)
    SELECT j.value ->> 0, j.value ->> 1, CAST(j.value ->> 2 AS DOUBLE PRECISION)
    FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (address) DO UPDATE SET reason = excluded.reason, at = excluded.at
    WHERE excluded.at > o.at OR (excluded.at = o.at AND o.reason = '' AND excluded.reason <> '')"""
_FIND = "SELECT 1 FROM notify_opt_outs WHERE address = :address AND reason <> ''"


@dataclass(frozen=True, slots=True)
class Wish:
    """That an address is not written to any more, or is again. `at`: seconds since the epoch.

    The address is E.164 or an e-mail address; its case does not matter.
    """

    medium: Medium
    address: str
    opted_out: bool
    reason: str
    at: float


class OptOuts:
    """The list of one store. An address is E.164 or an e-mail address; its case does not matter."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.create(_TABLE)

    def add(self, medium: Medium, address: str, reason: str) -> None:
        """Remember that an address must not be written to from now on."""
        self.hear([Wish(medium, address, opted_out=True, reason=reason, at=self._store.now())])

    def remove(self, medium: Medium, address: str) -> None:
        """Forget an opt-out: the person wants messages again."""
        self.hear([Wish(medium, address, opted_out=False, reason="", at=self._store.now())])

    def hear(self, wishes: Iterable[Wish]) -> None:
        """Keep of each address the latest wish, whatever was heard before."""
        latest: dict[str, Wish] = {}
        now = self._store.now()
        for told in wishes:
            wish = replace(told, at=min(told.at, now))
            key = _hashed(wish.medium, wish.address)
            known = latest.get(key, wish)
            latest[key] = max(known, wish, key=lambda one: (one.at, one.opted_out))
        rows = [[key, wish.reason if wish.opted_out else "", wish.at] for key, wish in sorted(latest.items())]
        if rows:
            self._store.execute(_HEAR, {"rows": json.dumps(rows)})

    def has(self, medium: Medium, address: str) -> bool:
        """Return whether the address opted out of this medium."""
        return bool(self._store.execute(_FIND, {"address": _hashed(medium, address)}))


def _hashed(medium: Medium, address: str) -> str:
    return key_of(medium, address.strip().lower())
