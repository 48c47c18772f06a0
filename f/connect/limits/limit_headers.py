"""What a server says about its limits in a reply's headers. Pure.

Read are `Retry-After` (RFC 9110), `RateLimit` (draft-ietf-httpapi-ratelimit-headers, its current and
its older forms), `X-RateLimit-*` as GitHub, SendGrid and Discord send them, and HubSpot's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from f.connect.calls.retry import LONGEST_RETRY_AFTER, retry_after

EPOCH_SECONDS = 1e9  # a reset above this is a date, below it a span
EPOCH_MILLISECONDS = 1e12
BUSY = frozenset({429, 503})

_ITEM = re.compile(r"(?:^|[;,\s])(r|t|remaining|reset)\s*=\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_PREFIXES = ("RateLimit-", "X-RateLimit-", "X-Rate-Limit-", "X-HubSpot-RateLimit-")


@dataclass(frozen=True, slots=True)
class Observed:
    """`remaining` requests until `reset_after` seconds from now; `pause`: seconds to send nothing."""

    remaining: int | None = None
    reset_after: float | None = None
    pause: float = 0.0


NOTHING = Observed()


def observe(status: int, headers: Mapping[str, str], now: float) -> Observed:
    """Read a reply's limit headers; `now` in seconds since the epoch, for resets given as a date."""
    asked = retry_after(headers, lambda: now) if status in BUSY else None
    if not any("ratelimit" in name.lower() or "rate-limit" in name.lower() for name in headers):
        return Observed(pause=asked) if asked else NOTHING
    remaining, reset_after = _structured(headers.get("RateLimit", ""))
    for prefix in _PREFIXES:
        if remaining is None:
            remaining = _number(headers.get(f"{prefix}Remaining"))
            reset_after = _reset(headers, prefix, now)
    pause = asked or (reset_after or 0.0 if remaining == 0 else 0.0)
    return Observed(
        None if remaining is None else int(remaining), reset_after, min(pause, LONGEST_RETRY_AFTER)
    )


def _structured(text: str) -> tuple[float | None, float | None]:
    """Read `"default";r=50;t=30`, the tightest of several, or the older `remaining=50, reset=30`."""
    tightest: tuple[float | None, float | None] = (None, None)
    for policy in text.split(",") if ";" in text else [text]:
        found = {name.lower()[:3]: float(value) for name, value in _ITEM.findall(policy)}
        remaining = found.get("r", found.get("rem"))
        if remaining is not None and (tightest[0] is None or remaining < tightest[0]):
            tightest = remaining, found.get("t", found.get("res"))
    return tightest


def _reset(headers: Mapping[str, str], prefix: str, now: float) -> float | None:
    span = _number(headers.get(f"{prefix}Reset-After"))
    if span is not None:
        return span
    milliseconds = _number(headers.get(f"{prefix}Interval-Milliseconds"))
    if milliseconds is not None:
        return milliseconds / 1000
    reset = _number(headers.get(f"{prefix}Reset"))
    if reset is None:
        return None
    if reset >= EPOCH_MILLISECONDS:
        reset /= 1000
    return max(0.0, reset - now) if reset >= EPOCH_SECONDS else reset


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else max(0.0, float(text.split(",")[0].split(";")[0]))
    except ValueError:
        return None
