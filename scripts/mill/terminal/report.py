"""What is said once a run has ended: the result on stdout; on stderr why it failed, and what still waits."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from mill.engine.jobs.delayed import DelayedJob
from mill.engine.jobs.outcome import error_of
from mill.ports import Completed, Job
from mill.repository.workspace import AREAS
from mill.terminal.options import Options
from mill.terminal.show import as_json, from_here, show_file, show_files, show_result

_MOST_LINES = 40
_NO_MODULE = re.compile(r"No module named '([^']+)'")


def report(completed: Completed, options: Options, state: Path, next_steps: Sequence[str] = ()) -> int:
    """Print the result as JSON on stdout and return the exit code: 0 only for success.

    Of a long result a person is also shown the numbers, what to do next and the files, on stderr. On a
    terminal it would push those out of sight, so it goes into a file instead, unless JSON was asked for.
    """
    text = as_json(completed.result)
    is_long = not options.silent and text.count("\n") > _MOST_LINES
    kept: Path | None = None
    if is_long and sys.stdout.isatty() and not options.as_json:
        kept = state / "last_result.json"
        kept.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
        sys.stdout.flush()
    console = Console(file=sys.stderr, soft_wrap=True)
    if is_long:
        show_result(completed.result, console)
    if not completed.success and not options.silent:
        text = failure_text(completed.result, verbose=options.verbose)
        console.print(Text(text), style="red", highlight=False)
    if not options.silent:
        for step in next_steps:
            console.print(Text(step), highlight=False)
    if is_long:  # where files lie comes last: it is what is wanted next
        show_files(completed.result, console, state / "objects")
        if kept is not None:
            show_file(console, "result", from_here(kept), "the whole of it, as JSON")
    return 0 if completed.success else 1


def waiting_text(job: DelayedJob, state: Path | None) -> str:
    """Say that a job waits for its time, who starts it then, and how to start it now."""
    file = from_here(job.file)
    where = f" --state {shlex.quote(str(state))}" if state else ""
    return (
        f"Waiting: {job.target.kind} {job.target.path} is due at {job.due_text} (job {job.id}). `mill serve"
        f"{where}` runs it then; to go on by hand: mill run {shlex.quote(file)}{where}"
    )


def beside_text(job: Job) -> str:
    """Say that a job failed which the run had started beside itself, such as one that tells people."""
    result = None if job.completed is None else job.completed.result
    return f"{job.target.path}, which this run started: {failure_text(result, verbose=False)}"


def failure_text(result: Any, *, verbose: bool) -> str:
    """Say in a sentence why a run failed; with `verbose` also the script's stack."""
    error = error_of(result)
    if not error:
        return (
            "Failed: the result is what the failure module made of it; the step that failed is named above."
        )
    step = f" in step {error['step_id']}" if error.get("step_id") else ""
    message = str(error.get("message") or "it gave no reason").strip()
    if not verbose and error.get("exit_code") is not None:
        message = message.rsplit("\n", maxsplit=1)[-1]
    name = f"{error['name']}: " if error.get("name") else ""
    text = f"Failed{step}: {name}{message}{_how_to_install(message)}"
    if verbose and error.get("stack"):
        text += f"\n{error['stack']}"
    return text


def _how_to_install(message: str) -> str:
    """Name the command that has a package installed which no lock names, here as on Windmill."""
    found = _NO_MODULE.search(message)
    if found is None or found[1].split(".")[0] in AREAS:
        return ""
    from mill.locks.names import package_of, trap  # noqa: PLC0415 - needed only here, at the end of a failed run

    package = trap(found[1]) or package_of(found[1])
    if package is None:
        return ""
    return (
        f". It comes with the package {package}: `mill metadata` writes the script's lock, and with the lock "
        "the script gets an environment of its own. An import inside a function needs "
        "`# extra_requirements:`."
    )
