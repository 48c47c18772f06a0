"""What every part of the engine needs: the workspace, the platform, workers, jobs and caches."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mill.engine.definition.code import Code
from mill.engine.expressions import Evaluator
from mill.engine.jobs.approvals import Approvals
from mill.engine.jobs.job_table import Handle, JobTable
from mill.engine.processes.environments import Environments, Order, Stopped
from mill.engine.processes.pool import WorkerPool
from mill.engine.slots import WorkerSlots
from mill.ports import Platform
from mill.repository.workspace import Workspace

USER = "user"
EMAIL = "user@example.com"


@dataclass(slots=True)
class Runtime:
    """The engine's surroundings. `wait` sleeps for a job: a test hands in one that only takes notes.

    `platform` is set once the API is up, which itself needs the engine.
    """

    workspace: Workspace
    state: Path
    workers: WorkerPool
    environments: Environments
    evaluator: Evaluator
    jobs: JobTable
    approvals: Approvals
    extra_env: Mapping[str, str] = field(default_factory=dict)
    wait: Callable[[Handle, float], None] = Handle.sleep
    slots: WorkerSlots = field(default_factory=WorkerSlots)
    platform: Platform = field(init=False)

    def python_of(self, handle: Handle, code: Code, path: str) -> Path | None:
        """Return the interpreter for a script's lock, its environment made if need be; None: mill's own.

        Where mill's own has all the packages in those versions it is taken, whatever its version: nothing is
        made then, and nothing waited for. MillError where there can be no environment; JobCanceled.
        """
        if code.lock is None or self.environments.has_all(code.lock):
            return None
        order = Order(code.lock, path, lambda text: handle.tell("waiting", text), lambda: handle.is_canceled)
        try:
            return self.environments.python_for(order)
        except Stopped:
            handle.check()
            raise

    def environment(
        self, handle: Handle, path: str, flow_path: str = "", flow_job: str = "", step_id: str = ""
    ) -> dict[str, str]:
        """Return the environment of a job's process: nothing of this process's own but PATH, TZ and HOME.

        The names are those Windmill sets; each is there, empty where it does not apply. MILL alone is ours:
        it tells a job that it runs on a laptop. PYTHONPATH is the workspace alone, for what a script starts:
        the packages are in mill's own Python, on Windmill in folders of the worker's cache.
        """
        state = f"{flow_path}/{step_id}_{USER}" if flow_job else f"{path}/{USER}"
        objects = f"{(flow_path or path).replace('/', '_')}/manual" + (f"/{step_id}" if flow_job else "")
        windmill = {
            "WORKSPACE": self.platform.workspace_id,
            "TOKEN": self.platform.token,
            "EMAIL": EMAIL,
            "USERNAME": USER,
            "BASE_URL": self.platform.url,
            "JOB_ID": handle.id,
            "JOB_PATH": path,
            "FLOW_JOB_ID": flow_job,
            "ROOT_FLOW_JOB_ID": handle.root.id if flow_job else "",
            "ROOT_JOB_ID": handle.root.id,
            "FLOW_PATH": flow_path,
            "FLOW_STEP_ID": step_id,
            "SCHEDULE_PATH": "",
            "SCHEDULED_FOR": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(handle.job.created_at)),
            "PERMISSIONED_AS": f"u/{USER}",
            "STATE_PATH": state,
            "OBJECT_PATH": f"{objects}/{round(time.time() * 1000)}_{handle.id}",
            "WORKER_GROUP": "default",
            "TESTED_RUNNABLE": "",
            "RUNNABLE_ID": "",
            "END_USER_EMAIL": EMAIL,
        }
        return {
            "PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
            "TZ": os.environ.get("TZ", "UTC"),
            "HOME": str(self.state / "home"),
            "LC_CTYPE": "C.UTF-8",
            "PYTHONPATH": str(self.workspace.root),
            "BASE_INTERNAL_URL": self.platform.url,
            "MILL": "1",
            **({"MILL_DATA_TABLES": "1"} if self.platform.keeps_state else {}),
            **self.extra_env,
            **{f"WM_{name}": value for name, value in windmill.items()},
        }


class ResultCache:
    """Results kept for `cache_ttl` seconds, on disk, for the same runnable and arguments."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now
        self._lock = threading.Lock()

    def get(self, runnable: str, args: Mapping[str, Any]) -> tuple[bool, Any]:
        """`(True, result)` while there is a fresh one, else `(False, None)`."""
        file = self._file(runnable, args)
        with contextlib.suppress(OSError, ValueError):
            entry = json.loads(file.read_text("utf-8"))
            if entry["expires"] > self._now():
                return True, entry["result"]
        return False, None

    def put(self, runnable: str, args: Mapping[str, Any], result: Any, seconds: int) -> None:
        """Keep a result; replaces an older one."""
        file = self._file(runnable, args)
        entry = json.dumps({"expires": self._now() + seconds, "result": result})
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(".new")
            draft.write_text(entry, "utf-8")
            draft.replace(file)

    def _file(self, runnable: str, args: Mapping[str, Any]) -> Path:
        text = json.dumps([runnable, args], sort_keys=True)
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
