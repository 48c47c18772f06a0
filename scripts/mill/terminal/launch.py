"""Runs one job for a person: checks the arguments, shows the run, prints the result, says what failed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mill.errors import MillError
from mill.ports import Job, Target
from mill.repository.env_file import read_env_file
from mill.repository.workspace import Workspace
from mill.session import STATE_FOLDER, Session
from mill.terminal.approver import choose_approver
from mill.terminal.display import display_for
from mill.terminal.inputs import check_inputs
from mill.terminal.options import Options
from mill.terminal.report import beside_text, report, waiting_text
from mill.terminal.trace import Trace


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run. `event` is for the preprocessor, which then makes the arguments."""

    workspace: Workspace
    target: Target
    args: Mapping[str, Any]
    event: Mapping[str, Any] | None = None


def launch(what: Launch, options: Options) -> int:
    """Run it and print its result as JSON on stdout. Returns the exit code: 0 only for success."""
    args = what.args
    if what.event is None:
        state = options.state or what.workspace.root / STATE_FOLDER
        args = check_inputs(what.workspace, what.target, what.args, state)
    trace = Trace() if options.trace is not None else None
    env = read_env_file(options.env_file) if options.env_file else {}
    logs = options.verbose or what.target.kind == "script"
    with contextlib.ExitStack() as stack:
        display = stack.enter_context(display_for(silent=options.silent, logs=logs))
        session = Session(
            what.workspace,
            options.state,
            listeners=(display,) if trace is None else (display, trace),
            approver=choose_approver(options, display),
            env=env,
        )
        stack.enter_context(session)
        try:
            completed = session.run(what.target, args, what.event)
            failed_beside = finish_beside(session)
        except KeyboardInterrupt:
            raise MillError(
                "Interrupted: the run and everything it started have ended.", exit_code=130
            ) from None
        finally:
            if trace is not None and options.trace is not None:
                _write_trace(trace, options.trace)
        waiting = session.engine.delayed(own=True)
    code = report(completed, options, session.state)
    if not options.silent:
        sys.stderr.writelines(f"{waiting_text(job, options.state)}\n" for job in waiting)
        sys.stderr.writelines(f"{beside_text(job)}\n" for job in failed_beside)
    return code


def finish_beside(session: Session) -> list[Job]:
    """Wait for what a run started beside itself, and return what of it failed.

    That can be interrupted: the run itself has ended, and its result is kept.
    """
    with contextlib.suppress(KeyboardInterrupt):
        return session.finish()
    return []


def _write_trace(trace: Trace, file: Path) -> None:
    try:
        trace.write(file)
    except OSError as error:
        raise MillError(f"{file}: the trace cannot be written ({error.strerror}).") from error
