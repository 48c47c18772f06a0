"""Finish a sign-in with the code and state that the provider put into the address it sent the browser to.

Returns the account, what was granted and what was not; the tokens lie sealed in the store, where all jobs
share them. The state is used up, whatever comes of it: a second run is refused, and changes nothing.
"""

from f.identity.oauth.app import app_of, oauth_app
from f.identity.oauth.results import SignInResult, sign_in_result
from f.identity.oauth.sign_ins import finish
from f.store.stores import open_store, postgresql


def main(
    app: oauth_app,
    code: str,
    state: str,
    browser_key: str,
    iss: str = "",
    database: postgresql | None = None,
) -> SignInResult:
    registered = app_of(app)
    answer = {"code": code.strip(), "state": state.strip(), "iss": iss.strip()}
    with open_store(database, "identity") as store:
        return sign_in_result(
            registered, finish(registered, store, browser_key=browser_key.strip(), answer=answer)
        )
