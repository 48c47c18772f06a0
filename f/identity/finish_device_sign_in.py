"""Wait until the person has entered the code of start_device_sign_in, and keep the tokens.

Returns the sign-in, or `waiting` if the code was not entered within `wait_seconds`: run it again. The
provider is never asked more often than it allows. A run after the end is refused, and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.oauth.app import oauth_app
    from f.identity.oauth.results import SignInResult


class Waiting(TypedDict):
    """Nobody has entered the code yet."""

    status: Literal["waiting"]
    provider: str


def main(
    app: oauth_app, device_key: str, wait_seconds: int = 300, database: postgresql | None = None
) -> SignInResult | Waiting:
    from f.identity.oauth.app import app_of
    from f.identity.oauth.device import finish_device
    from f.identity.oauth.results import sign_in_result
    from f.store.stores import open_store

    registered = app_of(app)
    with open_store(database, "identity") as store:
        signed_in = finish_device(registered, store, device_key.strip(), wait_seconds)
    if signed_in is None:
        return {"status": "waiting", "provider": registered.name}
    return sign_in_result(registered, signed_in)
