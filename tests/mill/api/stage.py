"""A workspace on disk, jobs that are plain functions, and a real HTTP client: what these tests stand on."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from mill.api.server import LocalApi
from mill.errors import MillError
from mill.ports import Completed, Job, JobExists, Resume, Target
from tests.nursery import nursery

# An HTTP trigger of a script that anybody may call, but for its script and its path.
OPEN_ROUTE: dict[str, Any] = {
    "is_flow": False,
    "http_method": "post",
    "request_type": "sync",
    "authentication_method": "none",
    "is_static_website": False,
    "workspaced_route": False,
    "wrap_body": False,
    "raw_string": False,
}
Function = Callable[[Mapping[str, Any]], Any]


class FunctionJobs:
    """`Jobs` whose scripts and flows are functions from arguments to a result, run in threads."""

    def __init__(self) -> None:
        self.functions: dict[str, Function] = {}
        self.events: list[Mapping[str, Any] | None] = []
        self.resumes: dict[str, list[Resume]] = {}
        self.waiting: set[str] = set()
        self._jobs: dict[str, Job] = {}
        self._ends: dict[str, Future[Completed]] = {}
        self._states: dict[str, dict[str, Any]] = {}
        self._executor = ThreadPoolExecutor(8)
        self._lock = threading.Lock()

    def close(self) -> None:
        for end in self._ends.values():
            if not end.done():
                end.set_result(Completed(success=False, result={"error": {"name": "Canceled"}}))
        self._executor.shutdown()

    def add(self, kind: str, path: str, id: str | None = None, **facts: Any) -> Job:
        if id in self._jobs:
            raise JobExists(f"Job with id {id} already exists")
        job = Job(id or str(uuid.uuid4()), Target(kind, path), {}, **facts)  # type: ignore[arg-type]  # a test's words
        self._jobs[job.id] = job
        self._ends[job.id] = Future()
        return job

    def start(
        self,
        target: Target,
        args: Mapping[str, Any],
        *,
        event: Mapping[str, Any] | None = None,
        parent: str | None = None,
        delay: float = 0.0,
        id: str | None = None,
    ) -> str:
        if target.path not in self.functions:
            raise MillError(f"There is no {target.kind} {target.path}.")
        self.events.append(event)
        job = self.add(target.kind, target.path, id=id, parent=parent, status="running", started_at=1000.0)
        job.args = dict(args)
        self._executor.submit(self._run, job)
        return job.id

    def call(
        self, target: Target, args: Mapping[str, Any], *, event: Mapping[str, Any] | None = None
    ) -> Completed:
        self.events.append(event)
        return self._apply(target.path, args)

    def wait(self, job_id: str, timeout: float | None = None) -> Completed | None:
        try:
            return self._ends[job_id].result(timeout)
        except TimeoutError:
            return None

    def get(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def cancel(self, job_id: str, reason: str) -> None:
        error = {"error": {"name": "Canceled", "message": reason}}
        self.end(self._jobs[job_id], Completed(success=False, result=error), "canceled")

    def set_progress(self, job_id: str, percent: int) -> None:
        self._jobs[job_id].progress = percent

    def resume(self, job_id: str, resume: Resume) -> bool:
        if job_id not in self.waiting:
            return False
        self.waiting.discard(job_id)
        self.resumes.setdefault(job_id, []).append(resume)
        return True

    def flow_user_state(self, flow_job_id: str) -> dict[str, Any]:
        return self._states.setdefault(flow_job_id, {})

    def end(self, job: Job, completed: Completed, status: str) -> None:
        with self._lock:
            if job.completed is None:
                job.completed, job.ended_at = completed, 1001.5
                job.status = status  # type: ignore[assignment]  # a test's word
                self._ends[job.id].set_result(completed)

    def _run(self, job: Job) -> None:
        completed = self._apply(job.target.path, job.args)
        self.end(job, completed, "success" if completed.success else "failure")

    def _apply(self, path: str, args: Mapping[str, Any]) -> Completed:
        if path not in self.functions:
            raise MillError(f"There is no script {path}.")
        try:
            return Completed(success=True, result=json.loads(json.dumps(self.functions[path](args))))
        except RuntimeError as error:
            failure = {"message": str(error), "name": "RuntimeError", "stack": ""}
            return Completed(success=False, result={"error": failure})


@dataclass(frozen=True)
class Reply:
    """An HTTP reply, whatever its status."""

    status: int
    body: bytes
    headers: Message

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Stage:
    """A workspace with its jobs, and the API while it is served."""

    root: Path
    state: Path
    jobs: FunctionJobs = field(default_factory=FunctionJobs)
    served: LocalApi | None = None

    def __post_init__(self) -> None:
        (self.root / "wmill.yaml").write_text("defaultTs: bun\n", encoding="utf-8")

    @property
    def api(self) -> LocalApi:
        assert self.served is not None
        return self.served

    def write(self, path: str, content: Any) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return file

    def trigger(self, path: str, **fields: Any) -> Path:
        """An HTTP trigger of the script at the same path, unless `fields` say otherwise."""
        full = OPEN_ROUTE | {"script_path": path, "route_path": path} | fields
        return self.write(f"{path}.http_trigger.yaml", full)

    def template(self, kind: str, path: str, value: Any, **fields: Any) -> Path:
        return self.write(f"resources/mock/{path}.{kind}.yaml", {"value": value, **fields})

    def serve(self, **options: Any) -> LocalApi:
        self.served = LocalApi(self.root, self.state, self.jobs, **{"environment": {}} | options)
        return self.served

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        token: bool = False,
        url: str | None = None,
    ) -> Reply:
        """One request to the API, or to `url`; `token` presents the session's."""
        all_headers = dict(headers or {})
        if token:
            all_headers["Authorization"] = f"Bearer {self.api.token}"
        request = Request((url or self.api.url) + path, data=body, headers=all_headers, method=method)
        try:
            with urlopen(request, timeout=20) as reply:
                return Reply(reply.status, reply.read(), reply.headers)
        except HTTPError as error:
            with error:
                return Reply(error.code, error.read(), error.headers)

    def post(self, path: str, value: Any, **options: Any) -> Reply:
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        return self.send("POST", path, json.dumps(value).encode(), headers, **options)

    def script(self, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run Python code with the official client in a process of its own, forked as a job's would be."""
        variables = {
            "PATH": os.environ["PATH"],
            "BASE_INTERNAL_URL": self.api.url,
            "WM_BASE_URL": self.api.url,
            "WM_TOKEN": self.api.token,
            "WM_WORKSPACE": self.api.workspace_id,
            **environment,
        }
        return nursery("wmill").run(code, variables)
