"""What the scripts return: never more of a token than was asked for, since Windmill keeps results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from f.connect.times import to_iso
from f.identity.tokens.compact import UnverifiedToken, number_of

# Said by every token, and of nobody in particular but for `sub`, an id.
PLAIN_CLAIMS = ("iss", "sub", "aud", "exp", "nbf", "iat", "jti")


class SignedToken(TypedDict):
    """`token` is empty where it was stored."""

    token: str
    stored_as: str
    expires_at: str


class VerifiedToken(TypedDict):
    """`other_claims`: the names of those that were not asked for."""

    verified: bool
    claims: dict[str, Any]
    other_claims: list[str]
    expires_at: str
    seconds_left: int


class ReadToken(TypedDict):
    """Nothing of it is proven. `good_for_margin` is None if it does not say when it expires."""

    verified: bool
    unverified_header: dict[str, Any]
    unverified_claims: dict[str, Any]
    expires_at: str
    seconds_left: int | None
    good_for_margin: bool | None


class StoredState(TypedDict):
    """`expires_at` is empty if nobody knows."""

    stored_as: str
    expires_at: str
    has_refresh_token: bool


class FreshToken(TypedDict):
    """`token` is empty if it was not asked for; `refreshed`: whether this run refreshed it."""

    token: str
    stored_as: str
    expires_at: str
    refreshed: bool


def time_of(seconds: float) -> str:
    """Return a time as text, empty for 0."""
    return to_iso(seconds) if seconds else ""


def verified(claims: Mapping[str, Any], asked_for: Sequence[str], now: float) -> VerifiedToken:
    """Return the claims every token has, and those that were asked for."""
    shown = {*PLAIN_CLAIMS, *asked_for}
    return VerifiedToken(
        verified=True,
        claims={name: value for name, value in claims.items() if name in shown},
        other_claims=sorted(claims.keys() - shown),
        expires_at=time_of(float(claims["exp"])),
        seconds_left=int(claims["exp"] - now),
    )


def unverified(token: UnverifiedToken, margin: float, now: float) -> ReadToken:
    """Return all that a token says, marked as what anybody can have written."""
    expiry = number_of(token.claims.get("exp"))
    return ReadToken(
        verified=False,
        unverified_header=dict(token.header),
        unverified_claims=dict(token.claims),
        expires_at=time_of(expiry or 0.0),
        seconds_left=None if expiry is None else int(expiry - now),
        good_for_margin=None if expiry is None else now + margin < expiry,
    )
