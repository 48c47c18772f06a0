"""How long to wait between batches. Pure: from what the last batch showed to seconds."""

from __future__ import annotations

from dataclasses import dataclass

# A batch below this share of applied rows is taken as a service in trouble, not as bad data:
# rows the API refuses on their merits do not count.
_HEALTHY_SHARE = 0.9
_FIRST_STEP = 0.25
_RECOVERY = 0.5


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What the pace depends on. `troubled`: requests that failed or whose answer was lost."""

    requests: int
    troubled: int
    mean_seconds: float


def next_delay(
    current: float, facts: BatchFacts, *, base: float, slow_seconds: float = 2.0, cap: float = 30.0
) -> float:
    """Return the seconds to wait before the next batch.

    Doubles while answers are slow or troubled (busy, failed, lost), up to `cap`; halves its way back to
    `base`, the delay the user asked for, once they are not.
    """
    if facts.requests == 0:
        return current
    healthy = 1 - facts.troubled / facts.requests
    if facts.mean_seconds > slow_seconds or healthy < _HEALTHY_SHARE:
        return min(cap, max(current * 2, base, _FIRST_STEP))
    return max(base, current * _RECOVERY) if current - base > _FIRST_STEP / 2 else base
