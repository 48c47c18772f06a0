"""Begin a sign-in on another device, such as a phone: returns the code to enter there, and the address.

finish_device_sign_in waits for the person, with this `device_key`. A second run begins another sign-in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.oauth.app import oauth_app


class DeviceSignIn(TypedDict):
    """`interval`: seconds between two questions whether the code was entered."""

    user_code: str
    url: str
    url_with_code: str
    device_key: str
    expires_at: str
    interval: float


def main(app: oauth_app, account: str = "default", database: postgresql | None = None) -> DeviceSignIn:
    from f.connect.times import to_iso
    from f.identity.oauth.app import app_of
    from f.identity.oauth.device import start_device
    from f.identity.oauth.sign_ins import checked_account
    from f.store.stores import open_store

    registered = app_of(app)
    with open_store(database, "identity") as store:
        code = start_device(registered, store, checked_account(account))
    return {
        "user_code": code.user_code,
        "url": code.url,
        "url_with_code": code.url_with_code,
        "device_key": code.device_key,
        "expires_at": to_iso(code.expires_at),
        "interval": code.interval,
    }
