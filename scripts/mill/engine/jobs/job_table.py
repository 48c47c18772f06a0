"""The jobs of a session: which there are, how they stand, and how to end them."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mill.engine.jobs.events import Event, EventKind, Listener
from mill.engine.jobs.outcome import JobCanceled, Outcome
from mill.ports import Completed, Job, JobExists, Target

KEPT_JOBS = 5_000  # ended jobs that can still be asked about
KEPT_LARGE = 64  # of these, those whose arguments or result hold long texts, such as pieces of a file
KEPT_LINES = 10_000  # lines of log kept per job
_LARGE = 256 * 1024  # characters


class Handle:
    """A job and the means to follow and end it. Safe to use from several threads."""

    def __init__(self, table: JobTable, job: Job, parent: Handle | None, label: str) -> None:
        self.job = job
        self.parent = parent
        self.root: Handle = parent.root if parent is not None else self
        self.label = label
        self.done = threading.Event()
        self.user_state: dict[str, Any] = {}
        self._table = table
        self._ending = _Ending()

    @property
    def id(self) -> str:
        """The job's id."""
        return self.job.id

    def tell(self, kind: EventKind, data: Any = None) -> None:
        """Send an event about this job."""
        self._table.tell(self, kind, data)

    def child(
        self, target: Target, args: Mapping[str, Any], label: str, step_id: str | None = None
    ) -> Handle:
        """Return a job that belongs to this one and ends with it."""
        return self._table.create(target, args, parent=self, label=label, step_id=step_id)

    def adopt(self, child: Handle) -> None:
        """End `child` when this job is ended."""
        self._ending.add(child.cancel)

    def release(self, child: Handle) -> None:
        """Forget a child that has ended."""
        self._ending.discard(child.cancel)

    def start(self, summary: str = "") -> None:
        """Mark the job as running."""
        self.job.status = "running"
        self.job.started_at = time.time()
        self.tell("started", summary)

    def end(self, outcome: Outcome) -> None:
        """Record how the job ended and wake who waits for it."""
        if outcome.success:
            self.job.status = "success"
        else:
            self.job.status = "canceled" if self.is_canceled else "failure"
        self.job.ended_at = time.time()
        self.job.completed = Completed(outcome.success, outcome.result)
        self.tell("ended", outcome)
        if self.parent is not None:
            self.parent.release(self)
        self._table.retire(self)
        self.done.set()

    def output(self, line: str) -> None:
        """Add a line to the job's log."""
        self.job.logs.append(line)
        if len(self.job.logs) > KEPT_LINES:
            del self.job.logs[: KEPT_LINES // 2]
        self.tell("output", line)

    def cancel(self, reason: str) -> None:
        """End the job and everything under it."""
        self._ending.begin(reason)

    @property
    def is_canceled(self) -> bool:
        """Whether somebody has ended the job."""
        return self._ending.begun.is_set()

    def check(self) -> None:
        """Raise JobCanceled once the job has been ended."""
        if self.is_canceled:
            raise JobCanceled(self._ending.reason)

    def sleep(self, seconds: float) -> None:
        """Wait; raises JobCanceled as soon as the job is ended."""
        self._ending.begun.wait(seconds)
        self.check()

    @contextlib.contextmanager
    def when_canceled(self, action: Callable[[], None]) -> Iterator[None]:
        """Have `action` called if the job is ended meanwhile; at once if it has been already."""

        def act(_reason: str) -> None:
            action()

        try:
            self._ending.add(act)
            yield
        finally:
            self._ending.discard(act)


class _Ending:
    """The end of a job before its own: whether somebody asked for it, why, and who wants to know."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.reason = ""
        self._lock = threading.Lock()
        self._actions: dict[Callable[[str], None], None] = {}

    def add(self, action: Callable[[str], None]) -> None:
        """Have `action` called with the reason when the end is asked for; at once if it has been."""
        with self._lock:
            self._actions[action] = None
        if self.begun.is_set():
            action(self.reason)

    def discard(self, action: Callable[[str], None]) -> None:
        """Forget an action that is of no use any more."""
        with self._lock:
            self._actions.pop(action, None)

    def begin(self, reason: str) -> None:
        """Ask for the end; the first reason stays."""
        with self._lock:
            self.reason = self.reason or reason
            self.begun.set()
            actions = list(self._actions)
        for action in actions:
            action(reason)


class JobTable:
    """All jobs of a session, by id; of the ended ones the latest."""

    def __init__(self, listeners: list[Listener]) -> None:
        self._listeners = listeners
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Handle] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._large: OrderedDict[str, Handle] = OrderedDict()
        self._telling = threading.Lock()

    def create(
        self,
        target: Target,
        args: Mapping[str, Any],
        *,
        parent: Handle | None = None,
        label: str = "",
        step_id: str | None = None,
        id: str | None = None,
    ) -> Handle:
        """Return a new job; under `parent` it is canceled with it.

        `id` is one that it has already, or that somebody chose; JobExists if another has it.
        """
        job = Job(
            id=id or str(uuid.uuid4()),
            target=target,
            args=args,
            parent=parent.id if parent else None,
            root=parent.root.id if parent else None,
            flow_step_id=step_id,
            created_at=time.time(),
        )
        handle = Handle(self, job, parent, label or target.path)
        with self._lock:
            if job.id in self._jobs:
                raise JobExists(f"Job with id {job.id} already exists")
            self._jobs[job.id] = handle
        if parent is not None:
            parent.adopt(handle)
        return handle

    def get(self, job_id: str) -> Handle | None:
        """Return the job of that id, if it is known."""
        return self._jobs.get(job_id)

    def running(self) -> list[Handle]:
        """Return the jobs that have not ended."""
        with self._lock:
            return [handle for handle in self._jobs.values() if not handle.done.is_set()]

    def roots(self) -> list[Handle]:
        """Return the jobs that belong to no other, ended ones included as far as they are kept."""
        with self._lock:
            return [handle for handle in self._jobs.values() if handle.parent is None]

    def retire(self, handle: Handle) -> None:
        """Note that a job has ended, and forget the oldest of the ended ones."""
        with self._lock:
            self._ended[handle.id] = None
            if _texts(handle.job.args) + _texts(_result(handle.job)) > _LARGE:
                self._large[handle.id] = handle
            while len(self._ended) > KEPT_JOBS:
                oldest, _ = self._ended.popitem(last=False)
                self._jobs.pop(oldest, None)
                self._large.pop(oldest, None)
            while len(self._large) > KEPT_LARGE:
                self._relieve(self._large.popitem(last=False)[1].job)

    def _relieve(self, job: Job) -> None:
        """Give back the memory of an ended job: its arguments, or all of it if the result is large too."""
        job.args = {}
        if _texts(_result(job)) > _LARGE:
            self._ended.pop(job.id, None)
            self._jobs.pop(job.id, None)

    def tell(self, handle: Handle, kind: EventKind, data: Any) -> None:
        """Send an event to every listener, one at a time."""
        if not self._listeners:
            return
        parent = handle.parent.id if handle.parent else None
        event = Event(kind, handle.id, parent, handle.label, time.time(), data)
        with self._telling:
            for listener in self._listeners:
                listener(event)


def _result(job: Job) -> Any:
    return None if job.completed is None else job.completed.result


def _texts(value: Any) -> int:
    """Return the characters of a text, or of the texts that are a mapping's values."""
    values = value.values() if isinstance(value, Mapping) else (value,)
    return sum(len(one) for one in values if isinstance(one, str))
