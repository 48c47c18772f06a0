"""Imports a file for a person: shows what was understood, runs the flow, and says how to go on."""

from __future__ import annotations

import contextlib
import shlex
import sys
import webbrowser
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mill.engine.jobs.events import Event, Listener
from mill.errors import MillError
from mill.ports import Completed, Target
from mill.repository.env_file import read_env_file
from mill.repository.workspace import Workspace
from mill.session import STATE_FOLDER, Session
from mill.terminal.approver import choose_approver
from mill.terminal.imports.again import import_of_rejects, same_import
from mill.terminal.imports.following import Follower
from mill.terminal.imports.given_file import STDIN, expected_rows, given_file
from mill.terminal.imports.order import ImportOrder, read_corrections
from mill.terminal.imports.progress import progress_for
from mill.terminal.imports.understanding import understand
from mill.terminal.inputs import check_inputs
from mill.terminal.launch import finish_beside
from mill.terminal.options import Options
from mill.terminal.report import beside_text, failure_text, report, waiting_text
from mill.terminal.show import local_file
from mill.terminal.target_check import file_of, resource_argument

FLOW = "f/customers/import_csv"
_PREVIEW, _REPORT = "f/customers/preview_file", "f/customers/report_import"
_INTERRUPTED = 130
_COMMAND = "MILL_IMPORT"  # read by the report, which then says how to go on from here


def import_file(workspace: Workspace, order: ImportOrder, options: Options) -> int:
    """Import, or plan to. Returns the exit code: 0 only if no row is left that should have been sent.

    Raises MillError for an order that cannot be carried out.
    """
    if FLOW not in workspace.flows():
        raise MillError(
            f"An import is a run of the flow {FLOW}, and {workspace.root} has none. Go into the folder of "
            "Millwright, and name the file by its whole path."
        )
    flow = Target("flow", FLOW)
    inputs = _inputs(workspace, order)
    state = options.state or workspace.root / STATE_FOLDER
    follower = Follower(FLOW, expected_rows(order.file))
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(given_file(order.file, state))
        display = stack.enter_context(progress_for(follower, silent=options.silent, logs=options.verbose))
        session = stack.enter_context(
            Session(
                workspace,
                options.state,
                listeners=(follower, _without_preview(display)),
                approver=choose_approver(options, display),
                env=read_env_file(options.env_file) if options.env_file else {},
            )
        )

        def look(mapping: Mapping[str, str]) -> Mapping[str, Any]:
            return _preview(session, {**source, **order.reading, "mapping": dict(mapping)})

        if isinstance(api := inputs["api"], str):
            session.platform.get_resource(api.removeprefix("$res:"))  # raises MillError where there is none
        try:
            with display.paused():
                mapping = understand(order, look, silent=options.silent)
        except KeyboardInterrupt:
            raise _nothing_sent() from None
        order = replace(order, mapping=mapping)
        session.set_variable(_COMMAND, same_import(order, options))
        args = check_inputs(workspace, flow, {**inputs, **source, "mapping": mapping}, session.state)
        completed, interrupted = _run(session, flow, args, follower)
        failed_beside = [] if interrupted else finish_beside(session)
        waiting = session.engine.delayed(own=True)
    next_steps = _ways_on() if interrupted else _next_steps(order, completed, options, session.state)
    next_steps += [waiting_text(job, options.state) for job in waiting]
    next_steps += [beside_text(job) for job in failed_beside]
    code = report(completed, options, session.state, next_steps)
    if order.open_report:
        _open(completed, session.state)
    return _INTERRUPTED if interrupted else code


def _inputs(workspace: Workspace, order: ImportOrder) -> dict[str, Any]:
    """The flow's inputs but for the file and its mapping."""
    return {
        "api": resource_argument(order.to, file_of(workspace, order.to)),
        "dry_run": order.plan,
        "apply_plan": order.apply,
        "on_duplicate": order.on_duplicate,
        "default_country": order.country,
        **order.reading,
        **order.more,
        **read_corrections(order.corrections),
    }


def _without_preview(display: Listener) -> Listener:
    """Hide the preview's job: its result is shown, its failure is said, and the run to show is the import."""
    hidden: set[str] = set()

    def tell(event: Event) -> None:
        if event.kind == "started" and event.parent is None and event.label == _PREVIEW:
            hidden.add(event.job_id)
        if event.job_id not in hidden:
            display(event)

    return tell


def _preview(session: Session, args: Mapping[str, Any]) -> Mapping[str, Any]:
    """Raises MillError with the reason where the file cannot be read as a table."""
    completed = session.run(Target("script", session.workspace.script(_PREVIEW).path), args)
    if not completed.success:
        error = completed.result.get("error") or {}
        raise MillError(str(error.get("message") or failure_text(completed.result, verbose=False)))
    preview: Mapping[str, Any] = completed.result
    return preview


def _run(
    session: Session, flow: Target, args: Mapping[str, Any], follower: Follower
) -> tuple[Completed, bool]:
    """Run the flow to its end; where it is interrupted (True), account for what was done until then."""
    job_id = session.engine.start(flow, args)
    try:
        completed = session.engine.wait(job_id)
    except KeyboardInterrupt:
        try:
            session.engine.cancel(job_id, "interrupted at the terminal")
            session.engine.wait(job_id)
            return _account(session, args, follower), True
        except KeyboardInterrupt:
            said = "Interrupted again, so there is no report. What was applied is not sent again."
            raise MillError(f"{said} {_again()}", exit_code=_INTERRUPTED) from None
    assert completed is not None
    return completed, False


def _account(session: Session, args: Mapping[str, Any], follower: Follower) -> Completed:
    """The report of an interrupted import. Raises MillError where there is nothing to report."""
    parsed, gate = follower.results.get("parse"), follower.results.get("gate")
    if parsed is None or gate is None or args["dry_run"]:
        raise _nothing_sent()
    left = {"parsed": parsed, "gate": gate, "created": follower.created(), "dry_run": False}
    completed = session.run(Target("script", session.workspace.script(_REPORT).path), left)
    error = completed.result.get("error")
    if completed.success or not isinstance(error, dict):
        return completed
    told = {name: error[name] for name in ("name", "message") if name in error}
    return Completed(False, {**(error.get("extra") or {}).get("summary", {}), "error": told})


def _nothing_sent() -> MillError:
    return MillError(f"Interrupted; nothing was sent. {_again()}", exit_code=_INTERRUPTED)


def _again() -> str:
    """The command that goes on: nothing that was applied is sent again."""
    return f"To go on: {shlex.join(['mill', *sys.argv[1:]])}"


def _ways_on() -> list[str]:
    said = "Interrupted. What was sent until then is accounted for; what was applied is not sent again."
    return [said, _again()]


def _next_steps(order: ImportOrder, completed: Completed, options: Options, state: Path) -> list[str]:
    """What a person would do now, as commands to copy."""
    result = completed.result if isinstance(completed.result, dict) else {}
    plan, rejects = result.get("plan"), result.get("rejects")
    if order.plan and completed.success and isinstance(plan, dict) and plan["hash"]:
        this = "this, with the same file on stdin" if order.file == STDIN else "this"
        return [f"To do exactly {this}: {same_import(order, options)} --apply {plan['hash']}"]
    counts = result.get("counts") or {}
    if order.apply and not completed.success and not counts.get("created", 0) + counts.get("updated", 0):
        return [f"To see what would be done now: {same_import(order, options)} --plan"]
    if isinstance(rejects, dict) and "s3" in rejects and not order.plan:
        file = local_file(rejects, state / "objects")
        wrong = sum(counts.get(name, 0) for name in ("invalid", "rejected", "unknown"))
        when = "the rejects are corrected" if wrong else "the cause is removed"
        return [f"When {when}: {import_of_rejects(file, order, options)}"]
    return []


def _open(completed: Completed, state: Path) -> None:
    report = completed.result.get("report") if isinstance(completed.result, dict) else None
    if not isinstance(report, dict) or "s3" not in report:
        raise MillError("--open: this run has no report.", exit_code=1)
    webbrowser.open(Path(local_file(report, state / "objects")).resolve().as_uri())
