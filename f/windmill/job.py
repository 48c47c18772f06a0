"""A job as it runs: its progress bar, the request that it stop, and whether another job has ended."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# anyio==4.16.0
# certifi==2026.10.18
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# typing-extensions==4.16.0

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self, TypedDict

from f.connect.errors import ConnectError, TryLater
from f.connect.times import REAL, Clock
from f.windmill.connection import ask, connection, is_on_windmill, post

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOOK_SECONDS = 0.1  # between two looks while waiting
_SHOW_AGAIN_SECONDS = 0.5
_ASK_AGAIN_SECONDS = 10.0
_KEEP_SECONDS = 10.0
_URLS = ("approvalPage", "resume", "cancel")
_JOB_TYPES = ("QueuedJob", "CompletedJob")


class Progress:
    """Shows the share that is done in Windmill's progress bar, at most twice a second.

    A bar that cannot be moved, for whatever reason, stops nothing; without Windmill there is none.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._next = 0.0

    def __call__(self, done: int) -> None:
        """Note that so many are done."""
        if time.monotonic() >= self._next:
            _show(100 * done // max(self._total, 1))
            self._next = time.monotonic() + _SHOW_AGAIN_SECONDS


def _show(percent: int) -> None:
    """Move the bar. wmill.set_progress asks for the job first, and raises a bare Exception if refused."""
    job = os.environ.get("WM_JOB_ID")
    if not job or not os.environ.get("WM_TOKEN") or not is_on_windmill():
        return
    with contextlib.suppress(Exception):  # for whatever reason, as Progress says
        windmill = connection()
        windmill.client.post(
            f"/w/{windmill.workspace}/job_metrics/set_progress/{job}",
            json={"percent": percent, "flow_job_id": os.environ.get("WM_FLOW_JOB_ID") or None},
        )


class Cancellation(Clock):
    """Hears a request to stop while it is entered; a Client with this clock then waits for no retry or limit.

    Windmill cancels a Python job by SIGINT if the worker is set up with MAX_WAIT_FOR_SIGINT, and kills it
    after so many seconds; without that setting it kills at once. Other supervisors send SIGTERM. Signals
    come to the main thread alone: that is where a job's main() runs.
    """

    def __init__(self) -> None:
        self._requested = False

    def is_requested(self) -> bool:
        """Return whether the job was asked to stop."""
        return self._requested

    def sleep(self, seconds: float) -> bool:
        """Let time pass on this thread, until a request to stop."""
        deadline = self.ticks() + seconds
        while not self._requested and (left := deadline - self.ticks()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
        return self._requested

    async def sleep_async(self, seconds: float) -> bool:
        """Let time pass on this task, until a request to stop."""
        import asyncio  # 40 ms that a job without asyncio must not pay

        deadline = self.ticks() + seconds
        while not self._requested and (left := deadline - self.ticks()) > 0:  # noqa: ASYNC110 - a handler sets flags only
            await asyncio.sleep(min(left, _LOOK_SECONDS))
        return self._requested

    def __enter__(self) -> Self:
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Nothing that takes a lock: the signal may have come while this thread holds it.
        self._requested = True


def is_running(job: str) -> bool | None:
    """Return whether a job is queued or running; None if Windmill knows no such job.

    TryLater if Windmill does not answer, or with something else than a job.
    """
    reply = ask(f"jobs_u/get/{job}")
    if reply.status_code != 200:
        return None
    try:
        facts = reply.json()
    except (ValueError, RecursionError):
        facts = None
    kind = facts.get("type") if isinstance(facts, dict) else None
    if kind not in _JOB_TYPES:  # a proxy's page, say: it proves nothing of the job
        raise TryLater(f"Windmill's answer about job {job} does not say its state.", code="platform")
    return bool(kind == "QueuedJob")


class ResumeUrls(TypedDict):
    """Where a person decides on a step that waits: two links, and a page with both."""

    approvalPage: str
    resume: str
    cancel: str


def resume_urls() -> ResumeUrls:
    """Return the links for the step of this job.

    FixSettings if this is no job, TryLater if Windmill does not give them.
    """
    connection()  # before the job's name: without Windmill that is what to say
    job = os.environ.get("WM_JOB_ID") or "NO_ID"
    reply = ask(f"jobs/resume_urls/{job}/{secrets.randbelow(1_000_000_000)}")
    urls = None
    with contextlib.suppress(ValueError):
        urls = reply.json() if reply.status_code == 200 else None
    if not isinstance(urls, dict) or not all(isinstance(urls.get(name), str) for name in _URLS):
        raise TryLater(f"Windmill gave no links to decide by (status {reply.status_code}).", code="platform")
    return {"approvalPage": urls["approvalPage"], "resume": urls["resume"], "cancel": urls["cancel"]}


def keep_in_flow(key: str, value: dict[str, Any]) -> None:
    """Keep a value in the state of the flow that this job belongs to, for whoever follows it while it runs.

    Where that is not possible, nothing is kept: no step reads it.
    """
    flow = os.environ.get("WM_ROOT_FLOW_JOB_ID") or os.environ.get("WM_FLOW_JOB_ID")
    if flow and is_on_windmill():
        with contextlib.suppress(ConnectError):
            post(f"jobs/flow/user_states/{flow}/{key}", value, _KEEP_SECONDS)


class JobStatus:
    """The status of other jobs by Windmill's word, which is known sooner than a lease runs out.

    Windmill is asked on demand, and about the same job at most every ten seconds.
    """

    def __init__(self, clock: Clock = REAL) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, bool]] = {}

    def has_ended(self, job: str) -> bool:
        """Return whether Windmill knows the job and it is over."""
        at, ended = self._known.get(job, (float("-inf"), False))
        if not ended and self._clock.ticks() - at > _ASK_AGAIN_SECONDS:
            ended = _has_ended(job)
            self._known[job] = (self._clock.ticks(), ended)
        return ended


def _has_ended(job: str) -> bool:
    try:
        return is_running(job) is False
    except ConnectError:  # then the lease decides
        return False
