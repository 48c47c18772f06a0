"""Waiting for a job without holding a thread."""

from __future__ import annotations

import asyncio
import threading

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from mill.api.transport.replies import Refusal
from mill.ports import Completed, Jobs

LONGEST_WAIT = 600.0  # seconds, Windmill's default for synchronous replies
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.05  # seconds between two looks


class Waiter:
    """Waits for jobs on behalf of HTTP callers, or tells them where to look."""

    def __init__(self, jobs: Jobs, stopping: threading.Event, workspace_url: str) -> None:
        self._jobs = jobs
        self._stopping = stopping
        self._workspace_url = workspace_url

    def started(self, job_id: str) -> Response:
        """Return the answer to a request that started a job: its id, as on Windmill.

        Where its result is read is in the header Location, which a Windmill server does not send.
        """
        address = f"{self._workspace_url}/jobs_u/completed/get_result_maybe/{job_id}"
        return PlainTextResponse(job_id, 201, headers={"Location": address})

    async def wait(self, request: Request, job_id: str) -> Completed:
        """Return how the job ended.

        A caller who hangs up cancels it, as on Windmill; 503 when the API stops.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LONGEST_WAIT
        pause = _FIRST_PAUSE
        while loop.time() < deadline:
            completed = self._jobs.wait(job_id, 0)  # a look: it does not block
            if completed is not None:
                return completed
            if self._stopping.is_set():
                raise Refusal(503, "`mill` is stopping: send the request again once it runs.")
            if await request.is_disconnected():
                await run_in_threadpool(self._jobs.cancel, job_id, "http connection broke")
                raise Refusal(499, "The caller hung up.")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        raise Refusal(
            504, f"Job {job_id} still runs after {LONGEST_WAIT:.0f} s: start it with async and poll."
        )
