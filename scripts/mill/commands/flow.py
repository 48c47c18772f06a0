"""`mill flow`: run flows, list them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mill.ports import Target
from mill.repository.workspace import Workspace
from mill.terminal.launch import Launch, Options, launch, read_data

app = typer.Typer(no_args_is_help=True, help="Run flows on this machine, list them.")

Data = Annotated[
    str | None,
    typer.Option(
        "-d", "--data", metavar="JSON|@FILE|@-", help="Arguments as JSON, from a file, or from stdin."
    ),
]
Event = Annotated[
    str | None,
    typer.Option(
        metavar="JSON|@FILE", help="Start as a trigger would: the preprocessor makes the arguments of this."
    ),
]
Silent = Annotated[bool, typer.Option("-s", "--silent", help="Print the result and nothing else.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Also show logs, and the stack of a failure.")]
Approve = Annotated[bool, typer.Option("--approve", help="Approve every step that waits for an approval.")]
State = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where local state lies (.mill beside wmill.yaml).")
]
TraceFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a Chrome trace: see it at ui.perfetto.dev.")
]
EnvFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="NAME=value lines for the environment of the scripts.")
]


@app.command()
def run(
    path: Annotated[str, typer.Argument(help="The flow, such as f/folder/name.")],
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

    \b
    mill flow run f/customers/import_csv -d '{"dry_run": true}'
    mill flow run f/customers/import_csv -d @arguments.json -s | jq .counts.created
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    workspace = Workspace.find()
    target = Target("flow", workspace.flow(path).path)
    what = Launch(workspace, target, read_data(data), read_data(event) if event else None)
    raise typer.Exit(launch(what, Options(silent, verbose, approve, state, trace, env_file)))


@app.command("list")
def list_() -> None:
    """List the flows of this workspace."""
    for path in Workspace.find().flows():
        typer.echo(path)
