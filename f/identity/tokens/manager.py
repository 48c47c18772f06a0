"""JSON Web Tokens of one issuer: signed, verified, stored, kept fresh.

    with open_store(database, "identity") as store:
        tokens = JwtManager(issuer, store)
        tokens.set_token("partner", token, refresh_token=refresh_token)
        ...
        tokens.get_token("partner")       refreshed before it expires, by one of all jobs
        tokens.verify(given)["sub"]       or an error that says why not

A token that is not one is FixInput; one that was read and is not taken, or not any more, SignInAgain; wrong
settings are FixSettings; keys or a token server that cannot be reached TryLater; a refresh whose answer was
lost OutcomeUnknown. No error holds a token, a key or a claim.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# aiohappyeyeballs==2.7.1
# aiohttp==3.14.5
# aiosignal==1.4.0
# attrs==26.1.0
# frozenlist==1.8.0
# idna==3.20
# multidict==7.2.1
# propcache==0.5.4
# typing-extensions==4.16.0
# yarl==1.25.1

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput, FixSettings
from f.connect.redact import remember
from f.connect.sign_in.signed_jwt import sign_claims
from f.connect.times import REAL, Clock
from f.identity.tokens.checks import check_claims, check_header, refused
from f.identity.tokens.compact import (
    LONGEST_LIFE,
    UnverifiedToken,
    expiry_of,
    expiry_of_claims,
    is_token,
    read_unverified,
)
from f.identity.tokens.issuer import MOST_LIFETIME, Issuer, issuer_of
from f.identity.tokens.signature import is_signed, keys_of, own_key
from f.store.stores import memory_store

if TYPE_CHECKING:
    from f.connect.sign_in.shared_token import Token
    from f.identity.tokens.key_cache import KeyCache
    from f.identity.tokens.stored_tokens import NamedToken
    from f.store.store import Store

MARGIN = 60.0  # seconds that a token should still hold when it is handed out
OWN_CLAIMS = frozenset({"iss", "sub", "aud", "iat", "exp", "jti"})


class JwtManager:
    """The tokens of one issuer, for one audience.

    `resource`: a jwt_issuer, or the settings made of one. `store` is where stored tokens and the issuer's
    keys are shared by all jobs; without one they last as long as this process.
    """

    def __init__(
        self, resource: Mapping[str, Any] | Issuer, store: Store | None = None, *, clock: Clock = REAL
    ) -> None:
        self.issuer = resource if isinstance(resource, Issuer) else issuer_of(resource)
        self._store, self._clock = store or memory_store(), clock
        self._keys: KeyCache | None = None
        self._own_key: Any = None

    def sign(
        self,
        subject: str = "",
        *,
        audience: str = "",
        lifetime: float | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a token signed with the resource's key. `audience`, `lifetime`: in place of the resource's.

        A unique jti lets whoever takes it refuse a replay. FixInput for claims that are written by other
        inputs, or cannot be written.
        """
        more, issuer = dict(claims or {}), self.issuer
        if taken := sorted(OWN_CLAIMS & more.keys()):
            raise FixInput(
                f"claims holds {', '.join(taken)}, which the resource and other inputs set: leave it out.",
                code="claim_taken",
            )
        life = issuer.lifetime if lifetime is None else lifetime
        if not 1 <= life <= MOST_LIFETIME:  # which no NaN is
            raise FixInput("lifetime must be from one second to 366 days.", code="bad_lifetime")
        if not issuer.key:
            raise FixSettings("The jwt_issuer resource has no key to sign with.", code="bad_settings")
        now = int(self._clock.now())
        named = {"iss": issuer.issuer, "sub": subject, "aud": audience or issuer.audience}
        own = {"iat": now, "exp": now + int(life), "jti": secrets.token_hex(16)}
        token = sign_claims(
            {**{name: value for name, value in named.items() if value}, **own, **more},
            issuer.key,
            issuer.algorithm,
            key_id=issuer.key_id or None,
            token_type=issuer.token_type,
            field="key",
        )
        remember(token)
        return token

    def verify(self, token: str, *, audience: str = "") -> dict[str, Any]:
        """Return the claims of a token that this issuer signed and that holds now.

        `audience`: in place of the resource's. FixInput for what is not a token; SignInAgain, with a code
        that says why, for one that is not taken; TryLater if the issuer's keys cannot be fetched.
        """
        found = read_unverified(token)
        remember(token)
        key_id = check_header(found.header, self.issuer)
        self._check_signature(token, key_id)
        claims = dict(found.claims)
        check_claims(claims, self.issuer, self._clock.now(), audience)
        return claims

    @staticmethod
    def read(token: str) -> UnverifiedToken:
        """Return what a token says, without any proof that it is true. FixInput for what is not a token."""
        return read_unverified(token)

    def set_token(
        self, name: str, token: str = "", *, refresh_token: str = "", expires_in: float = 0.0
    ) -> Token:
        """Store a token sealed under a name, in place of the one before.

        Without a token, the refresh token fetches one when it is first asked for. `expires_in` in seconds; 0
        - what the token itself says. A token that says nothing is taken to hold until it is set anew.
        """
        for what, text in (("token", token), ("refresh_token", refresh_token)):
            if text and not is_token(text):
                raise FixInput(
                    f"The {what} is not one: it holds blanks, line breaks or signs beyond ASCII.",
                    code="not_a_token",
                )
        if not token and not refresh_token:
            raise FixInput("Give a token, a refresh token or both.", code="not_a_token")
        if not 0 <= expires_in <= LONGEST_LIFE:
            raise FixInput("expires_in must be a number of seconds, or 0.", code="bad_lifetime")
        remember(token, refresh_token)
        expires_at = expiry_of(token, self._store.now(), expires_in) if token else 0.0
        return self._named(name).put(token, expires_at, refresh_token)

    def get_token(self, name: str, *, margin: float = MARGIN) -> str:
        """Return the token stored under a name, refreshed if it holds for `margin` seconds or less."""
        return self.stored(name, margin=margin)[0].access_token

    def stored(self, name: str, *, margin: float = MARGIN) -> tuple[Token, bool]:
        """Return as `get_token` does, with its expiry, and whether it was refreshed for this."""
        if not 0 <= margin <= LONGEST_LIFE:
            raise FixInput("margin_seconds must be a number of seconds, or 0.", code="bad_lifetime")
        return self._named(name).good_for(margin)

    def refresh(self, name: str) -> str:
        """Return a token newer than the one stored now, as after a 401; another job may have fetched it."""
        row = self._named(name)
        return row.good_for(0.0, stale=row.read().access_token)[0].access_token

    def is_expired(self, token: str, *, margin: float = 0.0) -> bool:
        """Return whether a token has expired, or will within `margin` seconds, by its own unverified word.

        One that says nothing does not expire. FixInput for what is not a JSON Web Token.
        """
        expiry = expiry_of_claims(read_unverified(token).claims)
        return expiry > 0 and self._clock.now() + margin >= expiry

    def _named(self, name: str) -> NamedToken:
        from f.identity.tokens.stored_tokens import NamedToken  # who only signs calls nobody

        return NamedToken(name, self.issuer, self._store, self._clock)

    def _check_signature(self, token: str, key_id: str) -> None:
        algorithm = self.issuer.algorithm
        if not self.issuer.jwks_url:
            self._own_key = self._own_key or own_key(self.issuer)
            if not is_signed(token, [self._own_key], algorithm):
                raise refused("its signature is not of the issuer's key", "bad_signature")
            return
        from f.identity.tokens.key_cache import KeyCache  # who has the key calls nobody

        self._keys = self._keys or KeyCache(self.issuer, self._store, self._clock)
        jwks = self._keys.keys_for(key_id)
        if not jwks:
            raise refused("the issuer publishes no key of its key id", "unknown_key")
        if is_signed(token, keys_of(jwks, algorithm), algorithm):
            return
        if key_id or not is_signed(token, keys_of(self._keys.fetched_again(key_id), algorithm), algorithm):
            raise refused("its signature is not of the issuer's key", "bad_signature")
