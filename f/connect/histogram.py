"""Latencies as a mergeable histogram: chunks count apart, the report adds them up."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import TypedDict

# Buckets grow by 2 ** (1/8), so a percentile is at most 9% above the true one.
_PER_OCTAVE = 8


class Latency(TypedDict):
    """Milliseconds from request to reply, over all requests."""

    p50: float
    p95: float
    p99: float
    max: float


class Latencies:
    """Counts of durations by logarithmic bucket, and the longest: seconds in, milliseconds out."""

    def __init__(self, buckets: dict[str, int] | None = None, longest: float = 0.0) -> None:
        self._counts = Counter({int(bucket): count for bucket, count in (buckets or {}).items()})
        self._longest = longest

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._counts[math.ceil(math.log2(max(seconds, 1e-6)) * _PER_OCTAVE)] += 1
        self._longest = max(self._longest, seconds)

    def to_json(self) -> dict[str, object]:
        """What a chunk hands to the report."""
        return {
            "buckets": {str(bucket): count for bucket, count in self._counts.items()},
            "longest": self._longest,
        }

    @classmethod
    def merged(cls, parts: Iterable[dict[str, object]]) -> "Latencies":
        """All parts as one."""
        total = cls()
        for part in parts:
            buckets, longest = part["buckets"], part["longest"]
            assert isinstance(buckets, dict)
            assert isinstance(longest, int | float)
            total._counts.update({int(bucket): count for bucket, count in buckets.items()})
            total._longest = max(total._longest, longest)
        return total

    def summary(self) -> Latency | None:
        """Percentiles in milliseconds; None where nothing was counted."""
        if not self._counts:
            return None
        return {
            "p50": self._percentile(0.50),
            "p95": self._percentile(0.95),
            "p99": self._percentile(0.99),
            "max": round(self._longest * 1000, 1),
        }

    def _percentile(self, share: float) -> float:
        wanted, seen = share * self._counts.total(), 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                break
        return round(min(2 ** (bucket / _PER_OCTAVE), self._longest) * 1000, 1)
