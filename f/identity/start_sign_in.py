"""Begin a sign-in at a provider: returns the address where a person consents.

`link` leads over this workspace's start route, which lets the browser that opens it finish by itself.
Without that route, open `url`, and hand the `code` and `state` of the address it comes back to over to
finish_sign_in, with this `browser_key`. It is good for ten minutes and for one use. A second run begins
another sign-in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.oauth.app import oauth_app


class BegunSignIn(TypedDict):
    """`browser_key` is the second secret that finishing needs, beside the state."""

    link: str
    url: str
    state: str
    browser_key: str
    expires_at: str


def main(
    app: oauth_app, account: str = "default", return_to: str = "", database: postgresql | None = None
) -> BegunSignIn:
    from f.connect.times import to_iso
    from f.identity.oauth.app import app_of
    from f.identity.oauth.browser import link_of
    from f.identity.oauth.sign_ins import begin, checked_account
    from f.store.stores import open_store

    registered = app_of(app)
    with open_store(database, "identity") as store:
        begun = begin(registered, store, account=checked_account(account), return_to=return_to)
    return {
        "link": link_of(registered, begun),
        "url": begun.url,
        "state": begun.state,
        "browser_key": begun.browser_key,
        "expires_at": to_iso(begun.expires_at),
    }
