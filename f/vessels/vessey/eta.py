"""The arrival as AIS gives it: month, day, hour and minute, each of which may be missing, and no year.

The year is the one that brings it nearest to the time of the report, so never further off than six months.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import UTC, datetime

_HALF_A_YEAR = 184  # days
_PARTS = ("month", "day", "hour", "minute")
_MISSING = {"month": 0, "day": 0, "hour": 24, "minute": 60}
_MOST = {"month": 12, "day": 31, "hour": 23, "minute": 59}
_LEAP_YEAR = 2024


def read_eta(value: object, reference: datetime, faults: list[str]) -> str | None:
    """Return the arrival as a UTC time, or as a date if its hour is missing; None if it has no date.

    What is known only in part, or cannot be, adds a sentence to `faults`.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        faults.append("eta is not an object and was left out.")
        return None
    parts = {name: _part(name, value.get(name), faults) for name in _PARTS}
    month, day, hour, minute = (parts[name] for name in _PARTS)
    at = _date(month, day, hour or 0, minute or 0, reference, faults)
    if at is None:
        return None
    if hour is None:
        faults.append("eta has no hour: it is a date.")
        return at.date().isoformat()
    if minute is None:
        faults.append("eta has no minute: it is to the hour.")
    return at.isoformat(timespec="minutes")


def _date(
    month: int | None, day: int | None, hour: int, minute: int, reference: datetime, faults: list[str]
) -> datetime | None:
    if month is None or day is None:
        if month is not None:
            faults.append(f"eta names only the month {calendar.month_name[month]}, and was left out.")
        elif day is not None:
            faults.append("eta names no month, and was left out.")
        return None
    if day > calendar.monthrange(_LEAP_YEAR, month)[1]:
        faults.append(f"eta {month:02}-{day:02} is not a date and was left out.")
        return None
    at = _nearest(month, day, hour, minute, reference)
    if at is None:
        faults.append("eta is the 29th of February, and no leap year is near: it was left out.")
    return at


def _part(name: str, value: object, faults: list[str]) -> int | None:
    if value is None or (value == _MISSING[name] and not isinstance(value, bool)):
        return None
    least = 1 if name in {"month", "day"} else 0
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST[name]:
        faults.append(f"eta.{name} is not valid and was left out.")
        return None
    return value


def _nearest(month: int, day: int, hour: int, minute: int, reference: datetime) -> datetime | None:
    candidates = [
        datetime(year, month, day, hour, minute, tzinfo=UTC)
        for year in (reference.year - 1, reference.year, reference.year + 1)
        if 1 <= year <= 9999 and day <= calendar.monthrange(year, month)[1]
    ]
    near = min(candidates, key=lambda at: abs(at - reference), default=None)
    return near if near is not None and abs(near - reference).days < _HALF_A_YEAR else None
