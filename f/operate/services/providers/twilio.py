"""Twilio: an account reads itself.

https://www.twilio.com/docs/iam/api/account
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from f.connect.calls.message import Request
from f.connect.calls.reply_reader import id_of, named, read_object, unreadable, word_of
from f.connect.errors import SignInAgain
from f.notify.texts.client import integration_of, refusal
from f.operate.services.service import Service, client_for

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.connect.client import Client
    from f.store.store import Store


def client_of(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of an account."""
    return client_for(integration_of(resource), store)


def canary(resource: Mapping[str, Any]) -> Request:
    """Return the GET of the account."""
    integration_of(resource)  # refuses one without a SID
    sid = quote(str(resource["accountSid"]), safe="", errors="replace")
    return Request(method="GET", path=f"/2010-04-01/Accounts/{sid}.json", endpoint="account")


def account_in(response: Response) -> str:
    """Return the account's type and SID; its name is often a person's address. Raises if it is not active."""
    body = read_object(response)
    if response.status >= 400:
        raise named(refusal(body.get("code"), response.status), response)
    sid, status = id_of(body.get("sid")), word_of(body.get("status"))
    if not sid or not status:
        raise unreadable(response, "Twilio", "the account")
    if status != "active":
        raise named(
            SignInAgain(
                f"The Twilio account is {status}: it sends nothing. Open Twilio's console and reactivate it.",
                code=f"account_{status}",
            ),
            response,
        )
    return " ".join(filter(None, (word_of(body.get("type")).lower(), sid)))


SERVICES = {
    "twilio": Service(
        name="twilio",
        title="Twilio",
        resource_type="twilio",
        purpose="notify",
        client_of=client_of,
        canary=canary,
        account_in=account_in,
        credential_page="https://console.twilio.com/",
    )
}
