"""Say who signed in: the provider's id of the person, which never changes, login, name and e-mail.

What the provider does not tell, or the scopes do not allow, is empty. Reads only: a second run asks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.oauth.app import oauth_app


class UserInfoResult(TypedDict):
    """`id` never changes; the others may."""

    provider: str
    account: str
    id: str
    login: str
    name: str
    email: str


def main(app: oauth_app, account: str = "default", database: postgresql | None = None) -> UserInfoResult:
    from f.identity.oauth.app import app_of
    from f.identity.oauth.sign_ins import checked_account, user_info
    from f.store.stores import open_store

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
