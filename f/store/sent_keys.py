"""What was sent, by keys that tell nothing of it: recorded one by one, or many at once.

`once` claims a key before it sends; who has sent something in another way records it here.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f.connect.times import DAY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from f.store.store import Store

KEEP_SECONDS = 30 * DAY_SECONDS
IN_DOUBT = "?"  # stands for an id beside the key of the batch whose answer was lost
_KEYS_AT_ONCE = 5000

# The table is named after those who used it first. `at`: when the claim was made; of a sent one, when it was.
_TABLE = """CREATE TABLE IF NOT EXISTS notify_sent (
    key TEXT PRIMARY KEY, mark TEXT NOT NULL, state TEXT NOT NULL, id TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL)"""
_INDEX = "CREATE INDEX IF NOT EXISTS notify_sent_at ON notify_sent (at)"
CLAIM = """INSERT INTO notify_sent AS s (key, mark, state, id, at) VALUES (:key, :mark, 'sending', '', :now)
    ON CONFLICT (key) DO UPDATE SET mark = :mark, state = 'sending', id = '', at = :now WHERE s.at < :expired
    RETURNING key"""
_READ = "SELECT mark, at, state, id FROM notify_sent WHERE key = :key"
SENT = """INSERT INTO notify_sent AS s (key, mark, state, id, at) VALUES (:key, :mark, 'sent', :id, :at)
    ON CONFLICT (key) DO UPDATE SET state = 'sent', id = :id, at = :at WHERE s.mark = :mark"""
_SENT_IDS = """SELECT key, id FROM notify_sent WHERE state = 'sent'
    AND key IN each_key(:rows)"""
_REMEMBER = """INSERT INTO notify_sent AS s (key, mark, state, id, at)
    SELECT j.value ->> 0, '', 'sent', j.value ->> 1, CAST(:at AS DOUBLE PRECISION)
    FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (key) DO UPDATE SET state = 'sent', id = excluded.id, at = excluded.at"""
_CLAIM_ALL = """INSERT INTO notify_sent AS s (key, mark, state, id, at)
    SELECT j.value ->> 0, '', 'sent', :id, CAST(:at AS DOUBLE PRECISION)
    FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (key) DO NOTHING RETURNING key"""
_FORGET_ALL = """DELETE FROM notify_sent WHERE id = :id
    AND key IN each_key(:rows)"""
_FORGET = "DELETE FROM notify_sent WHERE at < :old"

# `at`: when the last attempt under this mark began. `id` is empty until the service has told it.
_ATTEMPTS = """CREATE TABLE IF NOT EXISTS once_attempt (
    mark TEXT PRIMARY KEY, likeness TEXT NOT NULL, id TEXT NOT NULL, at DOUBLE PRECISION NOT NULL)"""
_ATTEMPTS_INDEX = "CREATE INDEX IF NOT EXISTS once_attempt_likeness ON once_attempt (likeness)"
_ATTEMPTS_IDS = "CREATE INDEX IF NOT EXISTS once_attempt_id ON once_attempt (id)"
_IDS = "CREATE INDEX IF NOT EXISTS notify_sent_id ON notify_sent (id)"
_MARKS = "CREATE INDEX IF NOT EXISTS notify_sent_mark ON notify_sent (mark)"
_SENT_BY_ID = """SELECT id, MIN(at) FROM (
    SELECT id, at FROM notify_sent WHERE state = 'sent' UNION ALL SELECT id, at FROM once_attempt) AS sent
    WHERE id IN each_key(:rows) GROUP BY id"""
# `at` stays: from then on the key counts as sent.
_CONFIRM = """UPDATE notify_sent SET state = 'sent', id = m.id
    FROM (SELECT j.value ->> 0 AS mark, j.value ->> 1 AS id FROM each_row(:rows) AS j) AS m
    WHERE notify_sent.mark = m.mark AND notify_sent.state <> 'sent' RETURNING key"""
_FORGET_ATTEMPTS = "DELETE FROM once_attempt WHERE at < :old"


@dataclass(frozen=True, slots=True)
class SentKey:
    """A row of the table. An empty key is never remembered."""

    key: str
    mark: str
    at: float
    state: str = "sending"
    id: str = ""


def key_of(*parts: object) -> str:
    """Return a key of fixed length that tells nothing of its parts."""
    return hashlib.blake2b(
        "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=20
    ).hexdigest()


def remember(store: Store, key: str) -> None:
    """Record that what the key stands for was sent, by whatever writes."""
    prepare(store)
    now = store.now()
    store.execute(CLAIM, {"key": key, "mark": "", "now": now, "expired": now})
    store.execute(SENT, {"key": key, "mark": "", "id": "", "at": now})


def remember_all(store: Store, ids: Mapping[str, str]) -> None:
    """Record that what each key stands for was sent, and the service's id of it, in one statement."""
    if ids:
        prepare(store)
        rows = json.dumps([[key, service_id] for key, service_id in sorted(ids.items())])
        store.execute(_REMEMBER, {"rows": rows, "at": store.now()})


def claim_all(store: Store, keys: Sequence[str], stand_in: str) -> set[str]:
    """Record those of the keys that nobody recorded before, with `stand_in` as their id; return them.

    Of two jobs that claim a key at once, one gets it.
    """
    prepare(store)
    values = {"rows": json.dumps([[key] for key in sorted(keys)]), "id": stand_in, "at": store.now()}
    return {str(key) for (key,) in store.execute(_CLAIM_ALL, values)} if keys else set()


def forget_all(store: Store, keys: Sequence[str], stand_in: str) -> None:
    """Give back keys that were claimed with this stand-in and have no other id since."""
    if keys:
        prepare(store)
        store.execute(_FORGET_ALL, {"rows": json.dumps([[key] for key in sorted(keys)]), "id": stand_in})


def sent_ids(store: Store, keys: Sequence[str]) -> dict[str, str]:
    """Return the service's id of each of these that was recorded as sent."""
    if not keys:
        return {}
    prepare(store)
    found: dict[str, str] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        rows = json.dumps([[key] for key in keys[start : start + _KEYS_AT_ONCE]])
        found.update((str(key), str(one)) for key, one in store.execute(_SENT_IDS, {"rows": rows}))
    return found


def sent_times(store: Store, service_ids: Iterable[str]) -> dict[str, float]:
    """Return of these ids of services those that we know to have sent, each with the time of it."""
    rows = json.dumps([[service_id] for service_id in sorted(set(service_ids) - {""})])
    if rows == "[]":
        return {}
    prepare(store)
    return {str(one): float(at) for one, at in store.execute(_SENT_BY_ID, {"rows": rows})}


def confirm_by_mark(store: Store, ids: Mapping[str, str]) -> int:
    """Record that what a service names by our mark was sent, with its id; return how many had been in doubt.

    A job that is sending one just now writes the same.
    """
    if not ids:
        return 0
    prepare(store)
    rows = json.dumps([[mark, service_id] for mark, service_id in sorted(ids.items())])
    return len(store.execute(_CONFIRM, {"rows": rows}))


def was_sent(store: Store, key: str, window: float) -> bool:
    """Return whether `remember` or a send recorded that in the last `window` seconds."""
    prepare(store)
    known = read(store, key)
    return known is not None and known.state == "sent" and store.now() - known.at < window


def prepare(store: Store) -> None:
    """Make the tables and forget old keys, once for each Store instance."""

    def make() -> bool:
        for table in (_TABLE, _INDEX, _IDS, _MARKS, _ATTEMPTS, _ATTEMPTS_INDEX, _ATTEMPTS_IDS):
            store.create(table)
        for statement in (_FORGET, _FORGET_ATTEMPTS):
            store.execute(statement, {"old": store.now() - KEEP_SECONDS})
        return True

    store.shared("notify_sent", make)


def read(store: Store, key: str) -> SentKey | None:
    rows = store.execute(_READ, {"key": key})
    return SentKey(key, *rows[0]) if rows else None
