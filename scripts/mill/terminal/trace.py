"""Writes what a run did as a Chrome trace: open it in chrome://tracing or ui.perfetto.dev."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mill.engine.jobs.events import Event


class Trace:
    """An event listener that keeps one bar per job. Times in the file are microseconds."""

    def __init__(self) -> None:
        self._bars: list[dict[str, Any]] = []
        self._begun: dict[str, tuple[Event, int]] = {}
        self._lanes: list[list[str]] = []  # the jobs in each, innermost last

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.kind == "started":
            self._begun[event.job_id] = event, self._lane_for(event)
        elif event.kind == "ended" and event.job_id in self._begun:
            begin, lane = self._begun.pop(event.job_id)
            self._lanes[lane].remove(event.job_id)
            self._bars.append(
                {
                    "name": event.label,
                    "ph": "X",
                    "ts": round(begin.time * 1e6),
                    "dur": round((event.time - begin.time) * 1e6),
                    "pid": 1,
                    "tid": lane,
                    "args": {
                        "job": event.job_id,
                        "success": event.data.success,
                        "skipped": event.data.skipped,
                    },
                }
            )

    def write(self, file: Path) -> None:
        """Write the trace so far."""
        bars = sorted(self._bars, key=lambda bar: bar["ts"])
        file.write_text(json.dumps({"traceEvents": bars, "displayTimeUnit": "ms"}), "utf-8")

    def _lane_for(self, event: Event) -> int:
        """Return the caller's lane if it is innermost there, else an empty one: bars never overlap."""
        for lane, jobs in enumerate(self._lanes):
            if jobs and jobs[-1] == event.parent:
                jobs.append(event.job_id)
                return lane
        for lane, jobs in enumerate(self._lanes):
            if not jobs:
                jobs.append(event.job_id)
                return lane
        self._lanes.append([event.job_id])
        return len(self._lanes) - 1
