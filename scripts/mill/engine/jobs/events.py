"""What the engine tells a display, a trace or a log while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

EventKind = Literal["started", "ended", "output", "progress", "items", "waiting", "warning", "late"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a job, seconds since the epoch.

    `label` is the step's id, an iteration's or branch's name or, at the top, the path. `data` by kind:
    started: the step's summary; ended: an Outcome; output: text; progress: per cent;
    items: how many iterations or branches the step will run; waiting: a sentence saying what for;
    warning: a sentence saying where a preview on Windmill does otherwise; late: what a script returned
    although its job had been canceled, which Windmill drops.
    """

    kind: EventKind
    job_id: str
    parent: str | None
    label: str
    time: float
    data: Any = None


Listener = Callable[[Event], None]
