"""Once: a message, a payment, an upload or an event goes out once, however often its job is run.

    claim -> sent                      a later run with the key answers "already sent"
    claim -> certainly not sent        the claim is given back
    claim -> answer lost, job killed   a later run looks it up, and sends only what is not there

A job holds a lease while it sends, and every attempt asks for it again right before it goes out, so that a
job that was stopped and overtaken sends nothing any more. That it sent is kept, come what may; anything else
only if no other job took the lease meanwhile.

Where a service can only be searched for what looks like ours, two writes that look alike must not be taken
for each other: `once_attempt` has a row for every attempt at such a write, with the service's id once it is
known. The rows hold keys and the service's ids, never a text or an address.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from f.connect.errors import ConnectError, FixInput, OutcomeUnknown, TryLater
from f.store.sent_keys import CLAIM, SENT, SentKey, prepare, read
from f.store.store import HELD, Lease, Permit, Store, release, take, write_held

LEASE_SECONDS = 120.0  # a claim older than this belongs to a job that was killed
NOT_SENT = "not_sent"  # the code of an error: nothing was sent with this key, for certain
_INPUTS = "-"  # stands in a mark before the hash of the inputs, which are thereby kept as long as the key
LONGEST_ATTEMPT = 300.0  # seconds from the begin of an attempt until nothing of it can arrive any more

_OPEN = f"WHERE key = :key AND state <> 'sent' AND {HELD} RETURNING key"
_CLAIM_AGAIN = f"UPDATE notify_sent SET state = 'sending' {_OPEN}"  # noqa: S608 - made of constants
_UNKNOWN = f"UPDATE notify_sent SET state = 'unknown', id = '' {_OPEN}"  # noqa: S608 - made of constants
_GIVE_BACK = f"DELETE FROM notify_sent {_OPEN}"  # noqa: S608 - made of constants

_BEGIN = """INSERT INTO once_attempt (mark, likeness, id, at) VALUES (:mark, :likeness, '', :at)
    ON CONFLICT (mark) DO UPDATE SET at = :at"""
_BEGUN_AT = "SELECT at FROM once_attempt WHERE mark = :mark"
_IDENTIFY = "UPDATE once_attempt SET id = :id WHERE mark = :mark"
_DROP = "DELETE FROM once_attempt WHERE mark = :mark AND id = ''"
# The claims know the ids that were kept before there were rows for attempts.
_TAKEN = """SELECT 1 FROM once_attempt WHERE id = :id AND mark <> :mark
    UNION ALL SELECT 1 FROM notify_sent WHERE id = :id AND state = 'sent' AND mark <> :mark LIMIT 1"""
_RIVALS = """SELECT COUNT(*) FROM once_attempt WHERE likeness = :likeness AND id = '' AND mark <> :mark
    AND at > :since"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """`id` is the service's, empty if it gives none."""

    status: Literal["sent", "already_sent"]
    id: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a write.

    `mark` stays the same over all attempts at it: an idempotency key, or something to find it by. `permit`
    goes into every request that writes; it is None if the write has no key, for then no other job can take
    it over. `since` and `until` in seconds since the epoch by the store's clock: an attempt under this mark
    can have reached the service between them.
    """

    mark: str
    permit: Permit | None
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a service has that is ours, or (not `certain`) may be. An empty `id`: it cannot be named."""

    id: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class OneTimeWrite:
    """One write with an effect outside: how to send it, and how to find out whether it arrived.

    `send` returns the service's id. `look_up` returns everything the service has that may be this write; it
    is None if the service cannot be asked. `likeness`: what all writes have in common that `look_up` could
    take for each other, as a hash; empty if it finds them by their mark. `repeat_safe`: the service knows the
    mark, so sending twice sends once; `mark_seconds`: for so long, then it is looked up. `is_answer`: whether
    an error is the service's answer to the mark, so that no attempt under it was applied. `inputs`: a hash of
    what every run with the key must have in common, or it is refused; empty: nothing. `noun` is what errors
    call it, `key_input` the input that has its key.
    """

    send: Callable[[Attempt], str]
    look_up: Callable[[Attempt], Sequence[Candidate]] | None = None
    likeness: str = ""
    repeat_safe: bool = False
    noun: str = "message"
    mark_seconds: float = math.inf
    is_answer: Callable[[ConnectError], bool] | None = None
    inputs: str = ""
    key_input: str = "message_key"


class Once(Protocol):
    """What `send_once` and `look_only` have in common, so that one way through a service serves both."""

    def __call__(
        self, store: Store, key: str, write: OneTimeWrite, *, window: float | None = None
    ) -> Receipt:
        """Return what became of a write."""


def send_once(store: Store, key: str, write: OneTimeWrite, *, window: float | None = None) -> Receipt:
    """Send unless the key was sent before, or within the last `window` seconds.

    An empty key is never remembered: only a lost answer is looked up then. Raises what sending raises;
    OutcomeUnknown if its answer was lost and the service does not certainly have it; TryLater if another job
    is sending it just now; FixInput if the key was used with other inputs.
    """
    claim = SentKey(key, f"{secrets.token_hex(20)}{_INPUTS * bool(write.inputs)}{write.inputs}", store.now())
    if key or write.likeness:
        prepare(store)
    if not key:
        return _Sending(store, write, claim, None).send()
    expired = claim.at - window if window is not None else 0.0
    if (known := read(store, key)) and known.at >= expired:
        _check_inputs(write, known)
        if known.state == "sent":
            return Receipt("already_sent", known.id)
    lease = take(store, f"once:{key}", secrets.token_hex(8), LEASE_SECONDS)
    if lease is None:
        raise _in_hand(write)
    try:
        return _send_leased(store, lease, write, claim, expired)
    finally:
        release(store, lease)


def look_only(store: Store, key: str, write: OneTimeWrite, *, window: float | None = None) -> Receipt:
    """Find out what became of an earlier `send_once` with the key, and keep it; send nothing.

    Raises OutcomeUnknown if the service shows nothing of it or cannot be asked; with the code NOT_SENT if it
    was never sent. TryLater if another job is sending it just now. `window` is that of `send_once`.
    """
    prepare(store)
    expired = store.now() - window if window is not None else 0.0
    if (known := read(store, key)) and known.state == "sent" and known.at >= expired:
        return Receipt("already_sent", known.id)
    lease = take(store, f"once:{key}", secrets.token_hex(8), LEASE_SECONDS)
    if lease is None:
        raise _in_hand(write)
    try:
        known = read(store, key)
        if known is None or known.at < expired:
            raise OutcomeUnknown(f"Nothing shows that this {write.noun} was ever sent.", code=NOT_SENT)
        _check_inputs(write, known)
        return _Sending(store, write, known, lease).look()
    finally:
        release(store, lease)


def _send_leased(store: Store, lease: Lease, write: OneTimeWrite, claim: SentKey, expired: float) -> Receipt:
    values = {"key": claim.key, "mark": claim.mark, "now": claim.at, "expired": expired}
    if store.execute(CLAIM, values):
        return _Sending(store, write, claim, lease).send()
    known = read(store, claim.key)
    if known is None:
        raise _in_hand(write)
    _check_inputs(write, known)
    if known.state == "sent":
        return Receipt("already_sent", known.id)
    if known.state == "sending" and claim.at - known.at < LEASE_SECONDS:
        raise _in_hand(write)  # by a job of an older version, which takes no lease
    return _Sending(store, write, known, lease).resume()


class _Sending:
    """One claim in the hands of this job: sent, or looked up, and what became of it kept."""

    def __init__(self, store: Store, write: OneTimeWrite, claim: SentKey, lease: Lease | None) -> None:
        self._store, self._write, self._claim, self._lease = store, write, claim, lease

    def resume(self) -> Receipt:
        """Go on with an attempt whose outcome is in doubt: look first, send only what is not there."""
        write = self._write
        is_known = write.repeat_safe and self._store.now() - self._claim.at < write.mark_seconds
        found = None if is_known else self._find()
        if found is not None:
            self._keep_sent(found, self._claim.at)
            return Receipt("already_sent", found)
        if write.look_up is None and not is_known:
            raise OutcomeUnknown(
                f"An earlier run sent this {write.noun} and its answer was lost; this service cannot be "
                f"asked whether it arrived. Look there, and use another {write.key_input} to send it all "
                "the same.",
                code="answer_lost",
            )
        if not self._keep(_CLAIM_AGAIN):
            raise _in_hand(write)
        return self.send(in_doubt=is_known)

    def look(self) -> Receipt:
        """Return what an earlier attempt came to; OutcomeUnknown if that cannot be found out."""
        if self._claim.state == "sent":
            return Receipt("already_sent", self._claim.id)
        found = self._find()
        if found is None:
            asked = "cannot be asked whether" if self._write.look_up is None else "does not show that"
            raise OutcomeUnknown(
                f"An earlier run sent this {self._write.noun} and its answer was lost; the service {asked} "
                "it arrived.",
                code="answer_lost",
            )
        self._keep_sent(found, self._claim.at)
        return Receipt("already_sent", found)

    def send(self, *, in_doubt: bool = False) -> Receipt:
        """Send. `in_doubt`: an earlier attempt may have arrived as well."""
        now = self._store.now()
        if self._write.likeness:
            values = {"mark": self._claim.mark, "likeness": self._write.likeness, "at": now}
            self._store.execute(_BEGIN, values)
        try:
            service_id = self._send(now)
        except OutcomeUnknown:
            self._keep(_UNKNOWN)
            raise
        except ConnectError as error:
            is_answer = self._write.is_answer is not None and self._write.is_answer(error)
            found = self._found_after(error) if in_doubt else None
            if found is not None:
                self._keep_sent(found, self._claim.at)
                return Receipt("already_sent", found)
            if in_doubt and not is_answer:  # what is refused now says nothing of the attempt before
                self._keep(_UNKNOWN)
                raise _still_in_doubt(self._write, error) from error
            if self._keep(_GIVE_BACK) and self._write.likeness:
                self._store.execute(_DROP, {"mark": self._claim.mark})
            raise
        self._keep_sent(service_id, now)
        return Receipt("sent", service_id)

    def _found_after(self, refused: ConnectError) -> str | None:
        """Look up what an earlier attempt may have done: it may have had another content than the refused."""
        try:
            return self._find()
        except ConnectError as error:
            self._keep(_UNKNOWN)
            raise _still_in_doubt(self._write, refused) from error

    def _send(self, now: float) -> str:
        permit = Permit(self._store, self._lease, LEASE_SECONDS) if self._lease else None
        attempt = Attempt(self._claim.mark, permit, self._claim.at, now + LONGEST_ATTEMPT)
        try:
            return self._write.send(attempt)
        except OutcomeUnknown as lost:
            try:
                found = self._find()
            except ConnectError as error:
                raise _named_after(lost, error) from error
            if found is None:
                raise
            return found

    def _find(self) -> str | None:
        """Look the write up; None if it is not there, OutcomeUnknown if nobody can tell."""
        if self._write.look_up is None:
            return None
        mark, likeness = self._claim.mark, self._write.likeness
        begun = self._store.execute(_BEGUN_AT, {"mark": mark}) if likeness else []
        since, last = self._claim.at, float(begun[0][0]) if begun else self._store.now()
        candidates = self._write.look_up(Attempt(mark, None, since, last + LONGEST_ATTEMPT))
        if likeness:
            candidates = [one for one in candidates if not self._is_anothers(one)]
        if not candidates:
            return None
        if len(candidates) > 1 or not candidates[0].certain or self._has_rivals(since):
            raise OutcomeUnknown(
                f"The answer to this {self._write.noun} was lost, and the service has "
                f"{len(candidates)} that may be it or another one. Look there, and use another "
                f"{self._write.key_input} to send it all the same.",
                code="answer_lost",
            )
        return candidates[0].id

    def _is_anothers(self, candidate: Candidate) -> bool:
        """Return whether another write is known to have this id."""
        values = {"id": candidate.id, "mark": self._claim.mark}
        return bool(candidate.id and self._store.execute(_TAKEN, values))

    def _has_rivals(self, since: float) -> bool:
        """Return whether other writes that look the same are in doubt: what was found may be theirs."""
        if not self._write.likeness:
            return False
        values = {
            "likeness": self._write.likeness,
            "mark": self._claim.mark,
            "since": since - LONGEST_ATTEMPT,
        }
        return int(self._store.execute(_RIVALS, values)[0][0]) > 0

    def _keep_sent(self, service_id: str, at: float) -> None:
        """Write that it was sent, whoever has the lease by now: nothing found out later changes that."""
        values = {"key": self._claim.key, "mark": self._claim.mark, "id": service_id, "at": at}
        kept = [SENT] * bool(self._claim.key) + [_IDENTIFY] * bool(self._write.likeness)
        if kept:
            self._store.together([(sql, values) for sql in kept])

    def _keep(self, sql: str) -> bool:
        """Write what became of the claim, and return whether it was written.

        It is not if another job has taken the lease since, for then its word counts, or if it was sent after
        all. Without a key there is nothing to write, and nobody else to ask.
        """
        if self._lease is None:
            return True
        written = write_held(self._store, self._lease, (sql, {"key": self._claim.key}))
        return bool(written and written[0])


def _check_inputs(write: OneTimeWrite, known: SentKey) -> None:
    """Raise FixInput if a key was used with other inputs: it stands for what it was used for first."""
    _, is_bound, inputs = known.mark.partition(_INPUTS)
    if not (write.inputs and is_bound) or inputs == write.inputs:
        return
    if known.state == "sent":
        then = f"This {write.key_input} belongs to another {write.noun}: {known.id}, made with other inputs."
        now = f"Use another {write.key_input}, or the inputs of then. Nothing was made."
    else:
        then = f"An earlier run sent a {write.noun} with this {write.key_input} and other inputs, and its "
        then += "answer was lost."
        now = "Run it with the inputs of then, to find out what became of it. Nothing was sent."
    raise FixInput(f"{then} {now}", code="idempotency_error")


def _still_in_doubt(write: OneTimeWrite, error: ConnectError) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"An earlier run sent this {write.noun} and its answer was lost; sending it again failed: {error}",
        code="answer_lost",
        repeat_safe=write.repeat_safe,
        call=error.call,
        status=error.status,
    )


def _named_after(lost: OutcomeUnknown, error: ConnectError) -> OutcomeUnknown:
    """Return what is in doubt, and why looking it up did not help."""
    if isinstance(error, OutcomeUnknown):
        return error
    named = OutcomeUnknown(f"{lost} Looking it up failed: {error}", code=lost.code, call=lost.call)
    named.status, named.request_id, named.attempts = lost.status, lost.request_id, lost.attempts
    return named


def _in_hand(write: OneTimeWrite) -> TryLater:
    return TryLater(
        f"Another job is sending this {write.noun} just now. Try again in a minute.", code="in_hand"
    )
