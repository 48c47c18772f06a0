"""Say who signed in: the provider's id of the person, which never changes, login, name and e-mail.

What the provider does not tell, or the scopes do not allow, is empty. Reads only: a second run asks again.
"""

from typing import TypedDict

from f.identity.oauth.app import app_of, oauth_app
from f.identity.oauth.sign_ins import checked_account, user_info
from f.store.stores import open_store, postgresql


class UserInfoResult(TypedDict):
    """`id` never changes; the others may."""

    provider: str
    account: str
    id: str
    login: str
    name: str
    email: str


def main(app: oauth_app, account: str = "default", database: postgresql | None = None) -> UserInfoResult:
    registered = app_of(app)
    with open_store(database, "identity") as store:
        user = user_info(registered, checked_account(account), store)
    return {
        "provider": registered.name,
        "account": account,
        "id": user.id,
        "login": user.login,
        "name": user.name,
        "email": user.email,
    }
