"""Finish a sign-in with the code and state that the provider put into the address it sent the browser to.

Returns the account, what was granted and what was not; the tokens lie sealed in the store, where all jobs
share them. The state is used up, whatever comes of it: a second run is refused, and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.oauth.app import oauth_app
    from f.identity.oauth.results import SignInResult


def main(
    app: oauth_app,
    code: str,
    state: str,
    browser_key: str,
    iss: str = "",
    database: postgresql | None = None,
) -> SignInResult:
    from f.identity.oauth.app import app_of
    from f.identity.oauth.results import sign_in_result
    from f.identity.oauth.sign_ins import finish
    from f.store.stores import open_store

    registered = app_of(app)
    answer = {"code": code.strip(), "state": state.strip(), "iss": iss.strip()}
    with open_store(database, "identity") as store:
        return sign_in_result(
            registered, finish(registered, store, browser_key=browser_key.strip(), answer=answer)
        )
