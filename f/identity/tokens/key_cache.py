"""An issuer's keys, kept in the store for all jobs, and fetched no oftener than once a minute.

    fresh, and the key is there            no call
    too old, or the key is not there       one job fetches, those beside it wait for what it gets
    the same within a minute of a fetch    no call: whoever makes up key ids cannot have us hammer the issuer
    the fetch fails                        the keys from before serve for an hour more

A key that the issuer has withdrawn is taken until its key set is too old, as the issuer's max-age says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f.connect.client import Client
from f.connect.errors import ConnectError, FixSettings, TryLater
from f.connect.redact import digest_of
from f.connect.sign_in.seal import Seal
from f.connect.times import REAL, Clock
from f.identity.tokens.client import integration_of, keys_request, read_keys
from f.identity.tokens.key_set import Jwk, candidates, has_key

if TYPE_CHECKING:
    from f.identity.tokens.issuer import Issuer
    from f.store.store import Store

PAUSE = 60.0  # seconds from the begin of one fetch to the next
FETCH_SECONDS = 40.0  # longer than any fetch takes: after that whoever began it is dead
GRACE = 3600.0  # seconds that old keys serve while new ones cannot be fetched
POLL_SECONDS = 0.1

# `tried_at`: when the last fetch began, `done_at`: when it ended, however it did.
_TABLE = """CREATE TABLE IF NOT EXISTS jwt_keys (
    key TEXT PRIMARY KEY, body TEXT NOT NULL, expires_at DOUBLE PRECISION NOT NULL,
    tried_at DOUBLE PRECISION NOT NULL, done_at DOUBLE PRECISION NOT NULL)"""
_READ = "SELECT body, expires_at, tried_at, done_at FROM jwt_keys WHERE key = :key"
# A fetch that lies in the future was begun by a clock that jumped.
_CLAIM = """INSERT INTO jwt_keys AS k (key, body, expires_at, tried_at, done_at) VALUES (:key, '', 0, :now, 0)
    ON CONFLICT (key) DO UPDATE SET tried_at = :now WHERE k.tried_at <= :before OR k.tried_at > :after
    RETURNING key"""
_KEEP = """UPDATE jwt_keys SET body = :body, expires_at = :expires_at, done_at = :now
    WHERE key = :key AND tried_at = :tried_at"""
_FAILED = "UPDATE jwt_keys SET done_at = :now WHERE key = :key AND tried_at = :tried_at"


@dataclass(frozen=True, slots=True)
class _Kept:
    """The row. `keys` is None if none were ever fetched, or if they cannot be opened."""

    keys: list[Jwk] | None = None
    expires_at: float = 0.0
    tried_at: float = 0.0
    done_at: float = 0.0

    def has(self, key_id: str, algorithm: str) -> bool:
        """Return whether the key a token names is among them."""
        return self.keys is not None and has_key(self.keys, key_id, algorithm)

    def is_being_fetched(self, now: float) -> bool:
        """Return whether some job is fetching them just now."""
        return self.tried_at > self.done_at and 0 <= now - self.tried_at < FETCH_SECONDS


class KeyCache:
    """The published keys of one issuer."""

    def __init__(self, issuer: Issuer, store: Store, clock: Clock = REAL) -> None:
        self._issuer, self._store, self._clock = issuer, store, clock
        self._key = digest_of("jwks", issuer.jwks_url, issuer.seal_key)
        if store.is_remote and not issuer.seal_key:
            raise FixSettings(
                "The jwt_issuer resource has no seal_key. Any member of the workspace may write into its "
                "data table, so the issuer's keys are sealed there: give a secret of 32 characters.",
                code="bad_settings",
            )
        self._seal = Seal(self._key, issuer.seal_key, takes_plain=False)
        self._kept = _Kept()  # what this process read last: a store may be a request away

    def keys_for(self, key_id: str) -> list[Jwk]:
        """Return the keys that may have made a token's signature; none if the issuer has no such key.

        `key_id`: what the token names, "" if it names none. TryLater if there are no keys, old ones either.
        """
        if not self._serves(key_id):
            self._kept = self._read()
        if not self._serves(key_id):
            self._kept = self._fetched()
        if self._kept.keys is None or self._store.now() >= self._kept.expires_at + GRACE:
            wait = max(1.0, self._kept.tried_at + PAUSE - self._store.now())
            raise TryLater(
                "The issuer's keys could not be fetched a moment ago, and are not asked for again so soon. "
                "Try again in a minute.",
                code="keys_not_fetched",
                retry_after=wait,
            )
        return candidates(self._kept.keys, key_id, self._issuer.algorithm)

    def fetched_again(self, key_id: str) -> list[Jwk]:
        """Return the keys after one more fetch, if a minute has passed since the last one.

        For a token that names no key, and whose signature is of none of those that are kept.
        """
        self._kept = self._fetched()
        return candidates(self._kept.keys or [], key_id, self._issuer.algorithm)

    def _serves(self, key_id: str) -> bool:
        """Return whether what was read last is fresh, and has the key."""
        return self._store.now() < self._kept.expires_at and self._kept.has(key_id, self._issuer.algorithm)

    def _fetched(self) -> _Kept:
        """Return the keys after a fetch of this job or of one beside it; as they are if none is allowed."""
        now = self._store.now()
        values = {"key": self._key, "now": now, "before": now - PAUSE, "after": now + PAUSE}
        if self._store.execute(_CLAIM, values):
            return self._fetch(now)
        while (kept := self._read()).is_being_fetched(self._store.now()):
            if self._clock.sleep(POLL_SECONDS):
                raise TryLater("Keys were waited for, and the job is to stop.", code="cancelled")
        return kept

    def _fetch(self, tried_at: float) -> _Kept:
        url = self._issuer.jwks_url
        try:
            with Client(integration_of("jwks", url), self._store, clock=self._clock) as client:
                keys, age = read_keys(client.request(keys_request(url)))
        except ConnectError:
            self._end(_FAILED, tried_at)
            kept = self._read()
            if kept.keys is not None and self._store.now() < kept.expires_at + GRACE:
                return kept
            raise
        body = self._seal.close(json.dumps(keys))
        self._end(_KEEP, tried_at, body=body, expires_at=self._store.now() + age)
        return self._read()

    def _end(self, sql: str, tried_at: float, **more: object) -> None:
        self._store.execute(sql, {"key": self._key, "tried_at": tried_at, "now": self._store.now(), **more})

    def _read(self) -> _Kept:
        def make() -> bool:
            self._store.create(_TABLE)
            return True

        self._store.shared("jwt_keys", make)
        rows = self._store.execute(_READ, {"key": self._key})
        if not rows:
            return _Kept()
        body, *times = rows[0]
        opened = self._seal.open(body)
        return _Kept(json.loads(opened) if opened else None, *times)
