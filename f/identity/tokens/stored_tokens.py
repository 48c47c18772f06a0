"""Tokens in the store, each under a name and a seal, and refreshed by one job for all of them.

How one job refreshes and the others wait is `f/connect/sign_in/shared_token`: it is the same for OAuth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, FixSettings, OutcomeUnknown, SignInAgain
from f.connect.redact import digest_of, remember
from f.connect.sign_in.oauth import tell_of_refusal
from f.connect.sign_in.seal import Seal
from f.connect.sign_in.shared_token import DEAD, SharedToken, Token, TokenRow
from f.connect.times import REAL, Clock
from f.identity.tokens.client import integration_of, read_refreshed, refresh_request, refused_refresh
from f.store.sent_keys import key_of, remember_all, sent_ids

if TYPE_CHECKING:
    from f.identity.tokens.issuer import Issuer
    from f.store.store import Lease, Store

LONGEST_NAME = 200  # characters


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
        key = digest_of("jwt", issuer.issuer, issuer.audience, issuer.refresh_url, name)
        self._row = TokenRow(store, key, Seal(key, issuer.seal_key, takes_plain=False))
        self._refreshed = False

    def put(self, access_token: str, expires_at: float, refresh_token: str) -> Token:
        """Store a token in place of what is there, and return what is stored.

        What comes with the refresh token that was given last, as from a schedule, stays as it is unless it is
        dead: it may have been rotated since, and many servers revoke everything when an old one comes again.
        """
        place = key_of("jwt refresh token given last", self._row.key)
        given = key_of(self._issuer.seal_key, refresh_token) if refresh_token else ""
        token = Token(access_token, expires_at, refresh_token)

        def work(lease: Lease) -> Token | None:
            kept = self._row.read()
            if kept.refresh_token and not kept.refused and given:
                is_older = kept.refresh_token != refresh_token or not access_token
                if is_older and sent_ids(self._store, [place]).get(place) == given:
                    return kept
            if not self._row.keep(token, lease):
                return None
            remember_all(self._store, {place: given})
            return token

        stored = self._shared().alone(work)
        remember(stored.access_token, stored.refresh_token)
        return stored

    def read(self) -> Token:
        """Return what is stored; FixInput if that is nothing, or nothing that this seal_key opens."""
        self._row.prepare()
        found = self._row.read()
        remember(found.access_token, found.refresh_token)
        if not (found.access_token or found.refresh_token or found.refused):
            raise FixInput(
                f"No token of this issuer that its seal_key opens is stored as {self._name!r}. "
                "Store one with set_jwt.",
                code="no_stored_token",
            )
        return found

    def good_for(self, margin: float, stale: str = "") -> tuple[Token, bool]:
        """Return a token that holds for more than `margin` seconds, and whether this job refreshed it.

        A token that is `stale` is refreshed whatever its expiry says. SignInAgain if it cannot be refreshed.
        """
        self.read()
        self._refreshed = False
        found = self._shared().get(stale, margin)
        remember(found.access_token, found.refresh_token)
        if found.expires_at and found.expires_at <= self._store.now():
            raise FixSettings(
                f"The token that came for {self._name!r} has expired already. Check the clock of the token "
                "server and of this machine, and expires_in_field of the jwt_issuer resource.",
                code="refreshed_expired",
            )
        return found, self._refreshed

    def _shared(self) -> SharedToken:
        # That a refresh token is dead is kept, so that no other job sends it.
        return SharedToken(self._row, self._refresh, self._store, on_refused=self._tell, clock=self._clock)

    def _tell(self, error: ConnectError) -> None:
        tell_of_refusal(f"{self._issuer.issuer} ({self._name})", error, self._store, about=self._row.key)

    def _refresh(self, refresh_token: str) -> Token:
        """Return the next token, and tell of a refusal, but of a dead token only once that is kept."""
        try:
            return self._ask(refresh_token)
        except (SignInAgain, FixSettings) as error:
            if error.code not in DEAD and error.code != "token_expired":
                self._tell(error)
            raise

    def _ask(self, refresh_token: str) -> Token:
        issuer, now = self._issuer, self._store.now()
        if not issuer.refresh_url or not refresh_token:
            lacks = "no refresh token was stored with it" if issuer.refresh_url else "there is no refresh_url"
            raise SignInAgain(
                f"The token stored as {self._name!r} has expired or is about to, and {lacks}. "
                "Store a new one with set_jwt.",
                code="token_expired",
            )
        service = integration_of("jwt_refresh", issuer.refresh_url)
        try:
            with Client(service, self._store, clock=self._clock) as client:
                try:
                    response = client.request(refresh_request(issuer, refresh_token))
                except SignInAgain as error:  # a 401, whose words the connection layer keeps to itself
                    raise refused_refresh(f"{error.call} answered 401", dead=False) from error
            found = read_refreshed(response, issuer, refresh_token, now)
        except OutcomeUnknown as error:
            raise OutcomeUnknown(
                f"{error.call}: the answer to a refresh was lost or is not readable, so the refresh token "
                "may be used up. Run it again; if it is refused then, sign in again and use set_jwt.",
                code="refresh_in_doubt",
                call=error.call,
                status=error.status,
                request_id=error.request_id,
            ) from error
        self._refreshed = True
        return found
