"""A token as it is written, taken apart (RFC 7515, 3.1), and nothing believed of it.

    eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9 . eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0 . c2lnbmF0dXJl
    {"alg": "ES256", "typ": "JWT"}         {"iss": "https://id.example.com"}              the signature

Readers of JSON and base64 differ in what they let pass, and two that read one token differently are how
tokens are forged. So there is one spelling of each: no padding, no blanks, no name twice, UTF-8 alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from f.connect.errors import FixInput

END_OF_TIME = 253_402_300_800  # the year 10,000; seconds a thousand times too large are milliseconds
LONGEST = 16_384  # characters; twice what a web server takes as a header
DEEPEST = 16  # levels of lists and objects in a claim
LONGEST_LIFE = 10 * 366 * 86_400.0  # seconds; a longer one is a slip, such as milliseconds
_LONGEST_NUMBER = 20  # digits; a time has ten
_PART = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """What a token says. Anybody can have written it: only `verify` tells whether it is true."""

    header: Mapping[str, Any] = field(repr=False)
    claims: Mapping[str, Any] = field(repr=False)


def read_unverified(token: object) -> UnverifiedToken:
    """Return header and claims of a token; FixInput (not_a_jwt) for what is not one, of whatever kind."""
    if not isinstance(token, str):
        raise _no_token("it is not a text")
    if len(token) > LONGEST:
        raise _no_token(f"it is longer than {LONGEST:,} characters")
    parts = token.split(".", 5)
    if len(parts) == 5:
        raise _no_token("it has five parts, so it is encrypted (JWE), and only signed ones are read here")
    if len(parts) != 3:
        raise _no_token("it does not have three parts with a dot between them")
    if parts[2]:  # one without a signature can be read
        _decoded(parts[2], "signature")
    return UnverifiedToken(_object(parts[0], "header"), _object(parts[1], "second part"))


def number_of(value: object) -> float | None:
    """Return a number of seconds since the epoch, as exp, nbf and iat are; None if it cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < END_OF_TIME:
        return None
    return float(value)


def expiry_of_claims(claims: Mapping[str, Any]) -> float:
    """Return `exp`, 0 if there is none; FixInput if it is not a time."""
    expiry = number_of(claims.get("exp", 0))
    if expiry is None:
        raise _no_token("its exp is not a time")
    return expiry


def is_token(text: str) -> bool:
    """Return whether a header can carry it: ASCII without blanks, of some length."""
    return 0 < len(text) <= 65_536 and text.isascii() and text.isprintable() and " " not in text


def expiry_of(token: str, now: float, expires_in: float) -> float:
    """Return when a token expires: in so many seconds, else by its own exp; 0 if neither says it."""
    if expires_in > 0:
        return now + expires_in
    try:
        return expiry_of_claims(read_unverified(token).claims)
    except FixInput:  # a token need not be a JWT to be kept and refreshed
        return 0.0


def _decoded(part: str, where: str) -> bytes:
    if not _PART.fullmatch(part):
        raise _no_token(f"its {where} is not base64url without padding")
    try:
        raw = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise _no_token(f"its {where} is not base64url without padding") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise _no_token(f"its {where} is not written as base64url has it")
    return raw


def _object(part: str, where: str) -> dict[str, Any]:
    raw = _decoded(part, where)
    try:
        value = _JSON.decode(raw.decode())
    except (ValueError, RecursionError) as error:
        raise _no_token(f"its {where} is not JSON in UTF-8, or has a name twice") from error
    if not isinstance(value, dict):
        raise _no_token(f"its {where} is not a JSON object")
    if not _is_plain(value, DEEPEST):
        raise _no_token(f"its {where} is nested too deep, or holds characters that are none")
    return value


def _is_plain(value: Any, depth: int) -> bool:
    """Return whether texts are whole and without NUL, which stores and Windmill's results drop."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
    if isinstance(value, dict | list) and not depth:
        return False
    if isinstance(value, dict):
        return all(_is_plain(name, 1) and _is_plain(item, depth - 1) for name, item in value.items())
    return not isinstance(value, list) or all(_is_plain(item, depth - 1) for item in value)


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


_JSON = json.JSONDecoder(
    object_pairs_hook=_each_name_once, parse_int=_whole, parse_float=_finite, parse_constant=_finite
)


def _no_token(why: str) -> FixInput:
    return FixInput(f"This is not a JSON Web Token: {why}.", code="not_a_jwt")
