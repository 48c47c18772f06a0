"""Stripe: the balance says whether the key is a sandbox's.

https://docs.stripe.com/api/balance/balance_retrieve
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.calls.reply_reader import read_object, unreadable
from f.operate.services.service import Service, client_for
from f.payments.stripe.client import integration_of, read_request

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.client import Client
    from f.store.store import Store

_RESTRICTED = "rk_"


def client_of(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of an account."""
    return client_for(integration_of(resource), store)


def canary(resource: Mapping[str, Any]) -> Request:
    """Return the GET of the balance. A restricted key that may not read it is answered 403."""
    request = read_request("balance")
    request.context = str(resource.get("token") or "").strip().startswith(_RESTRICTED)
    return request


def account_in(response: Response) -> str:
    """Return whether real money is moved."""
    if response.status == 403 and response.request.context:
        return "a restricted key, which may not read the balance"
    live = read_object(response.raise_for_status()).get("livemode")
    if not isinstance(live, bool):
        raise unreadable(response, "Stripe", "livemode")
    return "live" if live else "sandbox"


SERVICES = {
    "stripe": Service(
        name="stripe",
        title="Stripe",
        resource_type="stripe",
        purpose="payments",
        client_of=client_of,
        canary=canary,
        account_in=account_in,
        credential_page="https://dashboard.stripe.com/apikeys",
    )
}
