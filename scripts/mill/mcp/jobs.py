"""A call as a job: started, followed and ended with the call, from an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio

from mill.engine.jobs.events import Event
from mill.engine.jobs.outcome import Outcome
from mill.errors import MillError
from mill.ports import Completed, Jobs, Target

Progress = Callable[[float], Awaitable[None]]

_CANCELED = "the client took the call back"


class Follower:
    """Hands what the engine tells of a job to the call that waits for it. A listener, for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Queue[Event]]] = {}

    def __call__(self, event: Event) -> None:
        """Pass an event on, if anybody waits for it."""
        if event.kind not in {"progress", "ended"}:
            return
        with self._lock:
            call = self._calls.get(event.job_id)
        if call is not None:
            loop, queue = call
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever waited
                loop.call_soon_threadsafe(queue.put_nowait, event)

    def expect(self, job_id: str) -> asyncio.Queue[Event]:
        """Return where the events of a job that is about to start arrive."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        with self._lock:
            self._calls[job_id] = asyncio.get_running_loop(), queue
        return queue

    def forget(self, job_id: str) -> None:
        """Have no more of a job."""
        with self._lock:
            self._calls.pop(job_id, None)


class Calls:
    """Runs calls as jobs, no more than `most` at once; others wait their turn."""

    def __init__(self, jobs: Jobs, follower: Follower, most: int) -> None:
        self._jobs, self._follower, self._most = jobs, follower, most
        self._slots: anyio.CapacityLimiter | None = None
        self.open = 0

    async def run(self, target: Target, args: Mapping[str, Any], progress: Progress) -> tuple[str, Completed]:
        """Run a job to its end; return its id and how it ended. Cancelled, it ends the job too.

        MillError for a target that cannot run.
        """
        job_id = str(uuid.uuid4())
        self._slots = self._slots or anyio.CapacityLimiter(self._most)
        self.open += 1
        try:
            async with self._slots:
                return job_id, await self._run(job_id, target, args, progress)
        finally:
            self.open -= 1

    async def _run(
        self, job_id: str, target: Target, args: Mapping[str, Any], progress: Progress
    ) -> Completed:
        events = self._follower.expect(job_id)
        ended = False
        try:
            # Reads files; and a start that was begun is finished, or nobody could end the job.
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(lambda: self._jobs.start(target, args, id=job_id))
            while True:
                event = await events.get()
                if event.kind == "ended":
                    ended = True
                    return _completed(event.data)
                await progress(float(event.data))
        except MillError:
            ended = True
            raise
        finally:
            self._follower.forget(job_id)
            if not ended:
                self._jobs.cancel(job_id, _CANCELED)


def _completed(outcome: Outcome) -> Completed:
    return Completed(outcome.success, outcome.result)
