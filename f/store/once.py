"""Once: a message, a payment, an upload or an event goes out once, however often its job is run.

    claim -> sent                      a later run with the key answers "already sent"
    claim -> certainly not sent        the claim is given back
    claim -> answer lost, job killed   a later run looks it up, and sends only what is not there

A job holds a lease while it sends. That it sent is kept, come what may; anything else only if no other job
took the lease meanwhile. The rows hold keys and the service's ids, never a text or an address.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from f.connect.errors import ConnectError, OutcomeUnknown, TryLater
from f.connect.times import DAY_SECONDS
from f.store.store import Lease, Store, Values, holds, release, take

LEASE_SECONDS = 120.0  # a claim older than this belongs to a job that was killed
KEEP_SECONDS = 30 * DAY_SECONDS

# The table is named after those who used it first. `at`: when the claim was made.
_TABLE = """CREATE TABLE IF NOT EXISTS notify_sent (
    key TEXT PRIMARY KEY, mark TEXT NOT NULL, state TEXT NOT NULL, id TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL)"""
_INDEX = "CREATE INDEX IF NOT EXISTS notify_sent_at ON notify_sent (at)"
_CLAIM = """INSERT INTO notify_sent AS s (key, mark, state, id, at) VALUES (:key, :mark, 'sending', '', :now)
    ON CONFLICT (key) DO UPDATE SET mark = :mark, state = 'sending', id = '', at = :now WHERE s.at < :expired
    RETURNING key"""
_READ = "SELECT mark, at, state, id FROM notify_sent WHERE key = :key"
_CLAIM_AGAIN = """UPDATE notify_sent SET state = 'sending', at = :now WHERE key = :key AND state <> 'sent'
    RETURNING key"""
_SENT = """INSERT INTO notify_sent AS s (key, mark, state, id, at) VALUES (:key, :mark, 'sent', :id, :at)
    ON CONFLICT (key) DO UPDATE SET state = 'sent', id = :id WHERE s.mark = :mark"""
_UNKNOWN = """UPDATE notify_sent SET state = 'unknown', id = '' WHERE key = :key AND state <> 'sent'
    RETURNING key"""
_GIVE_BACK = "DELETE FROM notify_sent WHERE key = :key AND state <> 'sent' RETURNING key"
_FORGET = "DELETE FROM notify_sent WHERE at < :old"


@dataclass(frozen=True, slots=True)
class Receipt:
    """`id` is the service's, empty if it gives none."""

    status: Literal["sent", "already_sent"]
    id: str


@dataclass(frozen=True, slots=True)
class OneTimeWrite:
    """One write with an effect outside: how to send it, and how to find out whether it arrived.

    Both get the write's mark, which stays the same over all attempts at it: an idempotency key, or
    something to find it by. `send` returns the service's id. `look_up` also gets the time of the first
    attempt, in seconds since the epoch, and returns the id if the service has it; it is None if the
    service cannot be asked. `repeat_safe`: the service knows the mark, so sending twice sends once.
    `noun` is what errors call it.
    """

    send: Callable[[str], str]
    look_up: Callable[[str, float], str | None] | None = None
    repeat_safe: bool = False
    noun: str = "message"


@dataclass(frozen=True, slots=True)
class _Claim:
    """A row of the table."""

    key: str
    mark: str
    at: float
    state: str = "sending"
    id: str = ""


def key_of(*parts: object) -> str:
    """Return a key of fixed length that tells nothing of its parts."""
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=20).hexdigest()


def send_once(store: Store, key: str, write: OneTimeWrite, *, window: float | None = None) -> Receipt:
    """Send unless the key was sent before, or within the last `window` seconds.

    An empty key is never remembered: only a lost answer is looked up then. Raises what sending raises;
    OutcomeUnknown if the service does not have it and its answer was lost; TryLater if another job is
    sending it just now.
    """
    claim = _Claim(key, secrets.token_hex(20), store.now())
    if not key:
        return Receipt("sent", _send(write, claim))
    _prepare(store)
    expired = claim.at - window if window is not None else 0.0
    if (known := _read(store, key)) and known.state == "sent" and known.at >= expired:
        return Receipt("already_sent", known.id)
    lease = take(store, f"once:{key}", secrets.token_hex(8), LEASE_SECONDS)
    if lease is None:
        raise _in_hand(write)
    try:
        return _send_leased(store, lease, write, claim, expired)
    finally:
        release(store, lease)


def remember(store: Store, key: str) -> None:
    """Record that what the key stands for was sent, by whatever writes."""
    _prepare(store)
    now = store.now()
    store.execute(_CLAIM, {"key": key, "mark": "", "now": now, "expired": now})
    store.execute(_SENT, {"key": key, "mark": "", "id": "", "at": now})


def was_sent(store: Store, key: str, window: float) -> bool:
    """Return whether `remember` or a send recorded that in the last `window` seconds."""
    _prepare(store)
    known = _read(store, key)
    return known is not None and known.state == "sent" and store.now() - known.at < window


def _prepare(store: Store) -> None:
    """Make the table and forget old keys, once for each Store instance."""

    def make() -> bool:
        store.create(_TABLE)
        store.create(_INDEX)
        store.execute(_FORGET, {"old": store.now() - KEEP_SECONDS})
        return True

    store.shared("notify_sent", make)


def _read(store: Store, key: str) -> _Claim | None:
    rows = store.execute(_READ, {"key": key})
    return _Claim(key, *rows[0]) if rows else None


def _send_leased(store: Store, lease: Lease, write: OneTimeWrite, claim: _Claim, expired: float) -> Receipt:
    values = {"key": claim.key, "mark": claim.mark, "now": claim.at, "expired": expired}
    if store.execute(_CLAIM, values):
        return _send_claimed(store, lease, write, claim)
    known = _read(store, claim.key)
    if known is None:
        raise _in_hand(write)
    if known.state == "sent":
        return Receipt("already_sent", known.id)
    if known.state == "sending" and claim.at - known.at < LEASE_SECONDS:
        raise _in_hand(write)  # by a job of an older version, which takes no lease
    return _resume(store, lease, write, known)


def _resume(store: Store, lease: Lease, write: OneTimeWrite, claim: _Claim) -> Receipt:
    """Go on with an attempt whose outcome is in doubt: look first, send only what is not there."""
    found = write.look_up(claim.mark, claim.at) if write.look_up else None
    if found is not None:
        _keep_sent(store, claim, found)
        return Receipt("already_sent", found)
    if write.look_up is None and not write.repeat_safe:
        raise OutcomeUnknown(
            f"An earlier run sent this {write.noun} and its answer was lost; this service cannot be asked "
            "whether it arrived. Look there, and use another message_key to send it all the same.",
            code="answer_lost",
        )
    now = store.now()
    if not _keep(store, lease, _CLAIM_AGAIN, {"key": claim.key, "now": now}):
        raise _in_hand(write)
    return _send_claimed(store, lease, write, _Claim(claim.key, claim.mark, now))


def _send_claimed(store: Store, lease: Lease, write: OneTimeWrite, claim: _Claim) -> Receipt:
    try:
        service_id = _send(write, claim)
    except OutcomeUnknown:
        _keep(store, lease, _UNKNOWN, {"key": claim.key})
        raise
    except ConnectError:
        _keep(store, lease, _GIVE_BACK, {"key": claim.key})
        raise
    _keep_sent(store, claim, service_id)
    return Receipt("sent", service_id)


def _send(write: OneTimeWrite, claim: _Claim) -> str:
    try:
        return write.send(claim.mark)
    except OutcomeUnknown:
        found = write.look_up(claim.mark, claim.at) if write.look_up else None
        if found is None:
            raise
        return found


def _keep_sent(store: Store, claim: _Claim, service_id: str) -> None:
    """Write that it was sent, whoever has the lease by now: nothing that is found out later changes that."""
    store.execute(_SENT, {"key": claim.key, "mark": claim.mark, "id": service_id, "at": claim.at})


def _keep(store: Store, lease: Lease, sql: str, values: Values) -> bool:
    """Write what became of a claim, and return whether it was written.

    It is not if another job has taken the lease since, for then its word counts, or if it was sent after all.
    """
    with store.transaction():
        return holds(store, lease) and bool(store.execute(sql, values))


def _in_hand(write: OneTimeWrite) -> TryLater:
    return TryLater(
        f"Another job is sending this {write.noun} just now. Try again in a minute.", code="in_hand"
    )
