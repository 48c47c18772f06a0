"""Services as a person in a terminal meets them: scripts of f/operate and f/connect, and what they found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mill.errors import MillError
from mill.ports import Completed, Target
from mill.repository.env_file import read_env_file
from mill.repository.workspace import Workspace, clean_path
from mill.session import Session
from mill.terminal.display import display_for
from mill.terminal.inputs import check_inputs
from mill.terminal.options import Options
from mill.terminal.report import failure_text
from mill.terminal.show import as_json, show_result
from mill.terminal.target_check import file_of, resource_argument

CHECK, CONTRACTS, TEST = "f/operate/check_integrations", "f/operate/check_contracts", "f/operate/test_api"
METRICS, CALL = "f/connect/show_metrics", "f/connect/call_api"

_Row = tuple[str, Text, Text, float | None]

_STYLES = {
    **dict.fromkeys(("ok", "passed", "unchanged"), "green"),
    **dict.fromkeys(("failing", "failed", "changed"), "red"),
    **dict.fromkeys(("not_set_up", "first_seen", "accepted"), "yellow"),
    **dict.fromkeys(("not_tried", "skipped", "not_seen"), "dim"),
}


@dataclass(frozen=True, slots=True)
class Order:
    """A script to run and its arguments. `bad`: the count in its result that makes the exit code 1."""

    script: str
    args: Mapping[str, Any]
    bad: str = ""


def carry_out(workspace: Workspace, order: Order, options: Options) -> int:
    """Run a script and show its result: a table for a person, JSON for a program. Returns the exit code.

    Raises MillError for what cannot be run, before anything is sent.
    """
    completed = _run(workspace, {**order.args, "as_data": True}, order.script, options)
    result = completed.result
    if options.as_json or not sys.stdout.isatty():
        sys.stdout.write(as_json(result))
    elif completed.success:
        show(order.script, result, Console())
    sys.stdout.flush()
    if not completed.success:
        sys.stderr.write(failure_text(result, verbose=options.verbose) + "\n")
        return 1
    return 1 if order.bad and result.get(order.bad) else 0


def show(script: str, result: Any, console: Console) -> None:
    """Show a person what a script has found."""
    shown: Callable[[Any, Console], None] = _SHOWN.get(script, _show_data)
    shown(result, console)


def resource_of(workspace: Workspace, resource: str) -> Any:
    """Return the argument for a resource: a reference to its path, or what its file says."""
    return resource_argument(resource, file_of(workspace, resource))


def path_of(resource: str) -> str:
    """Return a resource's path as the scripts take it."""
    return clean_path(resource.removeprefix("$res:"))


def _run(workspace: Workspace, args: Mapping[str, Any], script: str, options: Options) -> Completed:
    target = Target("script", workspace.script(script).path)
    env = read_env_file(options.env_file) if options.env_file else {}
    with (
        display_for(silent=not options.verbose, logs=True) as display,
        Session(workspace, options.state, listeners=(display,), env=env) as session,
    ):
        try:
            return session.run(target, check_inputs(workspace, target, args, session.state))
        except KeyboardInterrupt:
            raise MillError("Interrupted: what was sent so far stays sent.", exit_code=130) from None


def _show_checks(result: Mapping[str, Any], console: Console) -> None:
    rows: list[_Row] = []
    for one in result["checks"]:
        about = Text.assemble(one["path"], *_below(one["title"], one["account"]))
        rows.append((one["status"], about, Text(one["detail"]), one["milliseconds"]))
    _show_table(console, ("resource", "what it says"), rows)
    console.print(Text(result["summary"], style="bold"))


def _show_contracts(result: Mapping[str, Any], console: Console) -> None:
    rows: list[_Row] = []
    for one in result["services"]:
        says = Text(" ".join([one["detail"], *one["not_seen"]]))
        for finding in one["findings"]:
            change = f": {finding['was']} -> {finding['now'] or 'not there'}" if finding["was"] else ""
            line = f"\n{finding['what']} ({finding['call']}){change}"
            says.append(line, style="red" if finding["severity"] == "error" else "yellow")
        rows.append((one["status"], Text.assemble(one["path"], *_below(one["version"])), says, None))
    _show_table(console, ("resource", "what it says"), rows)
    console.print(Text(result["summary"], style="bold"))


def _show_test(result: Mapping[str, Any], console: Console) -> None:
    rows: list[_Row] = []
    for one in result["checks"]:
        found = Text(one["found"])
        if one["outcome"] == "failed":
            found.append(f"\nRight would be: {one['expected']}.", style="yellow")
        about = Text.assemble(one["name"], *_below(*one["sent"]))
        rows.append((one["outcome"], about, found, one["milliseconds"] if one["sent"] else None))
    _show_table(console, ("check, and what was sent", "found"), rows)
    for line in result["remains"]:
        console.print(Text(line, style="yellow"))
    console.print(Text(result["summary"], style="bold"))


def _show_data(result: Any, console: Console) -> None:
    if not show_result(result, console):
        console.print(as_json(result), markup=False, highlight=False)


def _below(*lines: str) -> list[tuple[str, str]]:
    """Return lines for below a cell's first, each once."""
    return [(f"\n{line}", "dim") for line in dict.fromkeys(lines) if line]


def _show_table(console: Console, columns: tuple[str, str], rows: Sequence[_Row]) -> None:
    """Show a table: a status in its colour, what it is about, what it says, milliseconds."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    table.add_column("ms", justify="right", no_wrap=True)
    for status, about, says, milliseconds in rows:
        state = Text(status.replace("_", " "), style=_STYLES.get(status, ""))
        table.add_row(state, about, says, "" if milliseconds is None else f"{milliseconds:.0f}")
    console.print(table)


_SHOWN: Mapping[str, Callable[[Mapping[str, Any], Console], None]] = {
    CHECK: _show_checks,
    CONTRACTS: _show_contracts,
    TEST: _show_test,
}
