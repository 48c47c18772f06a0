"""Who issues tokens and how they are checked: the resource `jwt_issuer`, read into settings.

What a token must be is decided here, by settings, and never by what the token says of itself (RFC 8725, 3.1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict
from urllib.parse import urlsplit

from f.connect.errors import FixSettings
from f.connect.integration import url_faults
from f.connect.redact import remember

ALGORITHMS = ("RS256", "ES256", "EdDSA", "HS256")
SHORTEST_SEAL_KEY = 32  # characters
_SECRETS = ("key", "seal_key")
_TEXTS = (
    "algorithm", "issuer", "audience", "key", "key_id", "public_key", "jwks_url", "token_type", "seal_key",
    "refresh_url", "refresh_token_field", "access_token_field", "expires_in_field",
)  # fmt: skip
MOST_LIFETIME = 366 * 86_400.0  # seconds
_NUMBERS = {"lifetime": (1.0, MOST_LIFETIME), "leeway": (0.0, 600.0)}  # seconds, least and most


class jwt_issuer(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """Who issues JSON Web Tokens, with what key they are signed or checked, and where they are refreshed."""

    algorithm: str
    issuer: str
    audience: str
    key: str
    key_id: str
    public_key: str
    jwks_url: str
    lifetime: float
    leeway: float
    token_type: str
    seal_key: str
    refresh_url: str
    refresh_token_field: str
    access_token_field: str
    expires_in_field: str
    refresh_fields: dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The settings, checked. An empty text is what was not given. Times are seconds.

    `access_token_field` empty: the answer's access_token, or its token. `refresh_fields` are sent along.
    """

    algorithm: str
    issuer: str
    audience: str = ""
    key: str = field(default="", repr=False)
    key_id: str = ""
    public_key: str = ""
    jwks_url: str = ""
    lifetime: float = 600.0
    leeway: float = 30.0
    token_type: str = "JWT"  # noqa: S105 - the header typ, no secret
    seal_key: str = field(default="", repr=False)
    refresh_url: str = ""
    refresh_token_field: str = "refresh_token"  # noqa: S105 - a name, no secret
    access_token_field: str = ""
    expires_in_field: str = "expires_in"
    refresh_fields: Mapping[str, Any] = field(default_factory=dict, repr=False)


def issuer_of(resource: Mapping[str, Any]) -> Issuer:
    """Return the settings of a resource; FixSettings names everything that is wrong with it."""
    remember(*(value for name in _SECRETS if isinstance(value := resource.get(name), str)))
    given = {name: value for name, value in resource.items() if value not in (None, "")}
    faults = [*_faults(given)]
    if faults:
        raise FixSettings(
            f"The jwt_issuer resource: {'; '.join(faults)}.", faults=faults, code="bad_settings"
        )
    known = {name: given[name] for name in (*_TEXTS, *_NUMBERS, "refresh_fields") if name in given}
    return Issuer(**{"algorithm": "RS256", **known})


def place_of(url: str) -> tuple[str, str]:
    """Return the origin of a URL, and its path with the query. A route of this Windmill begins with /."""
    if url.startswith("/"):
        return "/", url
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return f"{parts.scheme}://{parts.netloc}", path


def _faults(given: Mapping[str, Any]) -> Iterator[str]:
    wrong = [name for name in _TEXTS if not isinstance(given.get(name, ""), str)]
    yield from (f"{name} must be a text" for name in wrong)
    if wrong:
        return
    if given.get("algorithm", "RS256") not in ALGORITHMS:
        yield f"algorithm must be one of {', '.join(ALGORITHMS)}"
    if "issuer" not in given:
        yield "issuer is empty, so whose tokens these are is not known"
    if "jwks_url" in given and given.get("algorithm") == "HS256":
        yield "HS256 has one secret and no published keys: leave jwks_url empty, or choose another algorithm"
    if 0 < len(given.get("seal_key", "")) < SHORTEST_SEAL_KEY:
        yield f"seal_key must have at least {SHORTEST_SEAL_KEY} characters, best random ones"
    if not isinstance(given.get("refresh_fields", {}), Mapping):
        yield "refresh_fields must be an object"
    yield from _range_faults(given)
    for name in ("jwks_url", "refresh_url"):
        if name in given:
            yield from _url_faults(name, given[name])


def _range_faults(given: Mapping[str, Any]) -> Iterator[str]:
    for name, (least, most) in _NUMBERS.items():
        value = given.get(name, least)
        if not _is_number(value) or not least <= value <= most:
            yield f"{name} must be a number of seconds from {least:g} to {most:g}"


def _url_faults(name: str, url: str) -> Iterator[str]:
    try:
        base_url, _ = place_of(url)
    except ValueError:
        yield f"{name} is no URL: check its host and port"
        return
    yield from url_faults(name, base_url)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
