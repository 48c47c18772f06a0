"""Sending once: a key is claimed before the message goes out and kept with what came of it.

    claim -> sent                      a later run with the key answers "already sent"
    claim -> certainly not sent        the claim is given back
    claim -> answer lost, job killed   a later run looks the message up, and sends only what is not there

The rows hold keys and the service's ids, never a text or an address.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from f.connect.errors import ConnectError, OutcomeUnknown, TryLater
from f.connect.times import DAY_SECONDS
from f.store.store import Store

LEASE_SECONDS = 120.0  # a claim older than this belongs to a job that was killed
KEEP_SECONDS = 30 * DAY_SECONDS

_TABLE = """CREATE TABLE IF NOT EXISTS notify_sent (
    key TEXT PRIMARY KEY, mark TEXT NOT NULL, state TEXT NOT NULL, id TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL)"""
_INDEX = "CREATE INDEX IF NOT EXISTS notify_sent_at ON notify_sent (at)"
_CLAIM = """INSERT INTO notify_sent AS s (key, mark, state, id, at) VALUES (:key, :mark, 'sending', '', :now)
    ON CONFLICT (key) DO UPDATE SET mark = :mark, state = 'sending', id = '', at = :now WHERE s.at < :expired
    RETURNING key"""
_READ = "SELECT state, id, mark, at FROM notify_sent WHERE key = :key"
_TAKE_OVER = """UPDATE notify_sent SET state = 'sending', at = :now WHERE key = :key AND at = :at
    AND state <> 'sent' RETURNING key"""
_MARK = "UPDATE notify_sent SET state = :state, id = :id WHERE key = :key"
_RELEASE = "DELETE FROM notify_sent WHERE key = :key AND state <> 'sent'"
_FORGET = "DELETE FROM notify_sent WHERE at < :old"


@dataclass(frozen=True, slots=True)
class Receipt:
    """`id` is the service's, empty where it gives none."""

    status: Literal["sent", "already_sent"]
    id: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way: how to send it, and how to find out whether it arrived.

    Both get the message's mark, which stays the same over all attempts at it: an idempotency key, or
    something to find the message by. `send` returns the service's id. `look_up` also gets the time of
    the first attempt, in seconds since the epoch, and returns the id of the message if the service has
    it; None where the service cannot be asked. `repeat_safe`: the service knows the mark, so sending
    twice sends once.
    """

    send: Callable[[str], str]
    look_up: Callable[[str, float], str | None] | None = None
    repeat_safe: bool = False


@dataclass(frozen=True, slots=True)
class _Claim:
    key: str
    mark: str
    at: float


def key_of(*parts: object) -> str:
    """Return a key of fixed length that tells nothing of its parts."""
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=20).hexdigest()


def send_once(store: Store, key: str, parcel: Parcel, *, window: float | None = None) -> Receipt:
    """Send a parcel unless its key was sent before, or within the last `window` seconds.

    An empty key is never remembered: only a lost answer is looked up then. Raises what sending
    raises; OutcomeUnknown where the service has no such message and its answer was lost; TryLater
    where another job is sending it just now.
    """
    claim = _Claim(key, secrets.token_hex(20), store.now())
    if not key:
        return Receipt("sent", _send(parcel, claim))
    _prepare(store)
    expired = claim.at - window if window is not None else 0.0
    values = {"key": key, "mark": claim.mark, "now": claim.at, "expired": expired}
    if store.execute(_CLAIM, values):
        return _send_claimed(store, parcel, claim)
    rows = store.execute(_READ, {"key": key})
    if not rows:
        raise _in_hand()
    state, service_id, mark, at = rows[0]
    if state == "sent":
        return Receipt("already_sent", service_id)
    if state == "sending" and claim.at - at < LEASE_SECONDS:
        raise _in_hand()
    return _resume(store, parcel, _Claim(key, mark, at))


def remember(store: Store, key: str) -> None:
    """Note that what the key stands for was sent, by whatever parcels."""
    _prepare(store)
    now = store.now()
    store.execute(_CLAIM, {"key": key, "mark": "", "now": now, "expired": now})
    store.execute(_MARK, {"key": key, "state": "sent", "id": ""})


def was_sent(store: Store, key: str, window: float) -> bool:
    """Whether that was noted in the last `window` seconds."""
    _prepare(store)
    rows = store.execute(_READ, {"key": key})
    return bool(rows) and rows[0][0] == "sent" and store.now() - float(rows[0][3]) < window


def _prepare(store: Store) -> None:
    """Make the table and forget old keys, once per job."""
    store.shared("notify_sent", lambda: _made(store))


def _made(store: Store) -> bool:
    store.create(_TABLE)
    store.create(_INDEX)
    store.execute(_FORGET, {"old": store.now() - KEEP_SECONDS})
    return True


def _resume(store: Store, parcel: Parcel, claim: _Claim) -> Receipt:
    """An earlier attempt has no known end: look first, send only what is not there."""
    found = parcel.look_up(claim.mark, claim.at) if parcel.look_up else None
    if found is not None:
        store.execute(_MARK, {"key": claim.key, "state": "sent", "id": found})
        return Receipt("already_sent", found)
    if parcel.look_up is None and not parcel.repeat_safe:
        raise OutcomeUnknown(
            "An earlier run sent this message and its answer was lost; this service cannot be asked "
            "whether it arrived. Look there, and use another message_key to send it all the same.",
            code="answer_lost",
        )
    now = store.now()
    if not store.execute(_TAKE_OVER, {"key": claim.key, "now": now, "at": claim.at}):
        raise _in_hand()
    return _send_claimed(store, parcel, _Claim(claim.key, claim.mark, now))


def _send_claimed(store: Store, parcel: Parcel, claim: _Claim) -> Receipt:
    try:
        service_id = _send(parcel, claim)
    except OutcomeUnknown:
        store.execute(_MARK, {"key": claim.key, "state": "unknown", "id": ""})
        raise
    except ConnectError:
        store.execute(_RELEASE, {"key": claim.key})
        raise
    store.execute(_MARK, {"key": claim.key, "state": "sent", "id": service_id})
    return Receipt("sent", service_id)


def _send(parcel: Parcel, claim: _Claim) -> str:
    try:
        return parcel.send(claim.mark)
    except OutcomeUnknown:
        found = parcel.look_up(claim.mark, claim.at) if parcel.look_up else None
        if found is None:
            raise
        return found


def _in_hand() -> TryLater:
    return TryLater("Another job is sending this message just now. Try again in a minute.", code="in_hand")
