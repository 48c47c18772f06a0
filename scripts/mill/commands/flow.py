"""`mill flow`: run flows, list them."""

from __future__ import annotations

from typing import Annotated

import typer

from mill.ports import Target
from mill.repository.workspace import Workspace
from mill.terminal.finding import complete_flow, find_runnable
from mill.terminal.input_help import FlowCommand
from mill.terminal.inputs import read_data
from mill.terminal.launch import Launch, launch
from mill.terminal.options import Approve, Data, EnvFile, Event, Options, Silent, State, TraceFile, Verbose

app = typer.Typer(no_args_is_help=True, help="Run flows on this machine, list them.")


@app.command(cls=FlowCommand)
def run(
    path: Annotated[
        str,
        typer.Argument(help="The flow, such as f/folder/name.", autocompletion=complete_flow),
    ],
    data: Data = None,
    event: Event = None,
    silent: Silent = False,
    verbose: Verbose = False,
    approve: Approve = False,
    state: State = None,
    trace: TraceFile = None,
    env_file: EnvFile = None,
) -> None:
    """Run a flow of this workspace here, with Windmill's semantics, and print its result as JSON.

    The very files that would be deployed are run. Resources and variables come
    from resources/mock. The exit code is 0 only for success, 1 for a failed run.

    With the flow's path before it, --help lists that flow's inputs.

    \b
    mill flow run f/customers/import_csv --help
    mill flow run f/customers/import_csv -d '{"dry_run": true}'
    mill flow run f/customers/import_csv -d @arguments.json -s | jq .counts.created
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    workspace = Workspace.find()
    target = Target("flow", find_runnable(workspace, "flow", path))
    what = Launch(workspace, target, read_data(data), read_data(event) if event else None)
    raise typer.Exit(launch(what, Options(silent, verbose, approve, state, trace, env_file)))


@app.command("list")
def list_() -> None:
    """List the flows of this workspace."""
    for path in Workspace.find().flows():
        typer.echo(path)
