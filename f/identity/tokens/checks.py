"""What a token must say of itself to be taken: rules from settings, header, claims and time to a refusal.

Pure. No sentence here holds anything that a token says: that may be personal, or written to deceive.
RFC 7519, 4.1 and RFC 8725, 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput, SignInAgain
from f.identity.tokens.compact import number_of

if TYPE_CHECKING:
    from f.identity.tokens.issuer import Issuer


def check_header(header: Mapping[str, Any], issuer: Issuer) -> str:
    """Return the key id, "" if there is none. SignInAgain for a header that these settings do not allow."""
    if header.get("alg") != issuer.algorithm:
        raise refused(
            f"it is not signed with {issuer.algorithm}, which the settings ask for", "wrong_algorithm"
        )
    if "crit" in header or "b64" in header:  # RFC 7515, 4.1.11: who does not know them must refuse
        raise refused("its header demands an extension that is not known here", "unknown_extension")
    if not _is_of_type(header.get("typ"), issuer.token_type):
        raise refused("it is a token for another purpose, by its header typ", "wrong_token_type")
    key_id = header.get("kid", "")
    if not isinstance(key_id, str):
        raise FixInput("This is not a JSON Web Token: its kid is not a text.", code="not_a_jwt")
    return key_id


def check_claims(claims: Mapping[str, Any], issuer: Issuer, now: float, audience: str = "") -> None:
    """Raise SignInAgain unless the claims are of this issuer, for this audience, and hold now.

    `now`: seconds since the epoch. `audience`: in place of the settings'. A token with an audience is refused
    where none is set: it is for somebody, and nobody said for whom we act.
    """
    expiry, begin, issued = (_time(claims, name) for name in ("exp", "nbf", "iat"))
    if claims.get("iss") != issuer.issuer:
        raise refused("another issuer made it, or it names none", "wrong_issuer")
    if not _is_for(claims.get("aud"), audience or issuer.audience):
        raise refused("it is not for this audience", "wrong_audience")
    if expiry is None:
        raise refused("it never expires, as it has no exp", "no_expiry")
    if now >= expiry + issuer.leeway:
        raise refused("it has expired", "token_expired")
    if (begin is not None and begin > now + issuer.leeway) or (
        issued is not None and issued > now + issuer.leeway
    ):
        raise refused("it is not valid yet. Check both clocks, or raise leeway", "token_not_yet_valid")


def refused(why: str, code: str) -> SignInAgain:
    """Return the error of a token that was read and is not taken."""
    return SignInAgain(f"The token is refused: {why}.", code=code)


def _is_of_type(given: object, expected: str) -> bool:
    """Media types compare without case, and may leave out `application/` (RFC 7515, 4.1.9)."""
    if given is None:
        return _media_type(expected) == "jwt"
    return isinstance(given, str) and _media_type(given) == _media_type(expected)


def _media_type(text: str) -> str:
    return text.lower().removeprefix("application/")


def _is_for(given: object, audience: str) -> bool:
    if given is None:
        return not audience
    if not audience:
        return False
    if isinstance(given, list):
        return all(isinstance(one, str) for one in given) and audience in given
    return given == audience


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    seconds = number_of(claims[name])
    if seconds is None:
        raise FixInput(f"This is not a JSON Web Token: its {name} is not a time.", code="not_a_jwt")
    return seconds
