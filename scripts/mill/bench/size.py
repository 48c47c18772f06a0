"""`mill bench size`: one file of many rows through the whole import flow, to the report."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from mill.api.storage.objects import put_file
from mill.bench.rig import dataset
from mill.bench.rig.memory import watched
from mill.bench.rig.processes import process
from mill.errors import MillError
from mill.repository.workspace import Workspace

_FLOW = "f/customers/import_csv"
_JOB = "create_chunk"  # the step that sends
_FILE = "size.csv"
_API = {
    "kind": "generic",
    "base_url": "/twins/customers",
    "endpoints": {"batch": "/customers/batch", "lookup": "/customers?email={email}"},
    "authentication": {"type": "bearer_token", "token": "size"},
}


@dataclass(frozen=True, slots=True)
class Sized:
    """What an import of so many rows took. Bytes are those of files and objects, MB are of memory.

    `runner_mb` is the peak of `mill` itself, which also serves the storage and the twin; `job_mb` that of the
    largest job. They are None where the system does not say. `cpu_seconds` are those of all its processes,
    which tell more than the time on a machine that does other work besides. `step_seconds` has the flow's
    steps by name.
    """

    rows: int
    seconds: float
    rows_per_second: float
    cpu_seconds: float
    jobs: int
    requests: int
    runner_mb: float | None
    job_mb: float | None
    file_bytes: int
    journal_bytes: int
    report_bytes: int
    step_seconds: dict[str, float] = field(default_factory=dict)


def size(
    rows: Annotated[int, typer.Option(min=1, help="Rows of the file.")] = 10_000,
    chunk_rows: Annotated[
        int | None,
        typer.Option(min=1, help="Rows in a job. If none is given, the flow decides."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Give up after this time.")] = 1_500.0,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Leave file, report and journal here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Import one file of valid rows into the CRM twin, a hundred rows a request, with the journal.

    It is what `mill flow run f/customers/import_csv` does, in a process of its own. 10,000 rows take some ten
    seconds on two cores, a million ten minutes and 700 MB of disk.
    """
    root = Workspace.find(Path.cwd()).root
    with contextlib.ExitStack() as stack:
        state = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mill-bench-")))
        sized = measure(root, state, rows, chunk_rows, seconds)
    figures = {name: getattr(sized, name) for name in Sized.__dataclass_fields__}
    if as_json:
        typer.echo(json.dumps(figures))
        return
    steps = figures.pop("step_seconds")
    table = Table("what", "figure", title=f"import of {rows:,} rows")
    for name, figure in figures.items():
        table.add_row(name, "not known" if figure is None else f"{figure:,}")
    for name, took in steps.items():
        table.add_row(f"seconds of {name}", f"{took:,.1f}")
    Console(file=sys.stdout).print(table)


def measure(root: Path, state: Path, rows: int, chunk_rows: int | None, seconds: float) -> Sized:
    """Run the flow on a file of so many rows; MillError if it fails, loses a row or takes longer."""
    file = state / _FILE
    state.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as text:
        text.writelines(dataset.to_csv(dataset.clean_rows(rows)))
    put_file(state, _FILE, file)
    arguments = {"file": {"s3": _FILE}, "api": _API, "chunk_rows": chunk_rows}
    ran = _run(root, state, arguments, seconds)
    total = ran.steps.pop(_FLOW)
    result, folder = ran.result, state / "objects" / "_default_"
    if result["counts"]["created"] != rows:
        raise MillError(f"Of {rows:,} rows not all were created: {result['counts']}", exit_code=1)
    journal = (state / "home").rglob("imports.sqlite*")
    return Sized(
        rows=rows,
        seconds=total,
        rows_per_second=round(rows / total, 1),
        cpu_seconds=ran.cpu_seconds,
        jobs=ran.jobs,
        requests=result["timings"]["requests"],
        runner_mb=ran.runner_mb,
        job_mb=ran.job_mb,
        file_bytes=file.stat().st_size,
        journal_bytes=sum(one.stat().st_size for one in journal if one.is_file()),
        report_bytes=(folder / result["report"]["s3"]).stat().st_size,
        step_seconds=ran.steps,
    )


@dataclass(frozen=True, slots=True)
class _Ran:
    result: Mapping[str, Any]
    steps: dict[str, float]
    jobs: int
    cpu_seconds: float
    runner_mb: float | None
    job_mb: float | None


def _run(root: Path, state: Path, arguments: Mapping[str, Any], seconds: float) -> _Ran:
    """`mill flow run`, watched."""
    trace, given = state / "trace.json", state / "arguments.json"
    given.write_text(json.dumps(arguments), "utf-8")
    command = [sys.executable, "-c", "from mill.cli import main; main()", "flow", "run", _FLOW]
    options = ["-d", f"@{given}", "--state", str(state), "--trace", str(trace), "--silent"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    log, before = state / "log.txt", _cpu_seconds()
    with (
        log.open("wb") as errors,
        process([*command, *options], environment, root, errors) as started,
        watched(started.pid) as peaks,
    ):
        try:
            out, _ = started.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as late:
            raise MillError(f"The import takes longer than {seconds:g} seconds.", exit_code=1) from late
    if started.returncode:
        last = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
        raise MillError(f"The import failed: {' '.join(last)}", exit_code=1)
    bars = json.loads(trace.read_text("utf-8"))["traceEvents"]
    jobs, steps = _steps(bars)
    others = [mb for pid, mb in peaks.items() if pid != started.pid]
    spent = round(_cpu_seconds() - before, 1)
    return _Ran(json.loads(out), steps, jobs, spent, peaks.get(started.pid), max(others, default=None))


def _cpu_seconds() -> float:
    """Of all processes that have ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _steps(bars: Iterable[Mapping[str, Any]]) -> tuple[int, dict[str, float]]:
    """How many jobs have sent rows, and the seconds of the flow and of its steps."""
    ran = [bar for bar in bars if not bar["args"]["skipped"]]
    steps = {
        bar["name"]: round(bar["dur"] / 1e6, 3)
        for bar in ran
        if bar["name"] != _JOB and not bar["name"].startswith("#")  # an iteration
    }
    return sum(bar["name"] == _JOB for bar in ran), steps
