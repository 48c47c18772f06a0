"""Durations counted by logarithmic bucket: a few numbers say how long thousands of calls took. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

_STEPS_PER_DOUBLING = 8  # buckets grow by 9 %, which is also the percentiles' error
_SHORTEST_MS = 0.01


class Latency(TypedDict):
    """Milliseconds from request to reply."""

    p50: float
    p95: float
    p99: float
    max: float


class Histogram:
    """Durations counted by logarithmic bucket, seconds in and milliseconds out; several add up to one.

    The upper edge of bucket n is 2 ** (n / 8) ms. `longest`: seconds, infinite if nobody kept it.
    """

    def __init__(self, buckets: Mapping[int, int] | None = None, longest: float = 0.0) -> None:
        self._counts = Counter(buckets or {})
        self._longest = longest

    @staticmethod
    def bucket_of(seconds: float) -> int:
        """Return the bucket that counts so long a duration."""
        return math.ceil(_STEPS_PER_DOUBLING * math.log2(max(seconds * 1000, _SHORTEST_MS)))

    @staticmethod
    def edge_ms(bucket: int) -> float:
        """Return the longest duration that a bucket counts, in milliseconds."""
        return 2 ** (bucket / _STEPS_PER_DOUBLING)

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[self.bucket_of(seconds)] += 1
        self._longest = max(self._longest, seconds)

    def to_json(self) -> dict[str, object]:
        """Return what `merged` takes, in another process."""
        return {
            "buckets": {str(bucket): count for bucket, count in self._counts.items()},
            "longest": self._longest,
        }

    @classmethod
    def merged(cls, parts: Iterable[Mapping[str, Any]]) -> Histogram:
        """Return the sum of histograms, each as `to_json` gave it."""
        total = cls()
        for part in parts:
            total._counts.update({int(bucket): count for bucket, count in part["buckets"].items()})
            total._longest = max(total._longest, part["longest"])
        return total

    def summary(self) -> Latency | None:
        """Return percentiles and the longest; None if nothing was counted."""
        if not self._counts:
            return None
        return {
            "p50": self._percentile(0.50),
            "p95": self._percentile(0.95),
            "p99": self._percentile(0.99),
            "max": round(self._longest * 1000, 2),
        }

    def _percentile(self, share: float) -> float:
        """Return the upper edge of the bucket that this share of all durations does not exceed."""
        rank = math.ceil(share * self._counts.total())
        for bucket in sorted(self._counts):
            rank -= self._counts[bucket]
            if rank <= 0:
                break
        return round(min(self.edge_ms(bucket), self._longest * 1000), 2)
