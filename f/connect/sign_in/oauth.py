"""OAuth 2.0 (RFC 6749) with client credentials or a refresh token, safe for many jobs at once.

A token is kept in the store under what it was asked for with: token URL, client, secret or consent, grant,
scope and audience. How it is fetched once for all jobs, and what becomes of a refresh token that is rotated
or refused, `shared_token` says.
"""

# extra_requirements:
# certifi==2026.10.18
# charset-normalizer==3.5.2
# idna==3.20
# requests==2.34.2
# urllib3==2.8.0

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.errors import ConnectError, SignInAgain, TryLater
from f.connect.events import raise_event
from f.connect.redact import digest_of, fingerprint_of, mask_url
from f.connect.sign_in.seal import Seal
from f.connect.sign_in.shared_token import SharedToken, SharedTokenAuth, Token, TokenRow
from f.connect.sign_in.token_server import TokenServer, is_token, seconds_of
from f.connect.times import REAL, Clock

if TYPE_CHECKING:
    from f.connect.integration import Integration, OAuth2
    from f.store.store import Store

# What tells one token from another.
_ASKED_WITH = ("token_url", "client_id", "client_secret", "refresh_token", "grant", "scope", "audience")


class OAuth2Auth(SharedTokenAuth):
    """Sends `Authorization: Bearer` with the token of these settings."""

    def __init__(
        self, settings: OAuth2, integration: Integration, store: Store, *, clock: Clock = REAL
    ) -> None:
        row = row_of(settings, integration, store)

        def refused(error: SignInAgain) -> None:
            tell_of_refusal(integration.name, error, store, about=row.key)

        super().__init__(
            SharedToken(
                row,
                lambda refresh_token: fetch(settings, refresh_token, store, verify=integration.verify_ssl),
                store,
                early=settings.refresh_early,
                on_refused=refused if settings.grant == "refresh_token" else None,
                clock=clock,
            )
        )


def row_of(settings: OAuth2, integration: Integration, store: Store) -> TokenRow:
    """Return where the token of these settings is kept."""
    asked_with = [getattr(settings, name) for name in _ASKED_WITH]
    key = digest_of(*asked_with)
    # No earlier version kept one in a data table, and any member of the workspace may write there.
    seal = Seal(key, *asked_with, takes_plain=not store.is_remote)
    # An older version kept the refresh token under the integration's name. The one in the settings is dead
    # since it was rotated.
    old_key = _old_key(settings, integration) if settings.grant == "refresh_token" else ""
    return TokenRow(store, key, seal, old_key=old_key)


def fetch(settings: OAuth2, refresh_token: str, store: Store, *, verify: bool = True) -> Token:
    """Ask for a token, with a stored refresh token rather than that of the settings."""
    form = {"grant_type": settings.grant, "scope": settings.scope, "audience": settings.audience}
    if settings.grant == "refresh_token":
        refresh_token = refresh_token or settings.refresh_token or ""
        form["refresh_token"] = refresh_token
    server = TokenServer(
        url=settings.token_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        client_auth=settings.client_auth,
        verify=verify,
    )
    answer = server.ask({name: value for name, value in form.items() if value})
    return token_of(answer, settings.token_url, store, refresh_token)


def token_of(answer: Mapping[str, Any], url: str, store: Store, refresh_token: str = "") -> Token:
    """Return the token in an answer; its refresh token is the former one unless it names another.

    TryLater if there is none.
    """
    access_token, rotated = answer.get("access_token"), answer.get("refresh_token")
    if not is_token(access_token):
        raise TryLater(f"{mask_url(url)} answered without an access_token.", code="token")
    expires_in = seconds_of(answer.get("expires_in"))
    return Token(
        access_token,
        store.now() + expires_in if expires_in else 0.0,
        rotated if is_token(rotated) else refresh_token,
    )


def tell_of_refusal(service: str, error: ConnectError, store: Store, *, about: str) -> None:
    """Tell people, once an hour, that a token is not refreshed any more before somebody acts."""
    raise_event("token_refresh_failed", {"service": service, "error_message": str(error)}, store, about=about)


def _old_key(settings: OAuth2, integration: Integration) -> str:
    """Return the key under which an older version kept a token; it told too little of them apart."""
    told = [settings.client_id, settings.client_secret, settings.refresh_token or "", settings.scope or ""]
    return f"{integration.name}:{integration.account or 'default'}:{fingerprint_of(chr(10).join(told))}"
