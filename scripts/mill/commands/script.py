"""`mill script`: run scripts, list them."""

from __future__ import annotations

from typing import Annotated

import typer

from mill.ports import Target
from mill.repository.workspace import Workspace, defines_main
from mill.terminal.finding import complete_script, find_runnable
from mill.terminal.input_help import ScriptCommand
from mill.terminal.inputs import read_data
from mill.terminal.launch import Launch, launch
from mill.terminal.options import Data, EnvFile, Event, Options, Silent, State, TraceFile, Verbose

app = typer.Typer(no_args_is_help=True, help="Run scripts on this machine, list them.")


@app.command(cls=ScriptCommand)
def run(
    path: Annotated[
        str,
        typer.Argument(help="The script, such as f/folder/verb_object.", autocompletion=complete_script),
    ],
    data: Data = None,
    event: Event = None,
    silent: Silent = False,
    verbose: Verbose = False,
    state: State = None,
    trace: TraceFile = None,
    env_file: EnvFile = None,
) -> None:
    """Run a Python script of this workspace as a Windmill job and print its result as JSON.

    What it prints is shown on stderr. Resources and variables come from resources/mock.
    It runs in mill's own Python where that has the packages of the script's lock, in these
    versions, else in an environment made of the lock and kept.

    With the script's path before it, --help lists that script's inputs.

    \b
    mill script run f/customers/parse_csv --help
    mill script run f/customers/parse_csv -d '{"text": "name,email\\nAda,ada@example.com"}'
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    workspace = Workspace.find()
    target = Target("script", find_runnable(workspace, "script", path))
    what = Launch(workspace, target, read_data(data), read_data(event) if event else None)
    options = Options(silent, verbose, state=state, trace=trace, env_file=env_file)
    raise typer.Exit(launch(what, options))


@app.command("list")
def list_() -> None:
    """List the scripts of this workspace that have a main()."""
    workspace = Workspace.find()
    for path in workspace.scripts():
        if defines_main(workspace.script(path).file):
            typer.echo(path)
