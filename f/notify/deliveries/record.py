"""The record of what became of messages: one row for each kind of fact of a message to one recipient.

A row is only ever widened: an earlier first time, a later last one, the reason that goes with it. So the rows
are the same in whatever order, and however often, facts are told. Who may read the table learns the service's
ids and what its servers said, masked; addresses are digests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from f.connect.times import DAY_SECONDS
from f.notify.deliveries.facts import Fact, state_of
from f.store.sent_keys import KEEP_SECONDS as KEEP_SENT_SECONDS
from f.store.sent_keys import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from f.store.store import Row, Store

# What was sent is forgotten first, then what became of it: e-mails are opened late.
KEEP_SECONDS = KEEP_SENT_SECONDS + 10 * DAY_SECONDS
_AT_ONCE = 2000

# `message`: a key of service, id and recipient. `tie`: decides between reasons of the same time. `heard_at`:
# when the row was made, by the store's clock.
_TABLE = """CREATE TABLE IF NOT EXISTS notify_delivery (
    message TEXT NOT NULL, fact TEXT NOT NULL, service TEXT NOT NULL, id TEXT NOT NULL,
    recipient TEXT NOT NULL, first_at DOUBLE PRECISION NOT NULL, last_at DOUBLE PRECISION NOT NULL,
    code TEXT NOT NULL, reason TEXT NOT NULL, tie BIGINT NOT NULL, heard_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (message, fact))"""
_IDS = "CREATE INDEX IF NOT EXISTS notify_delivery_id ON notify_delivery (id)"
_HEARD = "CREATE INDEX IF NOT EXISTS notify_delivery_heard ON notify_delivery (heard_at)"
_LATER = "(excluded.last_at > d.last_at OR (excluded.last_at = d.last_at AND excluded.tie > d.tie))"
_ADD = f"""INSERT INTO notify_delivery AS d
    (message, fact, service, id, recipient, first_at, last_at, code, reason, tie, heard_at)
    SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4,
    CAST(j.value ->> 5 AS DOUBLE PRECISION), CAST(j.value ->> 6 AS DOUBLE PRECISION),
    j.value ->> 7, j.value ->> 8, CAST(j.value ->> 9 AS BIGINT), CAST(:now AS DOUBLE PRECISION)
    FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (message, fact) DO UPDATE SET
    first_at = CASE WHEN excluded.first_at < d.first_at THEN excluded.first_at ELSE d.first_at END,
    code = CASE WHEN {_LATER} THEN excluded.code ELSE d.code END,
    reason = CASE WHEN {_LATER} THEN excluded.reason ELSE d.reason END,
    tie = CASE WHEN {_LATER} THEN excluded.tie ELSE d.tie END,
    last_at = CASE WHEN excluded.last_at > d.last_at THEN excluded.last_at ELSE d.last_at END"""  # noqa: S608 - made of constants
_COLUMNS = "service, id, recipient, fact, first_at, last_at, code, reason"
_OF_MESSAGES = f"""SELECT {_COLUMNS} FROM notify_delivery
    WHERE message IN each_key(:rows)"""  # noqa: S608 - made of constants
_OF_ID = f"SELECT {_COLUMNS} FROM notify_delivery WHERE id = :id"  # noqa: S608 - made of constants
# A message is forgotten as a whole, once nothing new was heard of it for long.
_FORGET = """DELETE FROM notify_delivery AS d WHERE d.heard_at < :old AND NOT EXISTS (
    SELECT 1 FROM notify_delivery AS one WHERE one.message = d.message AND one.heard_at >= :old)"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many facts were new, new but of a state that was left before, or known already."""

    new: int = 0
    older: int = 0
    repeated: int = 0


class Deliveries:
    """The record in one store."""

    def __init__(self, store: Store) -> None:
        """Make the table, and forget what is old, once for each Store instance."""
        self._store = store
        store.shared("notify_delivery", self._prepare)

    def _prepare(self) -> bool:
        for statement in (_TABLE, _IDS, _HEARD):
            self._store.create(statement)
        self._store.execute(_FORGET, {"old": self._store.now() - KEEP_SECONDS})
        return True

    def record(self, facts: Sequence[Fact]) -> Recorded:
        """Add facts, each block as one statement."""
        merged = merge(facts)
        before: dict[str, list[Fact]] = {}
        messages = sorted({_message(fact) for fact in facts})
        rows = [json.dumps(_row(fact)) for _, fact in sorted(merged.items())]
        for start in range(0, len(messages), _AT_ONCE):
            block = json.dumps([[message] for message in messages[start : start + _AT_ONCE]])
            for row in self._store.execute(_OF_MESSAGES, {"rows": block}):
                known = _fact(row)
                before.setdefault(_message(known), []).append(known)
        for start in range(0, len(rows), _AT_ONCE):
            values = {"rows": f"[{','.join(rows[start : start + _AT_ONCE])}]", "now": self._store.now()}
            self._store.execute(_ADD, values)
        return _count(facts, before)

    def of(self, service: str, message_id: str, recipient: str = "") -> dict[str, list[Fact]]:
        """Return the facts of a message by recipient, or of one recipient, each list oldest first."""
        found: dict[str, list[Fact]] = {}
        for row in self._store.execute(_OF_ID, {"id": message_id}):
            fact = _fact(row)
            if fact.service == service and recipient in {"", fact.recipient}:
                found.setdefault(fact.recipient, []).append(fact)
        return {
            one: sorted(facts, key=lambda fact: (fact.first_at, fact.name)) for one, facts in found.items()
        }


def merge(facts: Iterable[Fact]) -> Mapping[tuple[str, str], Fact]:
    """Return one fact for each row, as the statement would make it of them."""
    merged: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        key = (_message(fact), fact.name)
        known = merged.get(key, fact)
        later = max(known, fact, key=lambda one: (one.last_at, _tie(one)))
        merged[key] = replace(later, first_at=min(known.first_at, fact.first_at))
    return merged


def _count(facts: Iterable[Fact], before: Mapping[str, list[Fact]]) -> Recorded:
    """Count as if the facts had come one by one."""
    known = {message: list(these) for message, these in before.items()}
    new = older = repeated = 0
    for fact in facts:
        these = known.setdefault(_message(fact), [])
        if fact.name in {one.name for one in these}:
            repeated += 1
            continue
        state = state_of(these)
        these.append(fact)
        if state is not None and state_of(these) == state and state_of([fact]):
            older += 1
        else:
            new += 1
    return Recorded(new, older, repeated)


def _message(fact: Fact) -> str:
    return key_of(fact.service, fact.id, fact.recipient)


def _tie(fact: Fact) -> int:
    """Return a number for what was said: databases do not agree on the order of texts."""
    return int(key_of(fact.code, fact.reason)[:15], 16)


def _row(fact: Fact) -> list[object]:
    return [
        _message(fact),
        fact.name,
        fact.service,
        fact.id,
        fact.recipient,
        fact.first_at,
        fact.last_at,
        fact.code,
        fact.reason,
        _tie(fact),
    ]


def _fact(row: Row) -> Fact:
    return Fact(**dict(zip((one.name for one in fields(Fact)), row, strict=True)))
