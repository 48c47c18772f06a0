"""Time and chance in one object, so that a test can supply its own, and times as text. Everything is UTC."""

from __future__ import annotations

import math
import random
import time
from datetime import UTC, datetime

from f.connect.errors import FixInput

DAY_SECONDS = 86_400.0


class Clock:
    """The real ones. `ticks` measures spans and cannot be set; `now` is seconds since the epoch.

    A sleep says whether it was cut short, because the job is to stop.
    """

    def ticks(self) -> float:
        """Return seconds since some fixed time."""
        return time.monotonic()

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def draw(self) -> float:
        """Return a random number from 0 to 1."""
        return random.random()  # noqa: S311 - spreads retries, hides nothing

    def sleep(self, seconds: float) -> bool:
        """Let time pass on this thread."""
        time.sleep(seconds)
        return False

    async def sleep_async(self, seconds: float) -> bool:
        """Let time pass on this task."""
        import asyncio  # 40 ms that a job without asyncio must not pay

        await asyncio.sleep(seconds)
        return False


REAL = Clock()


def to_iso(seconds: float) -> str:
    """Return seconds since the epoch as ISO 8601, rounded up to a whole second."""
    return datetime.fromtimestamp(math.ceil(seconds), UTC).isoformat(timespec="seconds")


def to_text(seconds: float) -> str:
    """Return seconds since the epoch as a person writes it, rounded up to a whole minute."""
    return f"{datetime.fromtimestamp(math.ceil(seconds / 60) * 60, UTC):%Y-%m-%d %H:%M} UTC"


def parse_iso(text: object) -> float | None:
    """Return the seconds since the epoch of an ISO 8601 time with its offset; None for anything else."""
    try:
        read = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return read.timestamp() if read and read.tzinfo else None


def require_iso(text: str) -> float:
    """Return the seconds since the epoch of what a person gave, 0 for "". FixInput if it is not a time."""
    seconds = parse_iso(text) if text else 0.0
    if seconds is None:
        raise FixInput(f"{text!r} is not a time. Write it like 2026-11-23T00:00:00+00:00.", code="bad_time")
    return seconds


def http_date(text: str) -> float | None:
    """Return the seconds since the epoch of an HTTP date; None for anything else."""
    from email.utils import parsedate_to_datetime  # 5 ms that most jobs need not pay

    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
