"""Puts back what jobs share of an API, for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.limits.circuit_breaker import Breaker
from f.connect.limits.rate_limit import RateLimiter
from f.connect.limits.shared_key import credential_key
from f.connect.metrics import metrics_of
from f.connect.sign_in.shared_token import SharedTokenAuth, Token

if TYPE_CHECKING:
    from f.connect.client import Client
    from f.store.store import Lease, Store


def reset_breaker(client: Client) -> str:
    """Close the circuit breaker."""
    before = client.breaker.status()
    client.breaker.reset()
    return f"The circuit breaker was {before.replace('_', ' ')}, and is closed."


def reset_limit(client: Client, store: Store) -> str:
    """Fill the rate limits, and lift the pauses that the API asked for."""
    limiter, integration = client.limiter, client.integration
    limiter.reset()
    for endpoint, limit in integration.endpoint_limits.items():
        RateLimiter(f"{limiter.key} {endpoint}", limit, store).reset()
    own = len(integration.endpoint_limits)
    more = f" and those of {own} endpoints" if own else ""
    return f"The rate limit{more} begins anew, and no pause is left. The API's own count goes on."


def reset_credential(client: Client, store: Store) -> str:
    """Forget that the credential was refused, and the access token that was fetched with it.

    A refresh token stays: where they rotate, it is the only one that is good.
    """
    auth, integration = client.auth, client.integration
    if auth.fingerprint():
        Breaker(credential_key(integration, auth), integration.circuit_breaker, store).reset()
    if not isinstance(auth, SharedTokenAuth):
        return "That the credential was refused is forgotten: the next call tries it."
    row = auth.shared.row

    def drop_access_token(lease: Lease) -> bool | None:
        return row.keep(Token(refresh_token=row.read().refresh_token), lease) or None

    auth.shared.alone(drop_access_token)
    return "The access token is forgotten, and that it was refused: the next call fetches another."


def reset_metrics(client: Client, store: Store) -> str:
    """Forget the counts of calls."""
    name = client.integration.name
    metrics_of(store).reset(name)
    return f"The counts of {name} begin anew."
