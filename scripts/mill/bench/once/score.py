"""What a run came to, by what agents saw and by the services' ledgers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mill.bench.once.agent import Diary
from mill.bench.once.orders import Order
from mill.bench.once.proxy import BROKEN_OFF, SWALLOWED

_ANSWERS = ("done", "already_done", "confirmed", "running", "unknown", "refused")


@dataclass(slots=True)
class Score:
    """What became of the orders.

    `duplicates`: effects beyond the first of an order; `lost`: orders that have an end and no effect;
    `twice`: those with more than one; `unsaid`: those that agents gave up, and the last word on each;
    `left`: how many had no end yet when the run had.
    """

    orders: int
    effects: int
    duplicates: int
    lost: list[str]
    twice: list[str]
    unsaid: dict[str, str]
    left: int
    kills: int
    seconds: float
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """Whether each order has an end, and one effect."""
        return not (self.lost or self.twice or self.unsaid or self.left)

    def figures(self) -> dict[str, Any]:
        """Return it as figures by name: first what a reader asks for, then how it came about."""
        answers = {f"answered {word}": self.counts[f"answered {word}"] for word in _ANSWERS}
        others = {name: count for name, count in sorted(self.counts.items()) if name not in answers}
        return {
            "calls": self.orders,
            "effects": self.effects,
            "duplicates": self.duplicates,
            "lost": len(self.lost),
            "twice": len(self.twice),
            "no_end": len(self.unsaid) + self.left,
            **answers,
            "kills": self.kills,
            "cut answers": self.counts[SWALLOWED] + self.counts[BROKEN_OFF],
            "seconds": round(self.seconds, 1),
            **others,
        }


@dataclass(frozen=True, slots=True)
class Course:
    """How a run went: `kills` of the server within so many `seconds`, and what was `cut` on the way."""

    kills: int
    seconds: float
    cut: Counter[str]


def score(orders: Sequence[Order], effects: Counter[str], diary: Diary, course: Course) -> Score:
    """Return what became of the orders. `effects`: how often each was had, by its mark."""
    by_kind: Counter[str] = Counter()
    for order in orders:
        by_kind[f"{order.kind} calls"] += 1
        by_kind[f"{order.kind} effects"] += effects[order.mark]
    twice = [mark for mark, count in effects.items() if count > 1]
    return Score(
        orders=len(orders),
        effects=effects.total(),
        duplicates=sum(effects[mark] - 1 for mark in twice),
        lost=sorted(mark for mark in (*diary.settled, *diary.given_up) if not effects[mark]),
        twice=twice,
        unsaid=diary.given_up,
        left=len(orders) - diary.ended,
        kills=course.kills,
        seconds=course.seconds,
        counts=diary.counts + course.cut + by_kind,
    )
