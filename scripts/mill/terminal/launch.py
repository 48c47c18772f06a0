"""Runs one job for a person: reads the arguments, shows the run, prints the result, says what failed."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import select
import shlex
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from mill.engine.definition.arguments import checked_arguments, schema_of
from mill.engine.definition.library import Library
from mill.engine.jobs.approvals import Approver, Request
from mill.engine.jobs.delayed import DelayedJob
from mill.engine.jobs.outcome import error_of
from mill.errors import MillError
from mill.ports import Completed, Resume, Target
from mill.repository.workspace import AREAS, Workspace
from mill.session import STATE_FOLDER, Session
from mill.terminal.display import Display, display_for
from mill.terminal.show import as_json, show_description, show_result
from mill.terminal.trace import Trace

_MOST_LINES = 40
_FLOW_INPUT = re.compile(r"\bflow_input(?:\?)?\.([A-Za-z_$][\w$]*)")
_NO_MODULE = re.compile(r"No module named '([^']+)'")
_ENV_LINE = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)")


@dataclass(frozen=True, slots=True)
class Options:
    """What the run commands have in common."""

    silent: bool = False
    verbose: bool = False
    approve: bool = False
    state: Path | None = None
    trace: Path | None = None
    env_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run. `event` is for the preprocessor, which then makes the arguments."""

    workspace: Workspace
    target: Target
    args: Mapping[str, Any]
    event: Mapping[str, Any] | None = None


def launch(what: Launch, options: Options) -> int:
    """Run it and print its result as JSON on stdout. Returns the exit code: 0 only for success."""
    args = what.args if what.event is not None else _checked(what, options)
    trace = Trace() if options.trace is not None else None
    env = read_env_file(options.env_file) if options.env_file else {}
    logs = options.verbose or what.target.kind == "script"
    with contextlib.ExitStack() as stack:
        display = stack.enter_context(display_for(silent=options.silent, logs=logs))
        session = Session(
            what.workspace,
            options.state,
            listeners=(display,) if trace is None else (display, trace),
            approver=approver(options, display),
            env=env,
        )
        stack.enter_context(session)
        try:
            completed = session.run(what.target, args, what.event)
        except KeyboardInterrupt:
            raise MillError(
                "Interrupted: the run and everything it started have ended.", exit_code=130
            ) from None
        finally:
            if trace is not None and options.trace is not None:
                _write_trace(trace, options.trace)
        waiting = session.engine.delayed(own=True)
    code = _report(completed, options, session.state)
    if not options.silent:
        sys.stderr.writelines(f"{waiting_text(job, options.state)}\n" for job in waiting)
    return code


def waiting_text(job: DelayedJob, state: Path | None) -> str:
    """That a job waits for its time, who starts it then, and how to start it now."""
    file = os.path.relpath(job.file) if job.file.is_relative_to(Path.cwd()) else str(job.file)
    where = f" --state {shlex.quote(str(state))}" if state else ""
    return (
        f"Waiting: {job.target.kind} {job.target.path} is due at {job.due_text} (job {job.id}). `mill serve"
        f"{where}` runs it then; to go on by hand: mill run {shlex.quote(file)}{where}"
    )


def approver(options: Options, display: Display) -> Approver | None:
    """Who answers a suspended flow: `--approve`, the person at the terminal, or nobody but the resume URL."""
    if options.approve:
        numbers = itertools.count()
        return lambda _request: Resume(next(numbers), approved=True, approver="mill --approve")
    if sys.stdin.isatty() and sys.stderr.isatty() and not options.silent:
        return lambda request: _ask(request, display)
    return None


def _ask(request: Request, display: Display) -> Resume | None:
    """Show what there is to decide on, and ask until there is an answer or none is needed any more."""
    with display.paused():
        show_description(request.description, Console(file=sys.stderr))
        sys.stderr.write(f"\nApprove after step {request.step_id}? [y]es, [n]o, [w]ait for its resume URL: ")
        sys.stderr.flush()
        while not select.select([sys.stdin], [], [], 0.2)[0]:
            if request.is_over():
                return None
        answer = sys.stdin.readline().strip().lower()[:1]
    if answer in {"y", "n"}:
        return Resume(uuid.uuid4().int >> 96, approved=answer == "y", approver="terminal")
    return None


def _checked(what: Launch, options: Options) -> dict[str, Any]:
    """The arguments, checked with everything the run needs before a process is started."""
    path = what.target.path
    library = Library(what.workspace, (options.state or what.workspace.root / STATE_FOLDER) / "inline")
    if what.target.kind == "flow":
        return _checked_for_flow(what, library.check_flow(path).schema)
    signature = library.signature(path)
    if signature.takes_anything:
        return dict(what.args)
    schema = what.workspace.script(path).metadata().get("schema") or schema_of(signature)
    return checked_arguments(f"Script {path}", schema, what.args)


def _checked_for_flow(what: Launch, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a flow, with any that only its expressions know: a webhook hands on what it gets."""
    path = what.target.path
    text = what.workspace.flow(path).file.read_text("utf-8", errors="replace")
    read = set(_FLOW_INPUT.findall(text)) - set(schema.get("properties") or {})
    declared = {name: value for name, value in what.args.items() if name not in read}
    extra = {name: value for name, value in what.args.items() if name in read}
    return checked_arguments(f"Flow {path}", schema, declared) | extra


def _report(completed: Completed, options: Options, state: Path) -> int:
    """The result as JSON on stdout; of a long one a person is also shown the numbers and files, on stderr.

    On a terminal a long result would push those out of sight, so it goes into a file instead.
    """
    text = as_json(completed.result)
    is_long = not options.silent and text.count("\n") > _MOST_LINES
    kept: Path | None = None
    if is_long and sys.stdout.isatty():
        kept = state / "last_result.json"
        kept.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
        sys.stdout.flush()
    if is_long:
        console = Console(file=sys.stderr, soft_wrap=True)
        show_result(completed.result, console, state / "objects")
        if kept is not None:
            console.print(f"The whole result: {os.path.relpath(kept)}", style="dim", highlight=False)
    if completed.success:
        return 0
    if not options.silent:
        sys.stderr.write(failure_text(completed.result, verbose=options.verbose) + "\n")
    return 1


def failure_text(result: Any, *, verbose: bool) -> str:
    """Why a run failed, in a sentence; with `verbose` also the script's stack."""
    error = error_of(result)
    if not error:
        return (
            "Failed: the result is what the failure module made of it; the step that failed is named above."
        )
    step = f" in step {error['step_id']}" if error.get("step_id") else ""
    message = str(error.get("message") or "it gave no reason").strip()
    if not verbose and error.get("exit_code") is not None:
        message = message.rsplit("\n", maxsplit=1)[-1]
    text = f"Failed{step}: {error.get('name', 'Error')}: {message}{_how_to_install(message)}"
    if verbose and error.get("stack"):
        text += f"\n{error['stack']}"
    return text


def _how_to_install(message: str) -> str:
    """The command that adds a package Windmill would have installed; scripts run in mill's own Python."""
    found = _NO_MODULE.search(message)
    if found is None or found[1].split(".")[0] in AREAS:
        return ""
    from mill.locks.names import package_of, trap  # noqa: PLC0415 - needed only here, at the end of a failed run

    package = trap(found[1]) or package_of(found[1])
    if package is None:
        return ""
    return f". Scripts run in mill's own Python: `uv pip install --python {sys.executable} {package}`."


def read_data(text: str | None) -> dict[str, Any]:
    """The arguments of `-d`: JSON, `@file` or `@-` for stdin. Raises MillError with line and column."""
    if text is None:
        return {}
    source = "-d"
    if text == "@-":
        source, text = "stdin", sys.stdin.read()
    elif text.startswith("@"):
        source = text[1:]
        try:
            text = Path(source).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MillError(f"{source}: cannot be read as UTF-8 text ({error}).") from error
    return parse_object(text, source)


def parse_object(text: str, source: str) -> dict[str, Any]:
    """A JSON object. Raises MillError with line and column."""
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MillError(f"{source} is not JSON: {error.msg} at {place}.") from error
    except ValueError as error:
        raise MillError(f"{source} is not JSON: {error}.") from error
    if not isinstance(data, dict):
        raise MillError(f'{source} must be a JSON object of arguments, such as {{"name": "value"}}.')
    return data


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def read_env_file(file: Path) -> dict[str, str]:
    """`NAME=value` lines, for the jobs' environment. Raises MillError naming the line."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MillError(f"{file}: cannot be read as UTF-8 text ({error}).") from error
    values = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _ENV_LINE.fullmatch(line.strip())
        if match is None:
            raise MillError(f"{file}:{number}: is not NAME=value.")
        values[match[1]] = _unquoted(match[2])
    return values


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def _write_trace(trace: Trace, file: Path) -> None:
    try:
        trace.write(file)
    except OSError as error:
        raise MillError(f"{file}: the trace cannot be written ({error.strerror}).") from error
