"""Return a stored token, refreshed if it is about to expire.

Of all jobs that ask at once, one refreshes and the others take what it got; the new refresh token is stored
before the new token is used. Windmill keeps results: a script that only calls an API with the token should
take it from JwtManager.get_token instead, or keep it fresh here with `return_token` off. A second run
returns the same token while it is good for long enough.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# pyjwt==2.15.1

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.tokens.issuer import jwt_issuer
    from f.identity.tokens.results import FreshToken


def main(
    name: str,
    issuer: jwt_issuer,
    margin_seconds: float = 60,
    return_token: bool = True,
    database: postgresql | None = None,
) -> FreshToken:
    from f.identity.tokens.manager import JwtManager
    from f.identity.tokens.results import FreshToken, time_of
    from f.store.stores import open_store

    with open_store(database, "identity", durable=True) as store:
        found, refreshed = JwtManager(issuer, store).stored(name, margin=margin_seconds)
    return FreshToken(
        token=found.access_token if return_token else "",
        stored_as=name,
        expires_at=time_of(found.expires_at),
        refreshed=refreshed,
    )
