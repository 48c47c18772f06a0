"""The APIs that take customers: HubSpot, Salesforce, Stripe, or any that names a path for its health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request
from f.connect.calls.reply_reader import read_object, unreadable
from f.connect.integration import script_path
from f.connect.times import REAL
from f.customers.targets.customer_api import open_target
from f.operate.services.service import Service, client_for, not_tried

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.connect.client import Client
    from f.records.target.target import Target
    from f.store.store import Store


def client_of(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of a target."""
    return client_for(_target(resource).integration, store)


def canary(resource: Mapping[str, Any]) -> Request:
    """Return the call that says how many calls are left, the account's own, or the GET of its health.

    `context` is what reads the answer.
    """
    target = _target(resource)
    if target.kind.quota is not None:
        request = target.kind.quota.quota_request(target)
        request.context = target
        return request
    endpoints = resource.get("endpoints") or {}
    health = str(endpoints.get("health") or "")
    if health:
        return Request(method="GET", path=health, endpoint="health", context=target)
    if target.kind.name == "stripe":
        return Request(method="GET", path="/v1/balance", endpoint="balance", context=target)
    raise not_tried(
        "Nothing was sent: the resource does not say which path tells of the API's health. Fill in "
        "endpoints.health, or run check_target, which tries the rest as well."
    )


def account_in(response: Response) -> str:
    """Return what the answer says of the account."""
    body = read_object(response.raise_for_status())
    target: Target = response.request.context
    if target.kind.quota is not None and target.kind.quota.quota_in(response, REAL.now()) is None:
        raise unreadable(response, "The API", "the calls that are left")
    if response.request.endpoint == "balance":
        if not isinstance(body.get("livemode"), bool):
            raise unreadable(response, "Stripe", "livemode")
        return "live" if body["livemode"] else "sandbox"
    where = script_path(target.integration.base_url)
    return f"script {where}" if where else target.integration.account


def left_in(response: Response) -> int | None:
    """Return how many calls a day are left."""
    target: Target = response.request.context
    if target.kind.quota is None:
        return None
    quota = target.kind.quota.quota_in(response, REAL.now())
    return None if quota is None else quota.left


def _target(resource: Mapping[str, Any]) -> Target:
    """Return the target; what was proven of it is no matter here."""
    return open_target({name: value for name, value in resource.items() if name != "proven"})


SERVICES = {
    "customer_api": Service(
        name="customers",
        title="Customer API",
        resource_type="customer_api",
        purpose="limits",
        client_of=client_of,
        canary=canary,
        account_in=account_in,
        credential_page="",
        left_in=left_in,
    )
}
