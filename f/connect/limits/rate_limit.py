"""A rate limit that holds over all jobs together: whoever calls takes a token from a bucket they share.

How the bucket counts stands in `f.connect.limits.buckets`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from f.connect.errors import FixInput, TryLater
from f.connect.limits.background import background_of
from f.connect.limits.buckets import (
    LATEST,
    LONGEST_PAUSE,
    LONGEST_WAIT,
    UNPACED,
    Buckets,
    MemoryBuckets,
    Pace,
    SqlBuckets,
    SqlPauses,
    tokens_in,
)
from f.connect.times import REAL, Clock

if TYPE_CHECKING:
    from f.connect.integration import RateLimit
    from f.store.store import Look, Store


def pauses_of(store: Store) -> Buckets:
    """Return the pauses that live in `store`, for keys without a pace."""
    rows, background = buckets_of(store), background_of(store)
    return rows if store.in_memory else store.shared("pauses", lambda: SqlPauses(store, rows, background))


def buckets_of(store: Store) -> Buckets:
    """Return the buckets that live in `store`."""

    def make() -> Buckets:
        if store.in_memory:
            return MemoryBuckets(store.ticks)
        rows = SqlBuckets(store)
        if not store.is_remote:
            return rows
        from f.connect.limits.permit_blocks import BlockBuckets  # one of few stores needs it

        return BlockBuckets(store, rows)

    return store.shared("rate_limit", make)


@dataclass(slots=True)
class _Stats:
    """What one process had of a limiter."""

    taken: int = 0
    refused: int = 0
    waited: float = 0.0


class RateLimiter:
    """The limit of one key (origin, account, endpoint class). As a context manager it takes a token.

    `tokens`: how many are taken together, all of them or none; a call that a service counts several times
    takes that many. More than the burst are never there at once: FixInput, as waiting would have no end.
    `limit` None or not enabled: only the pauses that `update` states are obeyed. `title` is what a person
    calls what is limited. Safe for threads.
    """

    def __init__(
        self,
        key: str,
        limit: RateLimit | None,
        store: Store,
        *,
        clock: Clock = REAL,
        title: str = "",
    ) -> None:
        self.key, self._title, self._store = key, title or key, store
        self._clock, self._stats = clock, _Stats()
        self._set_pace(limit)

    def _set_pace(self, limit: RateLimit | None) -> None:
        self._pace = Pace.of(limit)
        self._buckets = pauses_of(self._store) if self._pace == UNPACED else buckets_of(self._store)

    def first_look(self) -> Look | None:
        """Return what `reserve` would read at first; None if it knows already, or writes as it reads."""
        return self._buckets.first_look(self.key) if isinstance(self._buckets, SqlPauses) else None

    def reserve(self, max_wait: float = LONGEST_WAIT, *, tokens: int = 1) -> float | None:
        """Take the next tokens if they come due within `max_wait` seconds; return their wait, or None."""
        self._check(tokens)
        wait = self._take(max_wait, tokens) if self._pace.interval else self._pause_left()
        if wait is None or wait > max_wait:
            self._stats.refused += 1
            return None
        self._stats.taken += tokens
        self._stats.waited += wait
        return wait

    def try_acquire(self, *, tokens: int = 1) -> bool:
        """Take the tokens if they are there now."""
        return self.reserve(0.0, tokens=tokens) is not None

    def acquire(self, timeout: float = LONGEST_WAIT, *, tokens: int = 1) -> float:
        """Wait for the tokens and return the seconds waited; TryLater if `timeout` is too short for that."""
        waited, due = 0.0, 0.0
        while wait := self.next_step(waited, timeout, late=self._clock.ticks() - due, tokens=tokens):
            due = self._clock.ticks() + wait
            self._clock.sleep(wait)
            waited += wait
        return waited

    async def acquire_async(self, timeout: float = LONGEST_WAIT, *, tokens: int = 1) -> float:  # noqa: ASYNC109 - as acquire
        """Wait as `acquire` does. With a SQL store each step holds the loop up for a millisecond or two."""
        waited, due = 0.0, 0.0
        while wait := self.next_step(waited, timeout, late=self._clock.ticks() - due, tokens=tokens):
            due = self._clock.ticks() + wait
            await self._clock.sleep_async(wait)
            waited += wait
        return waited

    def next_step(self, waited: float, timeout: float, *, late: float = 0.0, tokens: int = 1) -> float:
        """Return how long to sleep before asking again, 0 when the tokens may be used.

        The first call reserves. Whoever slept asks again, since the server may have asked for a pause
        meanwhile, or the sleeper may have woken too `late` (seconds after its moment): what was reserved
        before is then void and taken anew. Used late, it would come with the tokens of later moments.
        """
        if waited and late <= LATEST and not self._pause_left():
            return 0.0
        wait = self.reserve(max(0.0, timeout - waited), tokens=tokens)
        if wait is None:
            raise TryLater(
                f"The rate limit of {self._title} leaves no room within {timeout:.0f} s.",
                code="rate_limited",
                retry_after=max(self._pause_left(), self._pace.interval),
            )
        return wait

    def available(self) -> int:
        """Return how many tokens could be taken right now."""
        bucket, now = self._buckets.read(self.key)
        return tokens_in(bucket, self._pace, now)

    def update(
        self,
        *,
        limit: RateLimit | None = None,
        remaining: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Obey the server, for all jobs: pause for `retry_after` seconds, have at most `remaining` at once.

        `limit` replaces this limiter's own pace; jobs that read the same settings do the same.
        """
        if limit is not None:
            self._set_pace(limit)
        tat_in = 0.0
        if remaining is not None:
            tat_in = max(0.0, self._pace.tolerance + self._pace.interval * (1 - remaining))
        pause = min(retry_after or 0.0, LONGEST_PAUSE)
        if pause or tat_in:
            self._buckets.lower(self.key, tat_in=tat_in, pause=pause)

    def reset(self) -> None:
        """Fill the bucket and lift a pause, for all jobs."""
        self._buckets.forget(self.key)

    def stats(self) -> dict[str, float]:
        """Return what this process took, was refused and waited (seconds)."""
        return {
            "taken": self._stats.taken,
            "refused": self._stats.refused,
            "waited_seconds": self._stats.waited,
            "available": self.available(),
        }

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A token once taken is spent: the request went out, whatever came of it."""

    async def __aenter__(self) -> Self:
        await self.acquire_async()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A token once taken is spent."""

    def _check(self, tokens: int) -> None:
        if tokens < 1:
            raise FixInput(f"tokens is {tokens}: at least 1 is taken.", code="tokens")
        if tokens > self._pace.burst:
            raise FixInput(
                f"The rate limit of {self._title} lets {self._pace.burst} calls go at once, never {tokens}: "
                "take fewer tokens, or raise burst_size.",
                code="tokens",
            )

    def _take(self, max_wait: float, tokens: int) -> float | None:
        return self._buckets.take(self.key, self._pace, min(max_wait, LONGEST_WAIT), tokens)

    def _pause_left(self) -> float:
        bucket, now = self._buckets.read(self.key)
        left = bucket.paused_until - now
        return left if 0 < left <= LONGEST_PAUSE else 0.0
