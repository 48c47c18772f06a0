"""Calls counted as jobs of some days would have, on a clock that a test sets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from f.connect.metrics import Metrics
from f.connect.times import Clock

if TYPE_CHECKING:
    from f.store.store import Store

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0


class DayClock(Clock):
    """It stands still at a time."""

    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def ticks(self) -> float:
        return 0.0


def count(
    store: Store,
    integration: str = "crm",
    endpoint: str = "/contacts",
    *,
    calls: int = 1,
    outcome: str = "success",
    seconds: float = 0.1,
    days_ago: float = 0,
    retries: int = 0,
    waited: float = 0.0,
) -> None:
    """Count so many calls of a job of its own."""
    metrics = Metrics(store, clock=DayClock(NOW - days_ago * DAY))
    for _ in range(calls):
        metrics.record(integration, endpoint, outcome, seconds=seconds, retries=retries, waited=waited)
    metrics.flush()
