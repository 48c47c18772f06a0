"""Follows an import while it runs: how far it is, and what its steps have left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mill.engine.jobs.events import Event
from mill.engine.jobs.outcome import error_of

_READING, _SENDING = "parse", "create"  # ids of the flow's steps
_LEAVE_RESULTS = (_READING, "gate")


@dataclass(slots=True)
class _Chunk:
    """A chunk's part of the rows, and what its job left; `begun`: there was a job that could send."""

    rows: int
    percent: int = 0
    result: Any = None
    begun: bool = False

    @property
    def done(self) -> int:
        return self.rows if self.result is not None else self.rows * self.percent // 100


@dataclass(slots=True)
class _Step:
    """The step that runs: its id, its summary, since when, and the share its job has shown."""

    id: str
    summary: str
    began: float
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a step is: `done` of `total` rows since `seconds`, or a share of an unknown whole."""

    what: str
    seconds: float
    done: int = 0
    total: int = 0
    percent: int | None = None

    @property
    def rate(self) -> float:
        """Rows a second since the step began."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the same pace; None while nobody can know."""
        share = self.done / self.total if self.total else (self.percent or 0) / 100
        return self.seconds * (1 - share) / share if share and self.seconds > 1 else None


class Follower:
    """An event listener that remembers what an interrupted import needs for its account.

    It follows the jobs of `flow`, and no other: not the preview, nor calls of the workspace's own routes.
    """

    def __init__(self, flow: str, expected_rows: int = 0) -> None:
        self._flow = flow
        self._rows = expected_rows  # until the file has been read
        self.results: dict[str, Any] = {}
        self._jobs: dict[str, tuple[str | None, str]] = {}
        self._chunks: dict[int, _Chunk] = {}
        self._step: _Step | None = None

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.kind == "started":
            self._start(event)
        elif event.job_id not in self._jobs:
            return
        elif event.kind == "progress":
            self._progress(event)
        elif event.kind == "late" and (chunk := self._chunk_of(event.job_id)) is not None:
            chunk.result = event.data
        elif event.kind == "ended":
            self._end(event)

    def created(self) -> list[Any]:
        """What the jobs of all chunks left, in order; None for one that never began."""
        return [chunk.result for _, chunk in sorted(self._chunks.items())]

    def standing(self, now: float) -> Standing | None:
        """Return how far the import is at a time, in seconds since the epoch; None before its first step."""
        if (step := self._step) is None:
            return None
        seconds = max(now - step.began, 0.0)
        if step.id != _SENDING:
            total = self._rows if step.percent is not None else 0
            return Standing(step.summary, seconds, total * (step.percent or 0) // 100, total, step.percent)
        chunks = self._chunks.values()
        return Standing(
            step.summary, seconds, sum(chunk.done for chunk in chunks), sum(chunk.rows for chunk in chunks)
        )

    def _start(self, event: Event) -> None:
        if event.parent not in self._jobs and (event.parent is not None or event.label != self._flow):
            return
        self._jobs[event.job_id] = event.parent, event.label
        is_step = event.parent is not None and self._jobs[event.parent][0] is None
        if is_step:
            self._step = _Step(event.label, event.data or event.label, event.time)
        elif not event.label.startswith("#") and (chunk := self._chunk_of(event.job_id)) is not None:
            chunk.begun = True

    def _progress(self, event: Event) -> None:
        chunk = self._chunk_of(event.job_id)
        if chunk is not None:
            chunk.percent = event.data
        elif self._step is not None:
            self._step.percent = event.data

    def _end(self, event: Event) -> None:
        parent, label = self._jobs[event.job_id]
        outcome = event.data
        if label.startswith("#") and (chunk := self._chunk_of(event.job_id)) is not None:
            # A late result says more than "canceled"; a chunk whose turn came after the end has sent nothing.
            if chunk.result is None and (chunk.begun or outcome.success):
                chunk.result = outcome.result if outcome.success else {"error": error_of(outcome.result)}
        elif label in _LEAVE_RESULTS and outcome.success and parent is not None:
            self.results[label] = outcome.result
            if label == _READING:
                counts = (part["rows"]["count"] for part in outcome.result["chunks"])
                self._chunks = {index: _Chunk(count) for index, count in enumerate(counts)}
                self._rows = sum(chunk.rows for chunk in self._chunks.values())

    def _chunk_of(self, job_id: str | None) -> _Chunk | None:
        """The chunk that a job, or one it belongs to, sends."""
        while job_id is not None:
            job_id, label = self._jobs[job_id]
            if label.startswith("#"):
                return self._chunks.get(int(label.removeprefix("#")))
        return None
