"""`mill bench jobs`: what it costs to start each script, up to its `main`; and for some, up to its end."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from mill.errors import MillError
from mill.ports import Platform
from mill.repository.workspace import Workspace, clean_path, defines_main
from mill.session import Session

_WORKER = Path(__file__).with_name("workers") / "jobs_worker.py"
_EMPTY = "f/bench/import_nothing"
_EMPTY_CODE = "def main() -> None:\n    pass\n"
_LONGEST_IMPORT = 60.0  # seconds

# Jobs that run to their end too: what a person waits for, as main imports what it works with.
_RUNS: Mapping[str, Mapping[str, Any]] = {
    "f/customers/create_customers": {
        "api": "$res:f/customers/mock_api",
        "customers": [{"name": "Ada Example", "email": "ada@example.com"}],
        "dry_run": True,
    },
    "f/customers/parse_csv": {"text": "name,email\nAda Example,ada@example.com\n"},
    "f/customers/mock_customer_api": {
        "customer_data": {"name": "Ada Example", "email": "ada@example.com"},
        "failure_rate": 0.0,
    },
    "f/notify/send_slack_message": {
        "text": "Aurora has arrived.",
        "slack": "$res:f/notify/slack",
        "channel": "C0ALERTS",
    },
    "f/notify/send_sms": {
        "to": "+15005550006",
        "body": "Aurora has arrived.",
        "sender": "+15005550006",
        "twilio": "$res:f/notify/twilio",
    },
    "f/notify/set_opt_out": {"medium": "sms", "address": "+15005550006"},
}


@dataclass(slots=True)
class Start:
    """What starting one script took. Times are milliseconds of its process, one a round.

    `empty` has those of the empty script, started just before: a busy machine is busy for both.
    """

    ours: int = 0
    all: int = 0
    requests: int = 0
    times: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    modules_at_end: int = 0

    @property
    def above_empty(self) -> float:
        """Milliseconds above the empty script: the median of the rounds."""
        return statistics.median(ours - empty for ours, empty in zip(self.times, self.empty, strict=True))

    @property
    def over_empty(self) -> float:
        """Time over that of the empty script: the median of the rounds."""
        return statistics.median(ours / empty for ours, empty in zip(self.times, self.empty, strict=True))

    @property
    def end_over_empty(self) -> float | None:
        """Time to the job's end over that of the empty script; None for what is only started."""
        if not self.ends:
            return None
        return statistics.median(end / empty for end, empty in zip(self.ends, self.empty, strict=True))


def jobs(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Scripts to start; all of the workspace if none is given.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is started; medians count.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="Begin no further round after these.")] = 240.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Start every script as a Windmill worker does: cold, one HTTP request for each of our modules.

    Each start is a fresh process in an empty folder, without bytecode of our modules. Its time is set beside
    that of a script that imports nothing. job_import_ms is the milliseconds above that of the slowest script,
    job_vs_empty_worst its time over that of the empty script, most_modules the most of our modules that any
    script loads before main. As main imports what it works with, six jobs run to their end too, without
    effect or against twins: end_vs_empty is their time over that of the empty script.
    """
    workspace = Workspace.find()
    scripts = [clean_path(path) for path in paths or ()] or _scripts(workspace)
    if not scripts:
        raise MillError("This workspace has no Python script with a main().")
    starts = measure_starts(workspace, scripts, rounds, seconds)
    if as_json:
        typer.echo(json.dumps(_figures(starts)))
    else:
        Console(file=sys.stdout).print(_table(starts))


def _scripts(workspace: Workspace) -> list[str]:
    return [path for path in workspace.scripts() if defines_main(workspace.script(path).file)]


def measure_starts(
    workspace: Workspace, scripts: Sequence[str], rounds: int = 3, seconds: float = 240.0
) -> dict[str, Start]:
    """Return what starting each script took; no round begins after `seconds`."""
    code = {path: workspace.script(path).file.read_text("utf-8") for path in scripts}
    starts = {path: Start() for path in scripts}
    deadline = time.perf_counter() + seconds
    with (
        tempfile.TemporaryDirectory(prefix="mill-bench-") as state,
        Session(workspace, Path(state)) as session,
    ):
        for _ in range(rounds):
            for path, start in starts.items():
                start.empty.append(_import(_EMPTY, _EMPTY_CODE, session.platform)[0])
                milliseconds, loaded = _import(path, code[path], session.platform)
                start.times.append(milliseconds)
                start.ours, start.all, start.requests = loaded["ours"], loaded["all"], loaded["requests"]
                if path in _RUNS:
                    args = _resolved(_RUNS[path], session.platform)
                    milliseconds, loaded = _import(path, code[path], session.platform, args)
                    start.ends.append(milliseconds)
                    start.modules_at_end = loaded["ours"]
            if time.perf_counter() > deadline:
                break
    return starts


def _resolved(args: Mapping[str, Any], platform: Platform) -> dict[str, Any]:
    """Put resources in the place of their names, as is done before a job starts."""
    return {
        name: platform.get_resource(value.removeprefix("$res:"))
        if isinstance(value, str) and value.startswith("$res:")
        else value
        for name, value in args.items()
    }


def _import(
    path: str, code: str, platform: Platform, args: Mapping[str, Any] | None = None
) -> tuple[float, dict[str, int]]:
    """Return the milliseconds of one start, and what the worker says it loaded. With `args` main runs."""
    with tempfile.TemporaryDirectory(prefix="mill-job-") as folder:
        file = Path(folder, f"{path}.py")
        file.parent.mkdir(parents=True)
        file.write_text(code, "utf-8")
        given = Path(folder, "args.json")
        if args is not None:
            given.write_text(json.dumps(args), "utf-8")
        began = time.perf_counter()
        done = _run(path, folder, _environment(folder, platform), [str(given)] if args is not None else [])
        milliseconds = 1000 * (time.perf_counter() - began)
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        fault = "cannot be imported" if args is None else "does not run to its end"
        raise MillError(f"{path} {fault}: {' '.join(last)}", exit_code=1)
    return milliseconds, json.loads(done.stdout.splitlines()[-1])


def _run(
    path: str, folder: str, environment: dict[str, str], words: Sequence[str]
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-B", str(_WORKER), path.replace("/", "."), *words]
    try:
        return subprocess.run(  # noqa: S603 - our own interpreter and file
            command, cwd=folder, env=environment, capture_output=True, timeout=_LONGEST_IMPORT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise MillError(f"{path} takes more than {_LONGEST_IMPORT:.0f} s to import.", exit_code=1) from error


def _environment(folder: str, platform: Platform) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "HOME": folder,
        "PYTHONDONTWRITEBYTECODE": "1",
        "MILL": "1",  # without a data table: what is kept goes into a file of the job's folder
        "NO_PROXY": "*",
        "BASE_INTERNAL_URL": platform.url,
        "WM_BASE_URL": platform.url,
        "WM_TOKEN": platform.token,
        "WM_WORKSPACE": platform.workspace_id,
    }


def _figures(starts: Mapping[str, Start]) -> dict[str, Any]:
    most = max(starts, key=lambda path: starts[path].ours)
    slowest = max(starts, key=lambda path: starts[path].above_empty)
    return {
        "most_modules": starts[most].ours,
        "most_modules_script": most,
        "job_import_ms": round(starts[slowest].above_empty, 1),
        "job_import_script": slowest,
        "job_vs_empty_worst": round(max(start.over_empty for start in starts.values()), 2),
        **{f"modules:{path}": start.ours for path, start in starts.items()},
        **{f"ms:{path}": round(start.above_empty, 1) for path, start in starts.items()},
        **{f"job_vs_empty:{path}": round(start.over_empty, 2) for path, start in starts.items()},
        **{
            f"end_vs_empty:{path}": round(start.end_over_empty, 2)
            for path, start in starts.items()
            if start.end_over_empty is not None
        },
    }


def _table(starts: Mapping[str, Start]) -> Table:
    table = Table(title="job starts: modules of ours and in all; times over the empty script's")
    table.add_column("script", no_wrap=True, min_width=max(map(len, starts)))
    for name in ("ours", "all", "GETs", "ms", "main", "end", "at end"):
        table.add_column(name, justify="right")
    empty = statistics.median(time for start in starts.values() for time in start.empty)
    table.add_row("(empty script)", "0", "", "0", f"{empty:.0f}", "1.0", "1.0", "0")
    for path, start in sorted(starts.items(), key=lambda item: -item[1].above_empty):
        table.add_row(
            path,
            str(start.ours),
            str(start.all),
            str(start.requests),
            f"{empty + start.above_empty:.0f}",
            f"{start.over_empty:.1f}",
            "" if start.end_over_empty is None else f"{start.end_over_empty:.1f}",
            f"{start.modules_at_end}" if start.ends else "",
        )
    return table
