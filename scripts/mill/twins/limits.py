"""How many calls a service admits in a window of time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable


class RollingWindow:
    """At most `limit` calls in any `seconds`."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.seconds = seconds
        self._clock = clock
        self._admitted: deque[float] = deque()

    def admit(self) -> bool:
        """Count one call if there is room for it."""
        self._forget_old()
        if len(self._admitted) >= self.limit:
            return False
        self._admitted.append(self._clock())
        return True

    @property
    def remaining(self) -> int:
        """How many calls there is room for now."""
        self._forget_old()
        return self.limit - len(self._admitted)

    @property
    def wait(self) -> float:
        """Seconds until there is room for one more; 0 where there is."""
        if self.remaining > 0:
            return 0.0
        return self._admitted[0] + self.seconds - self._clock()

    def _forget_old(self) -> None:
        oldest = self._clock() - self.seconds
        while self._admitted and self._admitted[0] <= oldest:
            self._admitted.popleft()
