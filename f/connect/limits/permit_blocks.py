"""Permits of a rate limit taken in blocks, for a store that costs a request for each statement.

A block is the permits of a quarter of a second, used one after the other as they come due. Over all jobs the
limit stays what it is: those that a job took and did not use are lost, which makes it only stricter.
"""

# ruff: noqa: D102 - Buckets says what its methods are for

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from f.connect.limits.buckets import LATEST, Bucket, Pace

if TYPE_CHECKING:
    from f.connect.limits.buckets import Buckets
    from f.store.store import Store

BLOCK_SECONDS = 0.25


class BlockBuckets:
    """Buckets whose permits this process takes a block at a time. Safe for threads."""

    def __init__(self, store: Store, rows: Buckets) -> None:
        self._store, self._rows = store, rows
        self._due: defaultdict[str, deque[float]] = defaultdict(
            deque
        )  # when each permit of a block comes due
        self._lock = threading.Lock()

    def take(self, key: str, pace: Pace, max_wait: float, count: int = 1) -> float | None:
        size = int(BLOCK_SECONDS / pace.interval) if pace.interval else 1
        if size <= 1 or count > 1:  # those of a block come due one by one, and are counted already
            return self._rows.take(key, pace, max_wait, count)
        with self._lock:  # the others wait for the block rather than take another one
            due, now = self._due[key], self._store.now()
            while due and due[0] < now - LATEST:
                due.popleft()
            if not due:
                wait = self._rows.take(key, Pace(pace.interval * size, pace.tolerance), max_wait)
                if wait is None:
                    return None
                now = self._store.now()
                due.extend(now + wait + number * pace.interval for number in range(size))
            wait = max(0.0, due[0] - now)
            if wait > max_wait:
                return None
            due.popleft()
            return wait

    def read(self, key: str) -> tuple[Bucket, float]:
        return self._rows.read(key)

    def lower(self, key: str, *, tat_in: float, pause: float) -> None:
        self._drop(key)
        self._rows.lower(key, tat_in=tat_in, pause=pause)

    def forget(self, key: str) -> None:
        self._drop(key)
        self._rows.forget(key)

    def _drop(self, key: str) -> None:
        with self._lock:
            self._due.pop(key, None)
