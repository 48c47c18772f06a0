"""A workspace in a temporary folder, with one engine on it for all the small flows of the tests."""

from __future__ import annotations

import contextlib
import itertools
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mill.conformance.steps import (
    Step,
    all_of,
    const,
    fail,
    give,
    identity,
    loop,
    one_of,
    py,
    retries,
    stop,
    subflow,
    transforms,
    while_,
)
from mill.engine.jobs.approvals import Request
from mill.engine.jobs.events import Event
from mill.engine.jobs.job_table import Handle
from mill.errors import MillError
from mill.ports import Completed, Jobs, Platform, Resume, Target
from mill.repository.workspace import Workspace
from mill.session import Session

__all__ = [
    "Lab",
    "Shelf",
    "Step",
    "all_of",
    "const",
    "fail",
    "give",
    "identity",
    "loop",
    "one_of",
    "py",
    "retries",
    "stop",
    "subflow",
    "transforms",
    "while_",
]


@dataclass
class Shelf:
    """The platform: a few variables and resources, and an address nothing listens on."""

    url: str = "http://127.0.0.1:9"
    token: str = "test-token"
    workspace_id: str = "local"
    keeps_state: bool = False
    variables: dict[str, str] = field(default_factory=lambda: {"u/test/word": "hello", "u/test/json": "[1]"})
    resources: dict[str, Any] = field(default_factory=lambda: {"u/test/crm": {"host": "crm.example.com"}})

    def get_variable(self, path: str) -> str:
        if path not in self.variables:
            raise MillError(f"There is no variable {path}.")
        return self.variables[path]

    def get_resource(self, path: str) -> Any:
        if path not in self.resources:
            raise MillError(f"There is no resource {path}.")
        return self.resources[path]


class Lab:
    """Runs flows given as data. Waits (sleeps, retries) are written down in `waits`, not slept."""

    def __init__(self, root: Path, **session: Any) -> None:
        self.root = root
        (root / "wmill.yaml").touch()
        self.shelf = Shelf()
        self.waits: list[float] = []
        self.events: list[Event] = []
        self.answers: list[Resume] = []
        self.asked: list[Request] = []
        self._numbers = itertools.count(1)
        self.session = Session(
            Workspace(root),
            root / ".mill",
            listeners=(self.events.append,),
            approver=self._answer,
            platform=self._platform,
            wait=session.pop("wait", self._note_wait),
            **{"expression_seconds": 0.5, **session},
        )

    def _note_wait(self, handle: Handle, seconds: float) -> None:
        handle.check()
        self.waits.append(seconds)

    def _answer(self, request: Request) -> Resume | None:
        self.asked.append(request)
        return self.answers.pop(0) if self.answers else None

    @contextlib.contextmanager
    def _platform(self, jobs: Jobs, workspace: Workspace, state: Path) -> Iterator[Platform]:
        yield self.shelf

    def reset(self) -> None:
        """Forget what earlier tests left."""
        self.waits.clear()
        self.events.clear()
        self.answers.clear()
        self.asked.clear()

    def path(self, name: str = "case") -> str:
        """A Windmill path nobody used before."""
        return f"f/lab/{name}_{next(self._numbers)}"

    def write_script(
        self, code: str, path: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> str:
        """Put a script into the workspace; returns its path."""
        path = path or self.path("script")
        file = self.root / f"{path}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(code), "utf-8")
        if metadata is not None:
            file.with_suffix(".script.yaml").write_text(json.dumps(metadata), "utf-8")
        return path

    def write_flow(self, steps: list[Step], path: str | None = None, **value: Any) -> str:
        """Put a flow into the workspace (JSON is YAML); returns its path."""
        path = path or self.path("flow")
        folder = self.root / f"{path}.flow"
        folder.mkdir(parents=True, exist_ok=True)
        schema = value.pop("schema", {})
        document = {"summary": "", "value": {"modules": steps, **value}, "schema": schema}
        (folder / "flow.yaml").write_text(json.dumps(document), "utf-8")
        return path

    def flow(
        self, steps: list[Step], args: Mapping[str, Any] | None = None, *, event: Any = None, **value: Any
    ) -> Completed:
        """Run a flow of these steps to its end."""
        return self.run("flow", self.write_flow(steps, **value), args, event=event)

    def script(self, code: str, args: Mapping[str, Any] | None = None, *, event: Any = None) -> Completed:
        """Run a script to its end."""
        return self.run("script", self.write_script(code), args, event=event)

    def run(
        self, kind: Any, path: str, args: Mapping[str, Any] | None = None, *, event: Any = None
    ) -> Completed:
        """Run what lies at `path` to its end; nothing here takes a minute."""
        job = self.session.engine.start(Target(kind, path), args or {}, event=event)
        completed = self.session.engine.wait(job, 60)
        assert completed is not None, f"{path} did not end"
        return completed
