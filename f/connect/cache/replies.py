"""Replies that were kept, in the memory of one client: the ones used last, and no more than allowed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a reply answers. `digest`: of the credential and the request's own headers."""

    method: str
    url: str = field(repr=False)
    digest: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A reply. `age` in seconds when it came, which was at `since` in the clock's ticks."""

    status: int
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)
    call: str
    request_id: str
    age: float
    since: float
    fresh_for: float

    @property
    def size(self) -> int:
        """The number of bytes it takes, roughly."""
        return len(self.body) + sum(len(name) + len(value) for name, value in self.headers.items())

    def age_at(self, ticks: float) -> float:
        """Return how old it is then."""
        return self.age + max(0.0, ticks - self.since)


class Replies:
    """At most `most` replies of `most_bytes` in all. Safe for threads."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._bytes = 0
        self._forgotten = 0  # how often something was
        self._lock = threading.Lock()

    def get(self, key: Key) -> Kept | None:
        """Return the reply that was kept under the key."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def mark(self) -> int:
        """Return what `keep` wants to know: a reply asked for before a write is not kept after it."""
        return self._forgotten

    def keep(self, key: Key, kept: Kept, mark: int) -> None:
        """Keep a reply in place of the one before, unless anything was forgotten since `mark`."""
        with self._lock:
            self._drop(key)
            if mark != self._forgotten or kept.size > self._most_bytes:
                return
            self._kept[key] = kept
            self._bytes += kept.size
            while len(self._kept) > self._most or self._bytes > self._most_bytes:
                self._drop(next(iter(self._kept)))

    def drop(self, key: Key) -> None:
        """Keep nothing under the key any more."""
        with self._lock:
            self._drop(key)

    def forget(self, urls: Iterable[str]) -> None:
        """Keep nothing of these URLs any more, whoever asked for it."""
        wanted = set(urls)
        with self._lock:
            self._forgotten += 1
            for key in [key for key in self._kept if key.url in wanted]:
                self._drop(key)

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._forgotten += 1
            self._kept.clear()
            self._bytes = 0

    def size(self) -> tuple[int, int]:
        """Return how many replies and how many bytes are kept."""
        return len(self._kept), self._bytes

    def _drop(self, key: Key) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._bytes -= gone.size
