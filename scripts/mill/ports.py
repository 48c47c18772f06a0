"""What the flow engine and the stand-in of the Windmill API need of each other.

Each side is written against these protocols, so neither imports the other; `mill.session`
puts them together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from mill.errors import MillError

JobKind = Literal["script", "flow", "preview"]
JobStatus = Literal["queued", "running", "suspended", "success", "failure", "canceled"]


@dataclass(frozen=True, slots=True)
class Target:
    """What to run: a workspace path, or what is handed over as `code` and tried out under that path.

    `code` is a script's text (`kind` preview), or the JSON of what a flow.yaml holds (`kind` flow).
    """

    kind: JobKind
    path: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """How a job ended. A failed job's result is Windmill's `{"error": {message, name, ...}}`.

    `logs` are there for a script that was called; those of other jobs lie in the job.
    """

    success: bool
    result: Any
    logs: Sequence[str] = field(default=(), compare=False)


@dataclass(slots=True)
class Job:
    """One run of a script or flow. Times are seconds since the epoch."""

    id: str
    target: Target
    args: Mapping[str, Any]
    parent: str | None = None
    root: str | None = None
    flow_step_id: str | None = None
    status: JobStatus = "queued"
    created_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    progress: int | None = None
    completed: Completed | None = None
    logs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Resume:
    """An approval or a refusal of a suspended step."""

    resume_id: int
    approved: bool
    payload: Any = None
    approver: str | None = None


def description_in(result: Any) -> Any:
    """Return what a step says to whoever decides: `description` in its result, any rich result."""
    return result.get("description") if isinstance(result, dict) else None


class JobExists(MillError):
    """There is a job of the id that was asked for."""


class Jobs(Protocol):
    """What the API asks of the engine. Every method may be called from any thread."""

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
        """Start a job, return its id. An `event` goes to the preprocessor, which makes the args.

        `id` is one that the caller chose; JobExists if there is a job of that id.
        """

    def call(
        self, target: Target, args: Mapping[str, Any], *, event: Mapping[str, Any] | None = None
    ) -> Completed:
        """Run a script in a process kept warm for it (module loaded once) and wait: for busy HTTP routes."""

    def wait(self, job_id: str, timeout: float | None = None) -> Completed | None:
        """Wait for the end of a job; None after `timeout` seconds."""

    def get(self, job_id: str) -> Job | None:
        """Return the job, or None if there is none of that id."""

    def cancel(self, job_id: str, reason: str) -> None:
        """End a job: its result becomes an error named Canceled."""

    def set_progress(self, job_id: str, percent: int) -> None:
        """Record what `wmill.set_progress` said."""

    def resume(self, job_id: str, resume: Resume) -> bool:
        """Approve or refuse the step that `job_id` suspended; False where nothing waits for it."""

    def flow_user_state(self, flow_job_id: str) -> dict[str, Any]:
        """Return the flow's user state: the live, mutable mapping."""


class Platform(Protocol):
    """What the engine asks of the API."""

    @property
    def url(self) -> str:
        """Root of the loopback API, without a trailing slash."""

    @property
    def token(self) -> str:
        """The token jobs present."""

    @property
    def workspace_id(self) -> str:
        """What jobs see as WM_WORKSPACE."""

    @property
    def keeps_state(self) -> bool:
        """Whether jobs may keep their own state in the data table `main`."""

    def get_variable(self, path: str) -> str:
        """Return a variable's value; MillError with the nearest names where there is none."""

    def get_resource(self, path: str) -> Any:
        """Return a resource's value with `$var:` and `$res:` inside it resolved.

        MillError where there is none.
        """
