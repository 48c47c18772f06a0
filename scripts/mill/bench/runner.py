"""`mill bench runner`: what a step costs when it runs in a process of its own, and how much is the fork."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from mill.bench.rig.processes import Worker, process
from mill.engine.loops_and_branches import AT_ONCE
from mill.ports import Jobs, Platform, Target
from mill.repository.workspace import MARKER, Workspace
from mill.session import Session

_SCRIPT = "def main(n: int):\n    return n * 2\n"
_WORKER = Path(__file__).parent / "workers" / "fork_worker.py"
_ROUNDS = 5


def runner(
    iterations: Annotated[int, typer.Option(min=1, help="Steps in each loop.")] = 1_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time a loop of trivial steps, one after the other and in parallel, against bare forks and a call.

    step_ms and parallel_step_ms are milliseconds a step; call_ms is a call of a script kept warm; fork_ms is
    a fork of an interpreter that has imported what the steps' one has, until its child has ended.
    step_vs_fork and parallel_step_vs_fork are the medians of rounds, each a loop beside as many forks.
    """
    figures = measure(iterations)
    if as_json:
        typer.echo(json.dumps(figures))
        return
    table = Table("what", "ms", "a second", "times a fork", title=f"{iterations} steps")
    names = {
        "function_ms": ("calling the function", ""),
        "call_ms": ("warm script, as behind an HTTP route", ""),
        "fork_ms": ("bare fork, one after the other", ""),
        "step_ms": ("sequential loop", "step_vs_fork"),
        "parallel_fork_ms": (f"bare fork, {AT_ONCE} at a time", ""),
        "parallel_step_ms": ("parallel loop", "parallel_step_vs_fork"),
    }
    for key, (name, ratio) in names.items():
        times = f"{figures[ratio]:.2f}" if ratio else ""
        table.add_row(name, f"{figures[key]:.4f}", f"{1000 / figures[key]:,.0f}", times)
    Console(file=sys.stdout).print(table)


def measure(iterations: int) -> dict[str, float]:
    """Return the milliseconds a step, each way, and the ratios to a fork."""
    with tempfile.TemporaryDirectory(prefix="mill-bench-") as folder:
        workspace = _workspace(Path(folder))
        with (
            Session(workspace, Path(folder) / "state", platform=_nothing) as session,
            _forks(Path(folder)) as forks,
        ):
            _run(session, "f/bench/sequential", 3)
            call = Target("script", "f/bench/double")
            session.engine.call(call, {"n": 1})
            figures: dict[str, float] = {
                "iterations": iterations,
                "function_ms": _per_step(iterations, lambda: _call_function(iterations)),
                "call_ms": _per_step(
                    iterations, lambda: [session.engine.call(call, {"n": n}) for n in range(iterations)]
                ),
            }
            return {
                **figures,
                **_beside_forks("", partial(_run, session, "f/bench/sequential"), forks, iterations, 1),
                **_beside_forks(
                    "parallel_", partial(_run, session, "f/bench/parallel"), forks, iterations, AT_ONCE
                ),
            }


def _beside_forks(
    prefix: str,
    run: Callable[[int], None],
    forks: Worker,
    iterations: int,
    at_once: int,
) -> dict[str, float]:
    """Run loops, each after as many forks, and return the medians of their milliseconds and of the ratios."""
    each = max(1, iterations // _ROUNDS)
    rounds = [(forks.ask([each, at_once]), _per_step(each, partial(run, each))) for _ in range(_ROUNDS)]
    return {
        f"{prefix}fork_ms": statistics.median(fork for fork, _ in rounds),
        f"{prefix}step_ms": statistics.median(step for _, step in rounds),
        f"{prefix}step_vs_fork": statistics.median(step / fork for fork, step in rounds),
    }


@contextlib.contextmanager
def _forks(folder: Path) -> Iterator[Worker]:
    """What forks so often, so many at a time, and answers with milliseconds a fork."""
    command, errors = [sys.executable, str(_WORKER)], folder / "forks.log"
    environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with errors.open("wb") as log, process(command, environment, folder, log) as started:
        yield Worker("forks", started, errors)


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
