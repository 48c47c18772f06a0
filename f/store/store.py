"""The state jobs share: one small SQL store, whatever keeps it, and the lease by which one of many jobs acts.

One SQL text serves every kind of store (`f.store.stores`): named parameters as `:name`, upserts with
`ON CONFLICT`, `RETURNING`, `CASE` instead of max/GREATEST, no dialect functions. Every statement is its
own transaction unless `transaction()` says otherwise.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]
Values = Mapping[str, Any]

BUSY_SECONDS = 10.0  # how long a writer waits for another process's lock before TryLater


class Store(ABC):
    """A place for rows that outlive a call. Methods may be called from any thread.

    `in_memory` stores keep limits, breakers and metrics in plain dictionaries instead of SQL.
    """

    in_memory = False

    def __init__(self) -> None:
        self._shared: dict[str, Any] = {}
        self._shared_lock = threading.Lock()

    def shared(self, name: str, make: Callable[[], T]) -> T:
        """Return the object that all users of this Store instance share under `name`, made on first use."""
        with self._shared_lock:
            if name not in self._shared:
                self._shared[name] = make()
            found: T = self._shared[name]
            return found

    @abstractmethod
    def now(self) -> float:
        """Return the seconds since the epoch by the clock that all users of the store share."""

    def ticks(self) -> float:
        """Return seconds for measuring spans: `now()`, or in memory those of a clock nobody can set."""
        return self.now()

    @abstractmethod
    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        """Run one statement and return its rows.

        TryLater if the database cannot be reached or stays locked.
        """

    @abstractmethod
    def execute_many(self, sql: str, rows: Iterable[Values]) -> None:
        """Run one statement for each row, all or none of them."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Make all statements of this thread inside the block happen, or none."""

    @abstractmethod
    def create(self, table: str, *, durable: bool = True) -> None:
        """Run a `CREATE TABLE IF NOT EXISTS`.

        `durable=False`: may be lost in a crash of the database, and is faster.
        """

    @abstractmethod
    def close(self) -> None:
        """Close every connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
