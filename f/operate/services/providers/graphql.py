"""A GraphQL API: the one field that every server has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.calls.reply_reader import unreadable
from f.graphql.replies.answer import read_answer
from f.graphql.transport.client import integration_of, request_of
from f.operate.services.service import Service, client_for

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.client import Client
    from f.store.store import Store


def client_of(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of an endpoint's server."""
    return client_for(integration_of(resource)[0], store)


def canary(resource: Mapping[str, Any]) -> Request:
    """Return the query for the name of the type that queries begin at."""
    request = request_of(integration_of(resource)[1], {"query": "{__typename}"})
    request.endpoint = "typename"
    return request


def account_in(response: Response) -> str:
    """Return "": the answer says nothing of the account; raises what its errors mean."""
    answer = read_answer(response, "query", {})
    if not answer.is_usable:
        raise answer.error()
    if not isinstance((answer.data or {}).get("__typename"), str):
        raise unreadable(response, "The GraphQL API", "__typename")
    return ""


SERVICES = {
    "graphql": Service(
        name="graphql",
        title="GraphQL API",
        resource_type="graphql",
        purpose="graphql",
        client_of=client_of,
        canary=canary,
        account_in=account_in,
        credential_page="",
    )
}
