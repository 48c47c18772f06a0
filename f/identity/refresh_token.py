"""Replace an account's access token now, as after a leak or to see whether the sign-in still holds.

Returns when the new one expires. The refresh token the provider rotates is stored before anything else
happens. A second run refreshes again; two at once refresh once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.oauth.app import oauth_app
    from f.identity.oauth.results import TokenResult


def main(app: oauth_app, account: str = "default", database: postgresql | None = None) -> TokenResult:
    from f.identity.oauth.app import app_of
    from f.identity.oauth.results import refresh_now, token_result
    from f.identity.oauth.sign_ins import checked_account, shared_token
    from f.store.stores import open_store

    registered = app_of(app)
    with open_store(database, "identity") as store:
        token = refresh_now(shared_token(registered, checked_account(account), store))
        return token_result(registered, account, token, store.now(), "refreshed")
