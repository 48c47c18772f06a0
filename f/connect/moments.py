"""Moments, as machines and as people read them. Seconds are since the epoch; all times are UTC."""

import math
from datetime import UTC, datetime

from f.connect.errors import FixInput


def moment(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601, rounded up to a whole second."""
    return datetime.fromtimestamp(math.ceil(seconds), UTC).isoformat(timespec="seconds")


def spoken(seconds: float) -> str:
    """The same for a person, to the minute in which it can go on."""
    return f"{datetime.fromtimestamp(math.ceil(seconds / 60) * 60, UTC):%Y-%m-%d %H:%M} UTC"


def seconds_in(text: object) -> float | None:
    """Seconds since the epoch of an ISO 8601 date and time with its offset; None for anything else."""
    try:
        read = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return read.timestamp() if read and read.tzinfo else None


def seconds_of(text: str) -> float:
    """The same of what a person gave; 0 for nothing. FixInput for anything else."""
    seconds = seconds_in(text) if text else 0.0
    if seconds is None:
        raise FixInput(f"{text!r} is no time. Write it like 2026-11-23T00:00:00+00:00.", code="bad_time")
    return seconds
