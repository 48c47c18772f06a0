"""Time and chance, in one object, so that a test can supply its own."""

from __future__ import annotations

import random
import time


class Clock:
    """The real ones. `ticks` measures spans and cannot be set; `now` is seconds since the epoch.

    A sleep says whether it was cut short, because the job is to end.
    """

    def ticks(self) -> float:
        """Seconds from some fixed moment."""
        return time.monotonic()

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def draw(self) -> float:
        """A random number from 0 to 1."""
        return random.random()  # noqa: S311 - spreads retries, hides nothing

    def sleep(self, seconds: float) -> bool:
        """Let time pass on this thread."""
        time.sleep(seconds)
        return False

    async def sleep_async(self, seconds: float) -> bool:
        """Let time pass on this task."""
        import asyncio  # noqa: PLC0415 - 40 ms that a job without asyncio must not pay

        await asyncio.sleep(seconds)
        return False


REAL = Clock()
