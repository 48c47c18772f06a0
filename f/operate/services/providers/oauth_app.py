"""An app at Google, GitHub or another provider: whether its client id and secret are right.

A token server checks the client before it looks at what it is given (RFC 6749, 5.2): asked with a refresh
token that nobody has, it answers invalid_grant to the right client and invalid_client to a wrong one. Nothing
comes of it, and nobody has to be there. It does not show whether redirect_uri and scopes are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request
from f.connect.calls.reply_reader import named, read_object, word_of
from f.connect.errors import SignInAgain
from f.connect.integration import Basic, NoAuth
from f.identity.oauth.app import app_of
from f.identity.oauth.client import integration_of
from f.identity.oauth.refusals import refused_by_server
from f.operate.services.service import Service, client_for, not_tried

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.connect.client import Client
    from f.identity.oauth.app import App
    from f.store.store import Store

_NOBODYS = "millwright-check-of-the-client"
_KNOWS_CLIENT = frozenset({"invalid_grant", "bad_refresh_token", "unauthorized_client"})
_SAYS_NOTHING = frozenset({"unsupported_grant_type", "invalid_scope"})
_WRONG_CLIENT = frozenset({"invalid_client", "incorrect_client_credentials"})


def client_of(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of the provider's token endpoint."""
    app = app_of(resource)
    by_basic = app.provider.client_auth == "basic"
    sign_in = Basic(username=app.client_id, password=app.client_secret) if by_basic else NoAuth()
    return client_for(integration_of(app, app.provider.token_url, sign_in), store)


def canary(resource: Mapping[str, Any]) -> Request:
    """Return the request for a token that cannot be had."""
    app = app_of(resource)
    form = {"grant_type": "refresh_token", "refresh_token": _NOBODYS}
    if app.provider.client_auth == "body":
        form |= {"client_id": app.client_id}
        form |= {"client_secret": app.client_secret} if app.client_secret else {}
    return Request(
        method="POST",
        path="",
        data=form,
        headers={"Accept": "application/json"},
        reads=True,
        endpoint="token",
        caller_reads=frozenset({401}),
        context=app,
    )


def account_in(response: Response) -> str:
    """Return the client's id, which everybody who signs in sees."""
    app: App = response.request.context
    body = read_object(response)
    word = word_of(body.get("error"))
    if word in _KNOWS_CLIENT or (response.success and body.get("access_token")):
        return f"client {app.client_id}"
    if word in _SAYS_NOTHING:
        raise not_tried(
            f"{app.provider.title} gives this client no refresh tokens, so only a sign-in shows whether its "
            "secret is right: run start_sign_in."
        )
    if word in _WRONG_CLIENT:
        raise named(
            SignInAgain(
                f"{app.provider.title} refused the client: client_id or client_secret is wrong. Copy both "
                "again.",
                code=word,
            ),
            response,
        )
    raise named(refused_by_server(app, response.status, body, about="refresh token"), response)


SERVICES = {
    "oauth_app": Service(
        name="oauth",
        title="OAuth app",
        resource_type="oauth_app",
        purpose="identity",
        client_of=client_of,
        canary=canary,
        account_in=account_in,
        credential_page="",
    )
}
