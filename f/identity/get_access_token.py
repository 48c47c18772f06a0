"""Make sure that an account's access token holds for at least so many seconds, and hand it on.

It stays in the store, sealed (`keep`), goes into a secret variable, or into the result, where all who may
see the run can read it. One job refreshes it for all; a second run finds it fresh. With
`client_credentials` the app itself signs in, and with `windmill_resource` the token is read that Windmill
keeps fresh, and never refreshed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.connect.sign_in.shared_token import Token
    from f.identity.oauth.app import App, oauth_app
    from f.identity.oauth.results import TokenResult
    from f.store.store import Store

_MOST_SECONDS = 366 * 86_400


def main(
    app: oauth_app | None = None,
    account: str = "default",
    min_seconds: int = 60,
    hand_on: Literal["keep", "variable", "result"] = "keep",
    variable: str = "",
    grant: Literal["sign_in", "client_credentials"] = "sign_in",
    audience: str = "",
    windmill_resource: str = "",
    database: postgresql | None = None,
) -> TokenResult:
    from f.connect.errors import FixInput
    from f.identity.oauth.app import app_of
    from f.identity.oauth.results import deliver, token_result
    from f.store.stores import open_store

    if not 0 <= min_seconds <= _MOST_SECONDS:
        raise FixInput(f"min_seconds must be from 0 to {_MOST_SECONDS:,}, a year.", code="min_seconds")
    if windmill_resource:
        return _of_windmill(windmill_resource, hand_on, variable)
    registered = app_of(app or {})
    with open_store(database, "identity") as store:
        token = _token(registered, account, store, min_seconds, grant, audience)
        result = token_result(registered, account, token, store.now(), "fresh")
    return deliver(result, token.access_token, hand_on, variable)


def _token(app: App, account: str, store: Store, min_seconds: int, grant: str, audience: str) -> Token:
    from f.identity.oauth.client_credentials import client_token
    from f.identity.oauth.results import fresh_token
    from f.identity.oauth.sign_ins import checked_account

    if grant == "client_credentials":
        return client_token(app, store, min_seconds, audience)
    return fresh_token(app, checked_account(account), store, min_seconds)


def _of_windmill(path: str, hand_on: Literal["keep", "variable", "result"], variable: str) -> TokenResult:
    from f.identity.oauth.results import deliver, windmill_token

    token = windmill_token(path)
    result: TokenResult = {
        "status": "fresh",
        "provider": "windmill",
        "account": path,
        "expires_at": None,
        "seconds_left": None,
        "delivered": "keep",
        "variable": "",
        "access_token": None,
    }
    return deliver(result, token, hand_on, variable)
