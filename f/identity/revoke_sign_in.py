"""End a sign-in: its tokens are taken back at the provider, then forgotten here.

Returns `revoked`, `already_revoked` if the provider knew them no more, or `forgotten` if it takes none
back: then what it gave lives on until it expires. If the provider does not answer, nothing is forgotten:
run it again. A second run says that nobody is signed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.oauth.app import oauth_app


class RevokedSignIn(TypedDict):
    """What became of the tokens."""

    status: Literal["revoked", "already_revoked", "forgotten"]
    provider: str
    account: str


def main(app: oauth_app, account: str = "default", database: postgresql | None = None) -> RevokedSignIn:
    from f.identity.oauth.app import app_of
    from f.identity.oauth.sign_ins import checked_account, revoke
    from f.store.stores import open_store

    registered = app_of(app)
    with open_store(database, "identity") as store:
        status = revoke(registered, checked_account(account), store)
    return {"status": status, "provider": registered.name, "account": account}
