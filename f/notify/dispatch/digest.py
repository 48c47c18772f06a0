"""What waits to be told together: events held for a channel, and the message made of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from f.notify.messages.message import SEVERITIES, Message, Severity, rank
from f.store.store import Store

LEASE_SECONDS = 900.0  # a batch older than this was taken by a job that was killed

_TABLE = """CREATE TABLE IF NOT EXISTS notify_digest (
    id TEXT PRIMARY KEY, channel TEXT NOT NULL, severity TEXT NOT NULL, title TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL, batch TEXT NOT NULL, taken_at DOUBLE PRECISION NOT NULL)"""
_ADD = """INSERT INTO notify_digest (id, channel, severity, title, at, batch, taken_at)
    VALUES (:id, :channel, :severity, :title, :now, '', 0) ON CONFLICT (id) DO NOTHING"""
_CHANNELS = "SELECT DISTINCT channel FROM notify_digest ORDER BY channel"
_ABANDONED = """SELECT batch FROM notify_digest WHERE channel = :channel AND batch <> ''
    AND taken_at < :expired ORDER BY taken_at LIMIT 1"""
_RENEW = """UPDATE notify_digest SET taken_at = :now WHERE batch = :batch AND taken_at < :expired
    RETURNING severity, title, at"""
_TAKE = """UPDATE notify_digest SET batch = :batch, taken_at = :now WHERE channel = :channel AND batch = ''
    RETURNING severity, title, at"""
_GIVE_BACK = "UPDATE notify_digest SET batch = '', taken_at = 0 WHERE batch = :batch"
_DONE = "DELETE FROM notify_digest WHERE batch = :batch"


@dataclass(frozen=True, slots=True)
class Item:
    """One held event. `at` is in seconds since the epoch."""

    severity: Severity
    title: str
    at: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Items one job took, to send as one message whose key is `id`."""

    id: str
    items: list[Item]


class Digest:
    """The held events of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.create(_TABLE)

    def hold(self, channel: str, message: Message, key: str = "") -> None:
        """Keep a message for the channel's next digest; the same key is kept once until then."""
        values = {
            "id": key or uuid.uuid4().hex,
            "channel": channel,
            "severity": message.severity,
            "title": message.title,
            "now": self._store.now(),
        }
        self._store.execute(_ADD, values)

    def channels(self) -> list[str]:
        """The channels for which something waits."""
        return [row[0] for row in self._store.execute(_CHANNELS)]

    def take(self, channel: str) -> Batch | None:
        """Take what waits for a channel: first what a killed job had taken, under the key it used."""
        now = self._store.now()
        times = {"now": now, "expired": now - LEASE_SECONDS}
        for (batch,) in self._store.execute(_ABANDONED, {"channel": channel, "expired": times["expired"]}):
            if rows := self._store.execute(_RENEW, {**times, "batch": batch}):
                return _batch(batch, rows)
        batch = uuid.uuid4().hex
        rows = self._store.execute(_TAKE, {"batch": batch, "now": now, "channel": channel})
        return _batch(batch, rows) if rows else None

    def give_back(self, batch: Batch) -> None:
        """Let the items of a batch that was certainly not sent wait for the next digest."""
        self._store.execute(_GIVE_BACK, {"batch": batch.id})

    def done(self, batch: Batch) -> None:
        """Forget the items of a batch that was sent."""
        self._store.execute(_DONE, {"batch": batch.id})


def digest_message(items: Sequence[Item]) -> Message:
    """One message of many: the worst first, the same title counted."""
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


def _batch(batch: str, rows: Sequence[tuple[Severity, str, float]]) -> Batch:
    return Batch(batch, sorted((Item(*row) for row in rows), key=lambda item: item.at))


def _times(count: int) -> str:
    return f" ({count} times)" if count > 1 else ""


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%d %b %H:%M UTC")
