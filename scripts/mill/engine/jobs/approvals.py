"""Suspended steps and the answers they wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mill.engine.definition.openflow import Suspend
from mill.engine.jobs.job_table import Handle
from mill.ports import Resume, description_in

_POLL = 0.5  # seconds between looks at a cancellation; an answer wakes the wait at once


@dataclass(frozen=True, slots=True)
class Request:
    """What a flow waits for after a step: `job_id` is the step's job, `needed` how many approvals.

    `description` is what the step returned under that name, for whoever decides.
    `is_over` turns true when no answer is needed any more: enough came by URL, or the job was ended.
    """

    job_id: str
    step_id: str
    needed: int
    timeout: float
    description: Any
    is_over: Callable[[], bool]


@dataclass(slots=True)
class _Open:
    answers: list[Resume] = field(default_factory=list)


Approver = Callable[[Request], Resume | None]


class Approvals:
    """Collects approvals and refusals by job.

    An answer may come while the step still runs: it is kept until the flow waits. `approver` is asked
    once per wait, from the flow's thread, and may answer for a person at the terminal.
    """

    def __init__(self, approver: Approver | None = None) -> None:
        self._approver = approver
        self._changed = threading.Condition()
        self._open: dict[str, _Open] = {}

    def expect(self, handle: Handle) -> None:
        """Take answers for this step's job, and for its flow's."""
        with self._changed:
            self._open[handle.id] = entry = _Open()
            if handle.parent is not None:
                self._open[handle.parent.id] = entry

    def answer(self, job_id: str, resume: Resume) -> bool:
        """Record an answer; False where nothing waits for that job or this answer was given before."""
        with self._changed:
            entry = self._open.get(job_id)
            if entry is None or any(known.resume_id == resume.resume_id for known in entry.answers):
                return False
            entry.answers.append(resume)
            self._changed.notify_all()
            return True

    def wait(self, flow: Handle, step_job: str, step_id: str, suspend: Suspend, result: Any) -> list[Resume]:
        """Return the answers once there are enough, one refuses, or the time is over. Raises JobCanceled."""
        with self._changed:
            entry = self._open[step_job]

        def is_over() -> bool:
            return flow.is_canceled or _settled(entry.answers, suspend)

        description = description_in(result)
        request = Request(step_job, step_id, suspend.required_events, suspend.timeout, description, is_over)
        while self._approver is not None and not is_over() and (answer := self._approver(request)):
            self.answer(step_job, answer)
        deadline = time.monotonic() + suspend.timeout
        with self._changed:
            while not _settled(entry.answers, suspend) and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(min(left, _POLL))
                flow.check()
            self._open = {key: value for key, value in self._open.items() if value is not entry}
        return list(entry.answers)


def _settled(answers: list[Resume], suspend: Suspend) -> bool:
    return len(answers) >= suspend.required_events or any(not answer.approved for answer in answers)
