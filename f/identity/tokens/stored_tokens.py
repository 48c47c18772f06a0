"""Tokens in the store, each under a name and a seal, and by one job at a time replaced.

good for long enough           returned as it is
about to expire                one job refreshes it; those beside it wait, and take what it got
refreshed                      the new refresh token is kept before the new token is used: the old one is
                               dead from then on, and to use it twice makes many servers revoke them all
the job is stopped meanwhile   another takes the lease; the first one sends and writes nothing any more
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from f.connect.client import Client
from f.connect.errors import FixInput, FixSettings, OutcomeUnknown, SignInAgain, TryLater
from f.connect.redact import digest_of, remember
from f.connect.sign_in.seal import Seal
from f.connect.times import REAL, Clock
from f.identity.tokens.client import StoredToken, integration_of, read_refreshed, refresh_request
from f.store.store import HELD, Lease, Permit, Store, release, take, write_held

if TYPE_CHECKING:
    from f.identity.tokens.issuer import Issuer

# A refresh ends within half a minute; whoever holds the lease has given up before another may take it.
LEASE_SECONDS = 90.0
WAIT_SECONDS = 120.0  # for a holder that died, and for the one after it
POLL_SECONDS = 0.1
KEEP_TRIES, KEEP_PAUSE = 5, 2.0  # within the lease, if the store answers or fails at once
LONGEST_NAME = 200

_TABLE = "CREATE TABLE IF NOT EXISTS jwt_token (key TEXT PRIMARY KEY, sealed TEXT NOT NULL)"
_READ = "SELECT sealed FROM jwt_token WHERE key = :key"
_KEEP = f"""INSERT INTO jwt_token SELECT :key, :sealed WHERE {HELD}
    ON CONFLICT (key) DO UPDATE SET sealed = :sealed"""


class NamedToken:
    """The token of one issuer under one name. Jobs with the same issuer, audience and name share it."""

    def __init__(self, name: str, issuer: Issuer, store: Store, clock: Clock = REAL) -> None:
        if not name.strip() or len(name) > LONGEST_NAME:
            raise FixInput(
                f"A stored token needs a name of up to {LONGEST_NAME} characters.", code="bad_token_name"
            )
        if not issuer.seal_key:
            raise FixSettings(
                "The jwt_issuer resource has no seal_key. Tokens are stored under a seal: give a secret of "
                "32 characters or more, and keep it.",
                code="bad_settings",
            )
        self._name, self._issuer, self._store, self._clock = name, issuer, store, clock
        self._key = digest_of("jwt", issuer.issuer, issuer.audience, issuer.refresh_url, name)
        self._seal = Seal(self._key, issuer.seal_key, takes_plain=False)

    def put(self, token: StoredToken) -> None:
        """Store a token in place of what is there."""
        with self._alone() as lease:
            if not self._keep(token, lease):
                raise TryLater("Another job has stored this token meanwhile.", code="token_in_hand")

    def read(self) -> StoredToken:
        """Return what is stored; FixInput if there is nothing, FixSettings if another seal_key sealed it."""
        self._prepare()
        rows = self._store.execute(_READ, {"key": self._key})
        if not rows:
            raise FixInput(
                f"No token of this issuer is stored as {self._name!r}. Store one with set_jwt.",
                code="no_stored_token",
            )
        opened = self._seal.open(rows[0][0])
        if not opened:
            raise FixSettings(
                f"The token stored as {self._name!r} was sealed with another seal_key. Give that one, or "
                "store the token anew with set_jwt.",
                code="other_seal",
            )
        found = StoredToken(*json.loads(opened))
        remember(found.token, found.refresh_token)
        return found

    def good_for(self, margin: float, stale: str = "") -> tuple[StoredToken, bool]:
        """Return a token that holds for more than `margin` seconds, and whether this job refreshed it.

        A token that is `stale` is refreshed whatever its expiry says. SignInAgain if it cannot be refreshed.
        """
        found = self.read()
        if self._is_good(found, margin, stale):
            return found, False
        with self._alone() as lease:
            found = self.read()
            if self._is_good(found, margin, stale):
                return found, False
            self._check_refreshable(found)
            fresh = self._refresh(found.refresh_token, Permit(self._store, lease, LEASE_SECONDS))
            if self._keep(fresh, lease):
                return fresh, True
        found = self.read()  # by the job that has taken the lease meanwhile
        return (found, False) if self._is_good(found, margin, stale) else (fresh, True)

    def _is_good(self, found: StoredToken, margin: float, stale: str) -> bool:
        return found.token != stale and found.is_good(self._store.now(), margin)

    def _check_refreshable(self, found: StoredToken) -> None:
        if not self._issuer.refresh_url:
            raise SignInAgain(
                f"The token stored as {self._name!r} has expired or is about to, and the jwt_issuer resource "
                "has no refresh_url. Store a new one with set_jwt.",
                code="token_expired",
            )
        if not found.refresh_token:
            raise SignInAgain(
                f"The token stored as {self._name!r} has expired or is about to, and no refresh token "
                "was stored with it. Store a new one with set_jwt.",
                code="token_expired",
            )

    def _refresh(self, refresh_token: str, permit: Permit) -> StoredToken:
        issuer, now = self._issuer, self._store.now()
        service = integration_of("jwt_refresh", issuer.refresh_url)
        try:
            with Client(service, self._store, clock=self._clock) as client:
                response = client.request(refresh_request(issuer, refresh_token, permit))
            return read_refreshed(response, issuer, refresh_token, now)
        except OutcomeUnknown as error:
            raise OutcomeUnknown(
                f"{error.call}: the answer to a refresh was lost or is not readable, so the refresh token "
                "may be used up. Run it again; if it is refused then, sign in again and use set_jwt.",
                code="refresh_in_doubt",
                call=error.call,
                status=error.status,
                request_id=error.request_id,
            ) from error

    def _keep(self, token: StoredToken, lease: Lease) -> bool:
        """Keep a token unless another job took the lease since; a rotated one that is not kept is lost."""
        text = json.dumps([token.token, token.expires_at, token.refresh_token])
        values = {"key": self._key, "sealed": self._seal.close(text)}
        for left in reversed(range(KEEP_TRIES)):
            try:
                return write_held(self._store, lease, (_KEEP, values)) is not None
            except TryLater:
                if not left:
                    raise
                self._clock.sleep(KEEP_PAUSE)
        raise AssertionError

    @contextmanager
    def _alone(self) -> Iterator[Lease]:
        """Hold the lease on this token; wait for whoever holds it. TryLater if that takes too long."""
        self._prepare()
        holder, waited = secrets.token_hex(8), 0.0
        while not (lease := take(self._store, f"jwt:{self._key}", holder, LEASE_SECONDS)):
            if waited >= WAIT_SECONDS:
                raise TryLater(
                    f"Another job is refreshing the token {self._name!r} and does not end. Try again later.",
                    code="token_in_hand",
                )
            if self._clock.sleep(POLL_SECONDS):
                raise TryLater("A token was waited for, and the job is to stop.", code="cancelled")
            waited += POLL_SECONDS
        try:
            yield lease
        finally:
            release(self._store, lease)

    def _prepare(self) -> None:
        def make() -> bool:
            self._store.create(_TABLE)
            return True

        self._store.shared("jwt_token", make)
