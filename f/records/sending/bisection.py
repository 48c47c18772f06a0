"""A refused batch is halved until the guilty rows stand alone, within a number of calls. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

# Calls one chunk may spend on halves. One guilty row in a hundred costs 14 calls, in two hundred 16: ten or
# so are found; with more, the batch is refused for a reason that no halving mends.
MOST_CALLS = 200


@dataclass(slots=True)
class Bisection:
    """Counts down the calls that are left."""

    calls_left: int = MOST_CALLS

    def halves(self, batch: Sequence[Item]) -> list[Sequence[Item]]:
        """Return both halves of a refused batch of two or more; nothing once the calls are used up."""
        if self.calls_left < 2:
            return []
        self.calls_left -= 2
        middle = len(batch) // 2
        return [batch[:middle], batch[middle:]]
