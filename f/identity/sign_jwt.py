"""Sign a JSON Web Token with the key of a jwt_issuer resource.

Returns the token and when it expires. Windmill keeps results: with `store_as` the token is stored sealed
under that name instead, and the result does not hold it. A second run signs another token, with a new jti.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# pyjwt==2.15.1

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.tokens.issuer import jwt_issuer
    from f.identity.tokens.results import SignedToken


def main(
    issuer: jwt_issuer,
    subject: str = "",
    audience: str = "",
    claims: dict | None = None,
    lifetime: float = 0,
    store_as: str = "",
    database: postgresql | None = None,
) -> SignedToken:
    from f.identity.tokens.manager import JwtManager
    from f.identity.tokens.results import SignedToken, time_of
    from f.store.stores import open_store

    tokens = JwtManager(issuer)
    token = tokens.sign(subject, audience=audience, lifetime=lifetime or None, claims=claims)
    if store_as:
        with open_store(database, "identity", durable=True) as store:
            JwtManager(issuer, store).set_token(store_as, token)
    expires_at = time_of(float(tokens.read(token).claims["exp"]))
    return SignedToken(token="" if store_as else token, stored_as=store_as, expires_at=expires_at)
