"""A customer API on loopback that is far faster than its clients, counts what it gets, and may have a limit.

`python customer_server.py DELAY [MOST]` prints its port; it takes at most MOST requests in any second. It
answers `POST /customers` and `POST /customers/batch` as the generic customer API does, and each
`POST /_ledger` with what came since the last one.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from itertools import count
from typing import Any

import orjson

from mill.bench.rig.loopback import reply, serve

_TOO_MANY = reply(b"429 Too Many Requests", b'{"error":"rate_limited"}', b"Retry-After: 1")


class Limit:
    """At most `most` requests in any span of `window` seconds; what it refuses does not count."""

    def __init__(self, most: int, window: float = 1.0) -> None:
        self._most, self._window = most, window
        self._admitted: deque[float] = deque()

    def admits(self, now: float) -> bool:
        """Return whether a request that comes now is taken."""
        while self._admitted and now - self._admitted[0] >= self._window:
            self._admitted.popleft()
        if len(self._admitted) >= self._most:
            return False
        self._admitted.append(now)
        return True


class CustomerServer:
    """What answers, and what it has counted."""

    def __init__(
        self, delay: float, limit: Limit | None = None, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._delay, self._limit, self._ticks = delay, limit, ticks
        self._ids = count(1)
        self._begin()

    def _begin(self) -> None:
        self._customers: Counter[str] = Counter()
        self._answered = self._refused = 0
        self._first = self._last = 0.0

    def answer(self, path: bytes, body: bytes) -> tuple[bytes, float]:
        """Return the reply to a POST, and after how many seconds it goes out."""
        if path == b"/_ledger":
            return reply(b"200 OK", orjson.dumps(self._ledger())), 0.0
        now = self._ticks()
        if self._limit is not None and not self._limit.admits(now):
            self._refused += 1
            return _TOO_MANY, self._delay
        self._answered += 1
        self._first, self._last = self._first or now, now
        return self._create(path, orjson.loads(body)), self._delay

    def _create(self, path: bytes, body: Any) -> bytes:
        if path == b"/customers":
            self._customers[body["email"]] += 1
            return reply(b"201 Created", b'{"id":"%d"}' % next(self._ids))
        customers = body["customers"]
        self._customers.update(customer["email"] for customer in customers)
        results = [{"status": 201, "id": str(next(self._ids))} for _ in customers]
        return reply(b"200 OK", orjson.dumps({"results": results}))

    def _ledger(self) -> dict[str, float]:
        """Return what came since the last time: rows, customers, requests, seconds from first to last."""
        ledger = {
            "rows": self._customers.total(),
            "customers": len(self._customers),
            "answered": self._answered,
            "refused": self._refused,
            "seconds": self._last - self._first,
        }
        self._begin()
        return ledger


if __name__ == "__main__":
    delay, *limits = sys.argv[1:]
    limit = Limit(int(limits[0])) if limits else None
    asyncio.run(serve(CustomerServer(float(delay), limit).answer))
