"""Vessey: a search for one vessel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.operate.services.service import Service, client_for
from f.vessels.vessey.client import integration_of, read_page, search_request

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.client import Client
    from f.store.store import Store


def client_of(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of an account."""
    return client_for(integration_of(resource), store)


def canary(resource: Mapping[str, Any]) -> Request:
    """Return the GET of a list of one vessel."""
    del resource
    return search_request({}, 1)


def account_in(response: Response) -> str:
    """Return "": Vessey does not say whose key it is."""
    read_page(response)
    return ""


SERVICES = {
    "vessey": Service(
        name="vessey",
        title="Vessey",
        resource_type="vessey",
        purpose="vessels",
        client_of=client_of,
        canary=canary,
        account_in=account_in,
        credential_page="",
    )
}
