"""An issuer of JSON Web Tokens: the keys it publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.identity.tokens.client import integration_of, keys_request, read_keys
from f.identity.tokens.issuer import issuer_of
from f.operate.services.service import Service, client_for, not_tried

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.client import Client
    from f.store.store import Store


def client_of(resource: Mapping[str, Any], store: Store) -> Client:
    """Return the client of the server that publishes the keys."""
    return client_for(integration_of("jwks", issuer_of(resource).jwks_url), store)


def canary(resource: Mapping[str, Any]) -> Request:
    """Return the GET of the keys. To refresh a token would use one up."""
    issuer = issuer_of(resource)
    if not issuer.jwks_url:
        raise not_tried(
            "Nothing was sent: this issuer has no jwks_url, its tokens are signed and checked with the key "
            "in the resource. sign_jwt shows whether the key works."
        )
    return keys_request(issuer.jwks_url)


def account_in(response: Response) -> str:
    """Return how many keys are published."""
    count = len(read_keys(response)[0])
    return f"{count} key{'' if count == 1 else 's'}"


SERVICES = {
    "jwt_issuer": Service(
        name="jwt_issuer",
        title="JWT issuer",
        resource_type="jwt_issuer",
        purpose="identity",
        client_of=client_of,
        canary=canary,
        account_in=account_in,
        credential_page="",
    )
}
