"""Events held for a channel, to be sent together, and the message made of them.

held -> batch taken under a lease -> sent                   its items are forgotten
                                  -> failed                 the next digest takes the batch again, under the
                                                            key it used: a part may have arrived
                                  -> in doubt, job killed   the same, when the lease ends
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from f.notify.messages.message import SEVERITIES, Message, Severity, rank
from f.store.store import HELD, Lease, Store, Values, release, take, write_held

LEASE_SECONDS = 900.0  # a batch held longer was taken by a job that was killed

# `taken_at` is of an older version, which kept the lease here: its tables want a value.
_TABLE = """CREATE TABLE IF NOT EXISTS notify_digest (
    id TEXT PRIMARY KEY, channel TEXT NOT NULL, severity TEXT NOT NULL, title TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL, batch TEXT NOT NULL, taken_at DOUBLE PRECISION NOT NULL)"""
_ADD = """INSERT INTO notify_digest (id, channel, severity, title, at, batch, taken_at)
    VALUES (:id, :channel, :severity, :title, :now, '', 0) ON CONFLICT (id) DO NOTHING"""
_CHANNELS = "SELECT channel, MIN(at) FROM notify_digest GROUP BY channel ORDER BY channel"
_TAKEN = """SELECT batch FROM notify_digest WHERE channel = :channel AND batch <> ''
    GROUP BY batch ORDER BY MIN(at)"""
_ITEMS = "SELECT severity, title, at FROM notify_digest WHERE batch = :batch"
_TAKE = """UPDATE notify_digest SET batch = :batch WHERE channel = :channel AND batch = ''
    RETURNING severity, title, at"""
_LONGEST = 500  # characters of one item
_MINE = f"WHERE batch = :batch AND {HELD}"
_DONE = f"DELETE FROM notify_digest {_MINE}"  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Item:
    """One held event: what it says, in a line. `at` is in seconds since the epoch."""

    severity: Severity
    title: str
    at: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Items one job took, to send as one message whose key is `id`."""

    id: str
    items: list[Item]
    lease: Lease = field(compare=False)


class Digest:
    """The held events of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.create(_TABLE)

    def hold(self, channel: str, message: Message, key: str = "") -> None:
        """Keep title and text for the channel's next digest; the same key is kept once until then."""
        values = {
            "id": key or uuid.uuid4().hex,
            "channel": channel,
            "severity": message.severity,
            "title": _line_of(message),
            "now": self._store.now(),
        }
        self._store.execute(_ADD, values)

    def channels(self) -> dict[str, float]:
        """Return the channels for which something waits, and since when, in seconds since the epoch."""
        return {str(channel): float(since) for channel, since in self._store.execute(_CHANNELS)}

    def take(self, channel: str) -> Batch | None:
        """Take what waits for a channel: first what a killed job had taken, under the key it used."""
        for (batch,) in self._store.execute(_TAKEN, {"channel": channel}):
            if found := self._leased(batch, _ITEMS, {"batch": batch}):
                return found
        batch = uuid.uuid4().hex
        return self._leased(batch, _TAKE, {"batch": batch, "channel": channel})

    def give_back(self, batch: Batch) -> None:
        """Let a batch that failed wait for the next digest, as it is: who got it does not get it again."""
        release(self._store, batch.lease)

    def done(self, batch: Batch) -> None:
        """Forget the items of a batch that was sent, unless another job has taken it since."""
        write_held(self._store, batch.lease, (_DONE, {"batch": batch.id}))
        release(self._store, batch.lease)

    def _leased(self, batch: str, sql: str, values: Values) -> Batch | None:
        """Return the batch's items, which this job alone may send; None if there are none for it."""
        lease = take(self._store, f"digest:{batch}", uuid.uuid4().hex, LEASE_SECONDS)
        if lease is None:
            return None
        rows = self._store.execute(sql, values)
        if not rows:
            release(self._store, lease)
            return None
        items = sorted((Item(*row) for row in rows), key=lambda item: item.at)
        return Batch(batch, items, lease)


def _line_of(message: Message) -> str:
    text = " ".join(message.text.split())
    line = f"{message.title}: {text}" if text else message.title
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def digest_message(items: Sequence[Item]) -> Message:
    """Return one message of many: the worst first, what says the same counted."""
    counted: dict[tuple[Severity, str], list[float]] = {}
    for item in items:
        counted.setdefault((item.severity, item.title), []).append(item.at)
    ordered = sorted(counted.items(), key=lambda entry: (-rank(entry[0][0]), min(entry[1])))
    lines = [
        f"{severity.upper()} {title}{_times(len(times))}, {_clock(max(times))}"
        for (severity, title), times in ordered
    ]
    worst = max((item.severity for item in items), key=rank, default=SEVERITIES[0])
    noun = "notification" if len(items) == 1 else "notifications"
    return Message(f"Digest: {len(items)} {noun}", "\n".join(lines), worst)


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %H:%M UTC")
