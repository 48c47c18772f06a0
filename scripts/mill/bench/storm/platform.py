"""The part of Windmill's API that the receiver and the dispatcher use, with a ledger of jobs.

A job id that is given is taken once; a job goes on when whoever started it is dead; what is asked about an
unknown job is answered as Windmill does. Each job is a life in a process of its own, and may be killed. Of a
life that is stopped nobody hears: its job is run again or has failed, and when the life goes on there may be
two. Whichever ends first says what became of the job.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from mill.bench.storm.effects import Served

DISPATCHER = "f/webhooks/dispatch_events"
WORKSPACE = "kills"
_SCHEDULE_SECONDS = 0.4  # for the minute of a server
_MOST_DISPATCHERS = 2
_SLOTS = 6  # jobs at once, as of so many workers
_LOST_ANSWERS = 0.02  # the share of jobs that are taken while the answer is lost
_RESTARTED = 0.5  # the share of killed jobs that are run again under their id, as Windmill does; others fail
_GONE = {"error": {"name": "ExecutionErr", "message": "The worker of this job is gone."}}

Start = Callable[[Mapping[str, Any]], None]


@dataclass
class Job:
    """One job; `ended` is what it left, `life` the last that was begun for it."""

    id: str
    path: str
    args: Mapping[str, Any]
    state: str = "queued"
    ended: Mapping[str, Any] | None = None
    life: int = 0


@dataclass
class _Ledger:
    """What became of every job, and which of them live. `next_run`: of the dispatcher, by schedule."""

    jobs: dict[str, Job] = field(default_factory=dict)
    queue: deque[Job] = field(default_factory=deque)
    counts: Counter[str] = field(default_factory=Counter)
    lives: dict[int, Job] = field(default_factory=dict)
    next_life: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    next_run: float = 0.0


class Platform:
    """Serves resources, takes jobs and hands them to `start` as slots get free."""

    def __init__(
        self,
        folder: Path,
        resources: Mapping[str, Mapping[str, Any]],
        seed: int,
        scheduled: Mapping[str, Any] | None = None,
    ) -> None:
        """`scheduled`: what the schedule gives to the dispatcher."""
        self.ledger = _Ledger()
        self.start: Start = lambda _order: None
        self._folder, self._resources, self._scheduled = folder, resources, scheduled or {}
        self._dice = random.Random(seed)  # noqa: S311 - faults to repeat a run with, no secret
        self._lock = threading.RLock()
        self._server = Served(_handler(self))

    @property
    def url(self) -> str:
        """What BASE_INTERNAL_URL says."""
        return self._server.url

    def take(self, path: str, job_id: str, args: Mapping[str, Any]) -> tuple[int, Any]:
        """Take a job, or refuse its id."""
        with self._lock:
            if job_id in self.ledger.jobs:
                self.ledger.counts["ids refused"] += 1
                return 400, f"Bad request: job with id {job_id} already exists"
            job = Job(job_id or str(uuid.uuid4()), path, args)
            self.ledger.jobs[job.id] = job
            self.ledger.counts["jobs"] += 1
            self.ledger.queue.append(job)
            self._fill()
            return 201, job.id

    def ended(self, life: int, *, killed: bool) -> str:
        """Hear that a life is over; return its role."""
        with self._lock:
            job = self.ledger.lives.pop(life)
            result = self._folder / f"{life}.json"
            left = json.loads(result.read_text("utf-8")) if result.exists() else None
            result.unlink(missing_ok=True)
            if job.ended is None and left is not None:
                self._end(job, left)
            elif job.life == life and job.state == "running":
                self._lose(job, again=killed)
            elif left is not None:
                self.ledger.counts[f"{_role(job)} ended when its job had"] += 1
            self._fill()
            return _role(job)

    def give_up(self, life: int) -> None:
        """Take the worker of a life for dead, as nobody has heard of it for long."""
        with self._lock:
            job = self.ledger.lives.get(life)
            if job is not None and job.life == life and job.state == "running":
                self.ledger.counts[f"{_role(job)} taken for dead"] += 1
                self._lose(job, again=True)
                self._fill()

    def _lose(self, job: Job, *, again: bool) -> None:
        """Run a job whose life came to nothing once more, or have it fail."""
        if again and job.path != DISPATCHER and self._dice.random() < _RESTARTED:
            job.state = "queued"
            self.ledger.queue.append(job)
            self.ledger.counts[f"{_role(job)} restarted"] += 1
        else:
            self._end(job, {"success": False, "result": _GONE})

    def _end(self, job: Job, left: Mapping[str, Any]) -> None:
        job.state, job.ended = "ended", left
        self.ledger.counts[f"{_role(job)} {'succeeded' if left['success'] else 'failed'}"] += 1

    def running(self, *, dispatchers: bool) -> list[int]:
        """Return the present lives of jobs that run now: of the dispatcher, or of handlers."""
        with self._lock:
            return [job.life for job in self._active("running") if (job.path == DISPATCHER) == dispatchers]

    def is_idle(self) -> bool:
        """Whether no job waits, and none lives."""
        with self._lock:
            return not self._active("running", "queued") and not self.ledger.lives

    def keep_schedule(self) -> None:
        """Start the dispatcher if it is time, whether or not another one still runs."""
        with self._lock:
            now = time.monotonic()
            waiting = sum(1 for job in self._active("running", "queued") if job.path == DISPATCHER)
            if now < self.ledger.next_run or waiting >= _MOST_DISPATCHERS:
                return
            self.ledger.next_run = now + _SCHEDULE_SECONDS
        self.take(DISPATCHER, "", self._scheduled)

    def answer(self, method: str, path: str, query: Mapping[str, list[str]], body: Any) -> tuple[int, Any]:
        """Return status and body; a status of 0: the connection is cut and nothing is said."""
        if method == "POST" and (found := re.fullmatch(r"jobs/run/p/(.+)", path)):
            status, said = self.take(found[1], (query.get("job_id") or [""])[0], body or {})
            with self._lock:
                lost = self._dice.random() < _LOST_ANSWERS
            return (0 if lost else status), said
        what, _, name = path.partition("/f/")
        if what in ("resources/get_value", "resources/get_value_interpolated"):
            value = self._resources.get(f"f/{name}")
            return (200, value) if value is not None else (404, "Not found")
        found = re.fullmatch(r"(jobs_u/(?:completed/get_result_maybe|get|get_args))/([^/]+)", path)
        return self._of_job(found[1], found[2]) if found else (404, "Not found")

    def _of_job(self, call: str, job_id: str) -> tuple[int, Any]:
        with self._lock:
            job = self.ledger.jobs.get(job_id)
            if call == "jobs_u/completed/get_result_maybe":
                ended = job.ended if job else None
                started = bool(job and job.state != "queued")
                return 200, {"completed": ended is not None, "started": started, **(ended or {})}
            if job is None:
                return 404, "Not found"
            if call == "jobs_u/get_args":
                return 200, job.args
            return 200, {"id": job.id, "type": "QueuedJob" if job.ended is None else "CompletedJob"}

    def _active(self, *states: str) -> list[Job]:
        return [job for job in self.ledger.jobs.values() if job.state in states]

    def _fill(self) -> None:
        while self.ledger.queue and len(self._active("running")) < _SLOTS:
            job = self.ledger.queue.popleft()
            if job.ended is not None:  # by a life of before that went on
                continue
            job.state, job.life = "running", next(self.ledger.next_life)
            self.ledger.lives[job.life] = job
            self.start({"life": job.life, "job": job.id, "path": job.path, "args": job.args})

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()


def _role(job: Job) -> str:
    return "dispatcher" if job.path == DISPATCHER else "handler"


def _handler(platform: Platform) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            read = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            address = urlsplit(self.path)
            path = address.path.removeprefix(f"/api/w/{WORKSPACE}/")
            status, said = platform.answer(
                method, path, parse_qs(address.query), json.loads(read) if read else None
            )
            if not status:
                self.close_connection = True
                return
            body = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(said, str) else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the ledger says it."""

    return Handler
