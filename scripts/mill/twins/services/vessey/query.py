"""What a query may say, and where in a list a page begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from mill.twins.message import Refused, Reply, Request

T = TypeVar("T")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DAY = 86_400.0
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9})?")


def error(status: int, message: str, code: str | None = None) -> Reply:
    """Return an error as the contract has it."""
    codes = {404: "not_found", 405: "method_not_allowed", 429: "rate_limited", 503: "unavailable"}
    body = {"error": {"code": code or codes.get(status, "invalid_parameter"), "message": message}}
    return Reply(status, body, {"Retry-After": "5"} if status == 503 else {})


def refused(code: str, message: str, status: int = 400) -> Refused:
    """Return what a route raises."""
    return Refused(error(status, message, code))


def check_names(request: Request, known: Iterable[str]) -> None:
    """Refuse a parameter that the operation does not have."""
    if unknown := sorted(request.query.keys() - set(known)):
        raise refused("unknown_parameter", f"There is no parameter {unknown[0][:40]!r}.")


def imo_in(text: str) -> str:
    """Return a number whose check digit is right."""
    digits = text if re.fullmatch("[0-9]{7}", text) else ""
    if not digits or sum(int(d) * w for d, w in zip(digits[:6], range(7, 1, -1), strict=True)) % 10 != int(
        digits[6]
    ):
        raise refused("invalid_imo", "imo must be an IMO number of seven digits.")
    return digits


def period_in(request: Request, first: str, last: str, longest_days: int) -> tuple[float, float]:
    """Return two times in seconds since the epoch."""
    start, end = (_time(request, name) for name in (first, last))
    if start >= end:
        raise refused("invalid_period", f"{first} must be before {last}.")
    if end - start > longest_days * _DAY:
        raise refused("period_too_long", f"A period has at most {longest_days} days.")
    return start, end


def _time(request: Request, name: str) -> float:
    text = request.query.get(name, "")
    try:
        text = text if _TIME.fullmatch(text) else ""
        return datetime.fromisoformat(text).astimezone(UTC).timestamp()
    except ValueError:
        message = f"{name} must be a time like 2026-11-23T06:00:00Z."
        raise refused("invalid_parameter", message) from None


def number_in(request: Request, name: str) -> float | None:
    """Return a number that is not negative; None if it was not asked for."""
    text = request.query.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise refused("invalid_parameter", f"{name} must be a number.")
    return float(text)


def box_in(request: Request) -> Callable[[float, float], bool] | None:
    """Return whether a latitude and longitude lie in the box that was asked for."""
    text = request.query.get("bbox")
    if text is None:
        return None
    try:
        west, south, east, north = (float(side) for side in text.split(","))
    except ValueError:
        raise refused("invalid_parameter", "bbox must be west,south,east,north.") from None
    if not (-90 <= south <= north <= 90 and abs(west) <= 180 and abs(east) <= 180):
        raise refused("invalid_parameter", "bbox must lie on the globe, south below north.")

    def holds(lat: float, lon: float) -> bool:
        inside = west <= lon <= east if west <= east else lon >= west or lon <= east
        return south <= lat <= north and inside

    return holds


def page_of(
    request: Request, items: Sequence[T], key: Callable[[T], str], show: Callable[[T], Mapping[str, Any]]
) -> Reply:
    """Return a page of items in the order of their keys, and where the next begins.

    A cursor names the last key of its page: what comes or goes meanwhile moves no item twice.
    """
    limit_text = request.query.get("limit", "50")
    if not limit_text.isdigit() or not limit_text.isascii() or not 1 <= int(limit_text[:9]) <= 200:
        raise refused("invalid_parameter", "limit must be from 1 to 200.")
    limit = int(limit_text)
    asked = _digest(request)
    after = _after(request.query.get("cursor"), asked)
    rest = [item for item in items if after is None or key(item) > after]
    page = rest[:limit]
    more = len(rest) > limit
    cursor = _cursor(key(page[-1]), asked) if more else None
    return Reply(200, {"data": [show(item) for item in page], "next_cursor": cursor})


def _digest(request: Request) -> str:
    query = sorted((name, text) for name, text in request.query.items() if name not in {"cursor", "limit"})
    return hashlib.sha256(json.dumps([request.path, query]).encode()).hexdigest()[:12]


def _cursor(after: str, asked: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([after, asked]).encode()).decode().rstrip("=")


def _after(cursor: str | None, asked: str) -> str | None:
    if cursor is None:
        return None
    try:
        after, was_asked = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise refused("invalid_cursor", "cursor is not one of ours.") from None
    if was_asked != asked or not isinstance(after, str):
        raise refused("invalid_cursor", "cursor belongs to another query.")
    return after
