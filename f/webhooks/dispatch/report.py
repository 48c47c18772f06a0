"""What a run of the dispatcher did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypedDict

_MOST_NAMED = 20


class DispatchReport(TypedDict, total=False):
    """Counts of events (`routed`, `unhandled`, `dropped`) and of their work with handlers.

    `started` counts jobs, and so does `running`: those that were asked for and had not ended. `done`, `again`
    and `dead` count events in the hands of a handler, and `dead` those that could not be routed, too. `busy`:
    another run is at it, and this one left it to that. `more`: there is more to do, and another run was asked
    for. `problems` names what is wrong on our side; with it comes `wm_failure`, which makes the run fail.
    """

    routed: int
    unhandled: int
    dropped: int
    started: int
    done: int
    again: int
    dead: int
    running: int
    busy: bool
    more: bool
    problems: dict[str, str]
    wm_failure: str


@dataclass(slots=True)
class Tally:
    """Counts while a run goes on."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)

    def report(self, *, busy: bool, more: bool) -> DispatchReport:
        """Return what was done."""
        count = self.counts
        report: DispatchReport = {
            "routed": count["routed"],
            "unhandled": count["unhandled"],
            "dropped": count["dropped"],
            "started": count["started"],
            "done": count["done"],
            "again": count["again"],
            "dead": count["dead"],
            "running": count["running"],
            "busy": busy,
            "more": more,
        }
        if self.problems:
            report["problems"] = dict(list(self.problems.items())[:_MOST_NAMED])
            report["wm_failure"] = " ".join(report["problems"].values())
        return report
