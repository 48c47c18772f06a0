"""`mill bench runner`: what a step costs when it runs in a process of its own."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from mill.ports import Jobs, Platform, Target
from mill.repository.workspace import MARKER, Workspace
from mill.session import Session

_SCRIPT = "def main(n: int):\n    return n * 2\n"


def runner(
    iterations: Annotated[int, typer.Option(min=1, help="Steps in each loop.")] = 1_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time a loop of trivial steps, one after the other and in parallel, against calling the function.

    step_ms and parallel_step_ms are milliseconds a step; call_ms is a call of a script kept warm.
    """
    figures = measure(iterations)
    if as_json:
        typer.echo(json.dumps(figures))
        return
    table = Table("what", "ms a step", "steps a second", title=f"{iterations} steps")
    names = {
        "function_ms": "calling the function",
        "call_ms": "warm script, as behind an HTTP route",
        "step_ms": "sequential loop",
        "parallel_step_ms": "parallel loop",
    }
    for key, name in names.items():
        table.add_row(name, f"{figures[key]:.4f}", f"{1000 / figures[key]:,.0f}")
    Console(file=sys.stdout).print(table)


def measure(iterations: int) -> dict[str, float]:
    """Return the milliseconds a step, each way."""
    with tempfile.TemporaryDirectory(prefix="mill-bench-") as folder:
        workspace = _workspace(Path(folder))
        with Session(workspace, Path(folder) / "state", platform=_nothing) as session:
            _run(session, "f/bench/sequential", 3)
            call = Target("script", "f/bench/double")
            session.engine.call(call, {"n": 1})
            return {
                "iterations": iterations,
                "function_ms": _per_step(iterations, lambda: _call_function(iterations)),
                "call_ms": _per_step(
                    iterations, lambda: [session.engine.call(call, {"n": n}) for n in range(iterations)]
                ),
                "step_ms": _per_step(iterations, lambda: _run(session, "f/bench/sequential", iterations)),
                "parallel_step_ms": _per_step(
                    iterations, lambda: _run(session, "f/bench/parallel", iterations)
                ),
            }


def _per_step(iterations: int, work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000 / iterations


def _call_function(iterations: int) -> None:
    names: dict[str, Any] = {}
    exec(_SCRIPT, names)  # noqa: S102 - the constant above
    for number in range(iterations):
        names["main"](number)


def _run(session: Session, path: str, iterations: int) -> None:
    completed = session.run(Target("flow", path), {"n": iterations})
    assert completed.result == [2 * number for number in range(iterations)]


def _workspace(root: Path) -> Workspace:
    (root / MARKER).touch()
    folder = root / "f" / "bench"
    for name, parallel in (("sequential", False), ("parallel", True)):
        flow = folder / f"{name}.flow" / "flow.yaml"
        flow.parent.mkdir(parents=True)
        flow.write_text(json.dumps({"summary": "", "value": {"modules": [_loop(parallel)]}}), "utf-8")
    (folder / "double.py").write_text(_SCRIPT, "utf-8")
    return Workspace(root)


def _loop(parallel: bool) -> dict[str, Any]:
    number = {"type": "javascript", "expr": "flow_input.iter.value"}
    step = {"type": "script", "path": "f/bench/double", "input_transforms": {"n": number}}
    value = {
        "type": "forloopflow",
        "iterator": {"type": "javascript", "expr": "[...Array(flow_input.n).keys()]"},
        "modules": [{"id": "double", "value": step}],
        "parallel": parallel,
        "skip_failures": False,
    }
    return {"id": "each", "value": value}


class _Nothing:
    """A platform for scripts that ask nothing of it."""

    url = "http://127.0.0.1:9"
    token = ""
    workspace_id = "bench"
    keeps_state = False

    def get_variable(self, path: str) -> str:
        """None is asked for."""
        raise AssertionError(path)

    def get_resource(self, path: str) -> Any:
        """None is asked for."""
        raise AssertionError(path)


@contextlib.contextmanager
def _nothing(_jobs: Jobs, _workspace: Workspace, _state: Path) -> Iterator[Platform]:
    yield _Nothing()
