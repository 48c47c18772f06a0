"""What was received, each event once.

Two requests tell the same event if they have the provider's id of it in common. If one of them lacks the id
that ought to be there, as when something on the way has taken the header off, their content decides; of two
requests that have ids the content decides nothing, for two events may be equal to the byte.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f.store.sent_keys import key_of
from f.webhooks.inbox.sealing import seal_body
from f.webhooks.inbox.tables import (
    ADD,
    ADOPT,
    CLEAR_WAKE,
    KNOWN,
    LOCK_CONTENTS,
    SEEN_AGAIN,
    WAKE,
    WAKE_SECONDS,
    WANTED,
    prepare,
    storable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from f.store.store import Store
    from f.webhooks.requests.event import IncomingEvent, Origin
    from f.webhooks.requests.source import Source

_KEYS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Received:
    """How many events were new, and how many had been told before.

    `wake`: the caller is the one who has to start a dispatch job.
    """

    new: int
    repeated: int
    wake: bool


class Inbox:
    """The events of all sources in a store."""

    def __init__(self, store: Store) -> None:
        prepare(store)
        self._store = store

    def receive(
        self, source: Source, events: Sequence[IncomingEvent], *, origin: Origin = "received"
    ) -> Received:
        """Keep events that are not there yet, all or none. TryLater if the store does not take them."""
        rows = _rows(source, events)
        now = self._store.now()
        # Two batches may tell the same events with other contents: without a lock on the ids as well, each
        # would wait for what the other has changed already.
        locked = {row[1] for row in rows} | ({row[0] for row in rows} if len(rows) > 1 else set())
        contents = json.dumps([[name] for name in sorted(map(str, locked))])
        names = {"rows": json.dumps([row[:3] for row in rows]), "now": now}
        whole = {"rows": json.dumps(rows), "source": source.name, "kind": source.kind, "origin": origin}
        *_, new, wake = self._store.together(
            [
                (LOCK_CONTENTS, {"rows": contents, "now": now}),
                (SEEN_AGAIN, names),
                (ADOPT, names),
                (ADD, {**whole, "now": now}),
                (WAKE, {"now": now, "stale": now - WAKE_SECONDS}),
            ]
        )
        return Received(len(new), len(events) - len(new), bool(wake))

    def known(self, source: str, keys: Sequence[str]) -> set[str]:
        """Return those of a source's keys whose events are there."""
        ids = {event_id(source, key): key for key in keys}
        found: set[str] = set()
        listed = sorted(ids)
        for start in range(0, len(listed), _KEYS_AT_ONCE):
            rows = json.dumps([[one] for one in listed[start : start + _KEYS_AT_ONCE]])
            found.update(ids[str(one)] for (one,) in self._store.execute(KNOWN, {"rows": rows}))
        return found

    def clear_wake(self) -> bool:
        """Note that a dispatch job looks at what is there now; return whether one was asked for."""
        return bool(self._store.execute(CLEAR_WAKE))

    def is_wanted(self) -> bool:
        """Return whether a dispatch job was asked for and has not begun."""
        return bool(self._store.execute(WANTED))


def event_id(source: str, key: str) -> str:
    """Return our id of the event that a source tells under this key."""
    return key_of("webhook event", source, key)


def _rows(source: Source, events: Sequence[IncomingEvent]) -> list[list[str | float | None]]:
    """Return a row an event, each once, in the order of their ids."""
    rows: dict[str, list[str | float | None]] = {}
    for event in events:
        if not event.key and not event.content_hash:
            raise ValueError("An event needs a key or the hash of its content.")
        content = key_of("webhook content", source.name, event.content_hash)
        one = event_id(source.name, event.key) if event.key else content
        if one not in rows:
            rows[one] = [
                one,
                content,
                "0" if event.key else "1",
                storable(event.type),
                storable(event.provider_id),
                event.occurred_at,
                storable(json.dumps(event.headers, sort_keys=True)),
                seal_body(event.body, one, source.storage_key),
            ]
    return [row for _, row in sorted(rows.items())]
