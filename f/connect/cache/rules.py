"""Which replies may be kept, and for how long: RFC 9111 for a private cache that gives out no stale ones.

    fresh     age < lifetime: the reply answers by itself
    stale     the service is asked whether it changed (If-None-Match, If-Modified-Since); a 304 renews it

No lifetime is guessed: without max-age or Expires a reply is stale at once. Headers come as `plain_headers`
writes them. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from f.connect.times import http_date

if TYPE_CHECKING:
    from f.connect.calls.message import Request

KEPT_STATUSES = frozenset({200, 203, 204})

_ITEM = re.compile(r"([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,;\"]*)))?")
# What a caller sends to have its own way with a cache, or with a part of a reply.
_CONDITIONS = frozenset(
    {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range"}
)
# They differ with every attempt, so a reply that depends on them fits no other.
_PER_ATTEMPT = frozenset({"x-request-id", "x-attempt"})
# Of this connection, or about the bytes that came: a 304 says nothing of them (RFC 9111, 3.1 and 3.2).
_NOT_RENEWED = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-authenticate"}
    | {"proxy-authentication-info", "proxy-authorization", "proxy-connection"}
    | {"content-length", "content-encoding", "content-type", "content-range"}
)


def plain_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers by their name in lower case; one that came several times as one list."""
    joined: dict[str, str] = {}
    for name in {name.lower(): name for name in headers}:
        many = getattr(headers, "getall", None)  # as aiohttp keeps them
        joined[name] = ", ".join(many(name)) if many is not None else headers[name]
    return joined


def directives(text: str) -> dict[str, str]:
    """Return what a Cache-Control says, names in lower case; "" without a value, or with two that differ."""
    found: dict[str, str] = {}
    for name, quoted, bare in _ITEM.findall(text):
        value = quoted or bare
        found[name.lower()] = value if found.get(name.lower(), value) == value else ""
    return found


def goes_through_cache(request: Request, headers: Mapping[str, str]) -> bool:
    """Return whether a kept reply may answer a read: one of a whole thing, without a body."""
    if request.method not in {"GET", "HEAD"} or request.sink is not None:
        return False
    if request.json is not None or request.data is not None:
        return False
    return _CONDITIONS.isdisjoint(headers) and "no-store" not in asked_for(headers)


def asked_for(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what a request's headers ask of a cache."""
    wishes = directives(headers.get("cache-control", ""))
    if not wishes and "no-cache" in headers.get("pragma", "").lower():
        return {"no-cache": ""}
    return wishes


def may_keep(status: int, headers: Mapping[str, str]) -> bool:
    """Return whether a reply may be kept, and is worth it."""
    cache_control = directives(headers.get("cache-control", ""))
    if status not in KEPT_STATUSES or "no-store" in cache_control:
        return False
    vary = {name.strip().lower() for name in headers.get("vary", "").split(",")}
    if "*" in vary or not _PER_ATTEMPT.isdisjoint(vary):
        return False
    return bool(conditions(headers)) or lifetime(headers, 0.0) > 0


def lifetime(headers: Mapping[str, str], received: float) -> float:
    """Return the seconds for which a reply is fresh from the time it was made.

    `received`: when it came, in seconds since the epoch, for a reply without a Date.
    """
    cache_control = directives(headers.get("cache-control", ""))
    if "no-cache" in cache_control:
        return 0.0
    if "max-age" in cache_control:
        return _seconds(cache_control["max-age"]) or 0.0
    expires = http_date(headers.get("expires", ""))
    if expires is None:  # "0" and whatever else is no date has expired
        return 0.0
    date = http_date(headers.get("date", ""))
    return max(0.0, expires - (received if date is None else date))


def initial_age(headers: Mapping[str, str], received: float, delay: float) -> float:
    """Return how old a reply was when it came (RFC 9111, 4.2.3). `delay`: seconds from request to reply."""
    date = http_date(headers.get("date", ""))
    apparent = 0.0 if date is None else max(0.0, received - date)
    stated = _seconds(headers.get("age", "").partition(",")[0].strip()) or 0.0
    return max(apparent, stated + delay)


def is_fresh(age: float, fresh_for: float, wishes: Mapping[str, str]) -> bool:
    """Return whether a reply of this age may answer by itself, also to whoever asks for a newer one."""
    if "no-cache" in wishes:
        return False
    if "max-age" in wishes:
        fresh_for = min(fresh_for, _seconds(wishes["max-age"]) or 0.0)
    return age + (_seconds(wishes.get("min-fresh", "")) or 0.0) < fresh_for


def conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that ask whether a kept reply is still right; none if it cannot be asked."""
    asked = {}
    if headers.get("etag"):
        asked["If-None-Match"] = headers["etag"]
    if headers.get("last-modified"):
        asked["If-Modified-Since"] = headers["last-modified"]
    return asked


def is_about(kept: Mapping[str, str], not_modified: Mapping[str, str]) -> bool:
    """Return whether a 304 is about the kept reply and not about another one (RFC 9111, 4.3.4)."""
    for name in ("etag", "last-modified"):
        if not_modified.get(name):
            return _weak(kept.get(name, "")) == _weak(not_modified[name])
    return True


def renewed(kept: Mapping[str, str], not_modified: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a kept reply after a 304."""
    gone = {"age"}  # it told of the reply as it was
    news = {name: value for name, value in not_modified.items() if name not in _NOT_RENEWED}
    return {**{name: value for name, value in kept.items() if name not in gone}, **news}


def invalidated_by(headers: Mapping[str, str]) -> Iterable[str]:
    """Return what else a write has changed, as the reply names it: URLs, maybe relative ones."""
    return [headers[name] for name in ("location", "content-location") if headers.get(name)]


def own_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what tells a request from another one of the same URL: all headers but those to a cache."""
    return {name: text for name, text in sorted(headers.items()) if name not in {"cache-control", "pragma"}}


def _seconds(text: Any) -> float | None:
    """Read delta-seconds; None for what is none. What is too large to count is for ever."""
    if not text or not text.isascii() or not text.isdecimal():
        return None
    return float(text) if len(text) < 16 else math.inf


def _weak(etag: str) -> str:
    return etag.removeprefix("W/").strip()
