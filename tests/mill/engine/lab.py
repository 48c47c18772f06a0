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

from mill.engine.jobs.approvals import Request
from mill.engine.jobs.events import Event
from mill.engine.jobs.job_table import Handle
from mill.errors import MillError
from mill.ports import Completed, Jobs, Platform, Resume, Target
from mill.repository.workspace import Workspace
from mill.session import Session

Step = dict[str, Any]


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


def transforms(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Input transforms: a string is JavaScript, `("static", value)` a fixed value."""
    return {
        name: {"type": "static", "value": given[1]}
        if isinstance(given, tuple)
        else {"type": "javascript", "expr": given}
        for name, given in inputs.items()
    }


def py(step: str, body: str, inputs: Mapping[str, Any] | None = None, **settings: Any) -> Step:
    """A Python step whose main takes the names of `inputs` and has this body."""
    names = ", ".join(inputs or {})
    code = f"import os, json, sys\ndef main({names}):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    value = {
        "type": "rawscript",
        "language": "python3",
        "content": code,
        "input_transforms": transforms(inputs or {}),
    }
    return {"id": step, "value": value, **settings}


def give(step: str, expr: Any, **settings: Any) -> Step:
    """A step whose result is the value of a JavaScript expression."""
    return py(step, "return x", {"x": expr}, **settings)


def const(step: str, value: Any, **settings: Any) -> Step:
    """A step with a fixed result, no process needed."""
    return {
        "id": step,
        "value": {"type": "identity"},
        "mock": {"enabled": True, "return_value": value},
        **settings,
    }


def fail(step: str, message: str = "no", **settings: Any) -> Step:
    """A step that raises ValueError."""
    return py(step, f"raise ValueError({message!r})", **settings)


def identity(step: str, **settings: Any) -> Step:
    """A step that hands on the previous result."""
    return {"id": step, "value": {"type": "identity"}, **settings}


def loop(step: str, iterator: Any, body: list[Step], **settings: Any) -> Step:
    """A for loop; `parallel`, `skip_failures`, `parallelism` belong to the loop, the rest to the step."""
    own = {key: settings.pop(key) for key in ("parallelism",) if key in settings}
    value = {
        "type": "forloopflow",
        "modules": body,
        "iterator": transforms({"i": iterator})["i"],
        "parallel": settings.pop("parallel", False),
        "skip_failures": settings.pop("skip_failures", False),
        **own,
    }
    return {"id": step, "value": value, **settings}


def while_(step: str, body: list[Step], **settings: Any) -> Step:
    """A while loop."""
    value = {"type": "whileloopflow", "modules": body, "skip_failures": settings.pop("skip_failures", False)}
    return {"id": step, "value": value, **settings}


def one_of(step: str, branches: list[tuple[str, list[Step]]], default: list[Step], **settings: Any) -> Step:
    """A branchone."""
    listed = [{"expr": expr, "modules": modules} for expr, modules in branches]
    return {"id": step, "value": {"type": "branchone", "branches": listed, "default": default}, **settings}


def all_of(step: str, branches: list[list[Step]], **settings: Any) -> Step:
    """A branchall; `skip` lists the branches that may fail."""
    skip = settings.pop("skip", ())
    listed = [{"modules": modules, "skip_failure": i in skip} for i, modules in enumerate(branches)]
    value = {"type": "branchall", "branches": listed, "parallel": settings.pop("parallel", False)}
    return {"id": step, "value": value, **settings}


def subflow(step: str, path: str, inputs: Mapping[str, Any] | None = None, **settings: Any) -> Step:
    """A step that runs another flow."""
    value = {"type": "flow", "path": path, "input_transforms": transforms(inputs or {})}
    return {"id": step, "value": value, **settings}


def stop(expr: str, *, skipped: bool = False, message: str | None = None) -> dict[str, Any]:
    """A stop_after_if."""
    setting: dict[str, Any] = {"expr": expr, "skip_if_stopped": skipped}
    return setting if message is None else {**setting, "error_message": message}


def retries(attempts: int, seconds: int = 0, **more: Any) -> dict[str, Any]:
    """A constant retry."""
    return {"constant": {"attempts": attempts, "seconds": seconds}, **more}
