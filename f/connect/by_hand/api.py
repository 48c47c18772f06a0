"""Any HTTP API as something to check: the resource type `integration`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.by_hand.check import Checkable, client_for, not_tried
from f.connect.calls.message import Request
from f.connect.integration_resource import health_path, integration_of

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.connect.client import Client
    from f.store.store import Store


def _client_of(resource: Mapping[str, Any], store: Store) -> Client:
    return client_for(integration_of(resource), store)


def _canary(resource: Mapping[str, Any]) -> Request:
    integration_of(resource)  # what is wrong with it comes before what is missing for a check
    path = health_path(resource)
    if not path:
        raise not_tried(
            "Nothing was sent: the resource does not say which path tells of the API's health. Fill in "
            "endpoints.health."
        )
    return Request(method="GET", path=path, endpoint="health")


def _account_in(response: Response) -> str:
    """Return "": what an API says of an account, nobody knows for all of them."""
    response.raise_for_status()
    return ""


API = Checkable(
    name="integration",
    title="HTTP API",
    client_of=_client_of,
    canary=_canary,
    account_in=_account_in,
    credential_page="",
)
