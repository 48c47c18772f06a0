"""Tokens of the app itself (RFC 6749, 4.4), shared and fetched once like those of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.errors import FixInput
from f.connect.integration import Integration, OAuth2
from f.connect.redact import remember
from f.connect.sign_in.oauth import OAuth2Auth

if TYPE_CHECKING:
    from f.connect.sign_in.shared_token import Token
    from f.identity.oauth.app import App
    from f.store.store import Store


def client_token(app: App, store: Store, min_seconds: float, audience: str = "") -> Token:
    """Return a token of the app that holds for so many seconds; without scopes, those the server gives."""
    settings = OAuth2(
        token_url=app.provider.token_url,
        client_id=app.client_id,
        client_secret=app.client_secret,
        scope=" ".join(app.scopes) or None,
        audience=audience or None,
        client_auth=app.provider.client_auth,
    )
    auth = OAuth2Auth(settings, Integration(name=f"oauth_{app.name}", base_url=app.provider.token_url), store)
    token = auth.shared.get(early=min_seconds)
    remember(token.access_token)
    if token.expires_at and token.expires_at - store.now() < min_seconds - 1:
        raise FixInput(f"A token of {app.provider.title} lives less than min_seconds.", code="min_seconds")
    return token
