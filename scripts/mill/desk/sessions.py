"""Who may use the desk: browsers that were opened with the server's token, for as long as they are in use."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

IDLE_SECONDS = 12 * 3600.0
_MOST = 100  # sessions; the one that was not used for longest makes room


class Sessions:
    """Random ids that are known until nobody has used them for IDLE_SECONDS, or the server ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._used: OrderedDict[str, float] = OrderedDict()

    def open(self) -> str:
        """Return the id of a new session."""
        session = secrets.token_urlsafe(32)
        with self._lock:
            self._used[session] = self._clock()
            while len(self._used) > _MOST:
                self._used.popitem(last=False)
        return session

    def is_open(self, id: str) -> bool:
        """Return whether there is such a session; it counts as used now."""
        with self._lock:
            used = self._used.pop(id, None)
            if used is None or self._clock() - used > IDLE_SECONDS:
                return False
            self._used[id] = self._clock()
            return True
