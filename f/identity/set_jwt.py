"""Store a token sealed under a name, with the refresh token that gets the next one.

Returns when it expires. Without a token, the refresh token fetches one when get_jwt first asks. Windmill
keeps inputs: pass secrets as $var: of a secret variable. What is given takes the place of what is there. A
second run with the same refresh token changes nothing, since what is there is newer, unless that is dead.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# pyjwt==2.15.1

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.tokens.issuer import jwt_issuer
    from f.identity.tokens.results import StoredState


def main(
    name: str,
    issuer: jwt_issuer,
    token: str = "",
    refresh_token: str = "",
    expires_in: float = 0,
    database: postgresql | None = None,
) -> StoredState:
    from f.identity.tokens.manager import JwtManager
    from f.identity.tokens.results import StoredState, time_of
    from f.store.stores import open_store

    with open_store(database, "identity", durable=True) as store:
        stored = JwtManager(issuer, store).set_token(
            name, token.strip(), refresh_token=refresh_token.strip(), expires_in=expires_in
        )
    return StoredState(
        stored_as=name, expires_at=time_of(stored.expires_at), has_refresh_token=bool(stored.refresh_token)
    )
