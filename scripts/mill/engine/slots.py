"""How many script jobs run at once: as many as there are workers, or as many as come.

On a server each script job holds a worker from its start to its end, and so does each call of a route; a flow
holds none. Whoever comes first is served first.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator

from mill.engine.jobs.job_table import Handle


class WorkerSlots:
    """So many places for jobs; None: a job never waits for one."""

    def __init__(self, count: int | None = None) -> None:
        self.count = count
        self._free = count or 0
        self._changed = threading.Condition()
        self._waiting: deque[Handle] = deque()

    @contextlib.contextmanager
    def hold(self, handle: Handle) -> Iterator[None]:
        """Wait for a place and keep it. Raises JobCanceled if the job is ended while it waits."""
        if self.count is None:
            yield
            return
        with handle.when_canceled(self._wake), self._changed:
            self._waiting.append(handle)
            try:
                self._changed.wait_for(lambda: handle.is_canceled or self._is_next(handle))
                handle.check()
                self._free -= 1
            finally:
                self._waiting.remove(handle)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _is_next(self, handle: Handle) -> bool:
        return self._free > 0 and self._waiting[0] is handle

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
