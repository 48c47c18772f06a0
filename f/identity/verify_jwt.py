"""Verify a JSON Web Token: signature, issuer, audience and times, by the settings of a jwt_issuer resource.

Returns the claims every token has, and those that are named; others may be personal, and Windmill keeps
results. A token that is not taken fails the run, with a code that says why. A second run verifies it again;
an issuer's keys are fetched when they are too old, or unknown, and at most once a minute over all jobs.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# pyjwt==2.15.1

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.tokens.issuer import jwt_issuer
    from f.identity.tokens.results import VerifiedToken


def main(
    issuer: jwt_issuer,
    token: str = "",
    stored_as: str = "",
    audience: str = "",
    return_claims: list[str] | None = None,
    database: postgresql | None = None,
) -> VerifiedToken:
    from f.connect.errors import FixInput
    from f.identity.tokens.manager import JwtManager
    from f.identity.tokens.results import verified
    from f.store.stores import open_store

    if bool(token) == bool(stored_as):
        raise FixInput("Give either the token, or the name it is stored as.", code="one_token_expected")
    with open_store(database, "identity", durable=True) as store:
        tokens = JwtManager(issuer, store)
        given = token.strip() or tokens.get_token(stored_as, margin=0)
        claims = tokens.verify(given, audience=audience)
    return verified(claims, return_claims or [], time.time())
