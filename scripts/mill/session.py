"""A session: the engine and the loopback API of one `mill` command, put together and ended together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mill.engine.engine import Engine
from mill.engine.expressions import Evaluator
from mill.engine.jobs.approvals import Approvals, Approver
from mill.engine.jobs.events import Listener
from mill.engine.jobs.job_table import Handle, JobTable
from mill.engine.processes.environments import Environments, cache_folder
from mill.engine.processes.pool import WorkerPool
from mill.engine.runtime import Runtime
from mill.engine.slots import WorkerSlots
from mill.ports import Completed, Job, Jobs, Platform, Target
from mill.repository.workspace import Workspace

STATE_FOLDER = ".mill"
PlatformFactory = Callable[[Jobs, Workspace, Path], contextlib.AbstractContextManager[Platform]]


def loopback_api(
    jobs: Jobs, workspace: Workspace, state: Path
) -> contextlib.AbstractContextManager[Platform]:
    """Return the stand-in of the Windmill API, on a free port."""
    from mill.api.server import LocalApi  # noqa: PLC0415 - a web server's imports, paid only by who runs jobs

    return LocalApi(workspace.root, state, jobs)


@dataclass(frozen=True, slots=True)
class _Options:
    """How the jobs of a session are run, beside where."""

    listeners: tuple[Listener, ...]
    approver: Approver | None
    env: dict[str, str]
    platform: PlatformFactory
    wait: Callable[[Handle, float], None]
    expression_seconds: float
    worker_count: int | None
    keeps_loaded: Callable[[str], bool]


class Session:
    """Runs jobs of one workspace. A context manager: leaving it ends every process it started.

    With `worker_count` no more script jobs run at once, calls of routes included, as on a server.
    `keeps_loaded` says of a script's path whether its jobs are forked from a process that has it loaded.
    """

    def __init__(
        self,
        workspace: Workspace,
        state: Path | None = None,
        *,
        listeners: tuple[Listener, ...] = (),
        approver: Approver | None = None,
        env: Mapping[str, str] | None = None,
        platform: PlatformFactory = loopback_api,
        wait: Callable[[Handle, float], None] = Handle.sleep,
        expression_seconds: float = 20.0,
        worker_count: int | None = None,
        keeps_loaded: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        self.workspace = workspace
        self.state = (state or workspace.root / STATE_FOLDER).resolve()
        self._options = _Options(
            listeners,
            approver,
            dict(env or {}),
            platform,
            wait,
            expression_seconds,
            worker_count,
            keeps_loaded,
        )
        self._stack = contextlib.ExitStack()
        self._asked_for: set[str] = set()
        self.engine: Engine
        self.platform: Platform

    def __enter__(self) -> Self:
        options = self._options
        with contextlib.ExitStack() as stack:
            (self.state / "home").mkdir(parents=True, exist_ok=True)
            (self.state / ".gitignore").write_text("*\n", "utf-8")
            workers = stack.enter_context(
                WorkerPool(self.workspace.root, cache_folder() / "bytecode", options.keeps_loaded)
            )
            runtime = Runtime(
                workspace=self.workspace,
                state=self.state,
                workers=workers,
                environments=Environments(self.workspace.root),
                evaluator=Evaluator(
                    variable=self._variable,
                    resource=self._resource,
                    time_limit=options.expression_seconds,
                ),
                jobs=JobTable(list(options.listeners)),
                approvals=Approvals(options.approver),
                extra_env=options.env,
                wait=options.wait,
                slots=WorkerSlots(options.worker_count),
            )
            self.engine = Engine(runtime)
            stack.callback(self.engine.close)
            self.platform = runtime.platform = stack.enter_context(
                options.platform(self.engine, self.workspace, self.state)
            )
            stack.callback(self.engine.end_jobs, "mill is ending")
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def set_variable(self, name: str, value: str) -> None:
        """Set a variable in the environment of the jobs that start from now on."""
        self._options.env[name] = value

    def _variable(self, path: str) -> str:
        return self.platform.get_variable(path)

    def _resource(self, path: str) -> Any:
        return self.platform.get_resource(path)

    def run(
        self, target: Target, args: Mapping[str, Any], event: Mapping[str, Any] | None = None
    ) -> Completed:
        """Run a job to its end. Interrupted (Ctrl-C), it ends with the session."""
        job_id = self.engine.start(target, args, event=event)
        self._asked_for.add(job_id)
        completed = self.engine.wait(job_id)
        assert completed is not None
        return completed

    def finish(self) -> list[Job]:
        """Wait for what the jobs of `run` have started beside themselves, and return what of it failed."""
        return self.engine.finish(self._asked_for)
