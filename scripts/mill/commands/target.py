"""`mill target`: check where an import sends to, before it sends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mill.repository.workspace import Workspace
from mill.terminal.options import EnvFile, Options, State, Verbose
from mill.terminal.target_check import CheckOrder, check_target

app = typer.Typer(no_args_is_help=True, help="Check where an import sends to, before it sends.")


@app.callback()
def target() -> None:
    """Check where an import sends to, before it sends."""


@app.command()
def check(
    resource: Annotated[
        str, typer.Argument(help="A resource such as f/customers/mock_api, or a JSON or YAML file of one.")
    ],
    *,
    write: Annotated[
        bool, typer.Option("--write/--no-write", help="Make a few test records there, and remove them.")
    ] = False,
    fields: Annotated[
        str | None,
        typer.Option(
            metavar="JSON", help='What else a record must have, such as {"phone": "+49 30 901820"}.'
        ),
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Put what was measured into the resource's file, as `proven`.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the whole result as JSON.")
    ] = None,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Test the connection to a target, and measure what an import can rely on there.

    Without --write it only reads: is the API reached, is the credential right,
    does the look-up answer.

    With --write it makes a few records of nobody ("Millwright check, may be
    deleted", addresses below example.com), sends them again in several ways,
    and sees whether that makes a second one. It removes them where the API
    lets it, and names those that remain. Try it at a sandbox first.

    What was measured belongs into the resource as `proven`: --save puts it
    there. The guarantee of every report rests on it. Measure again when the
    API changes.

    It runs the script f/customers/check_target as `mill script run` does. A
    table on a terminal, JSON where the output goes into a file or a pipe.
    Exit code 0 only if the target can be used.

    \b
    mill target check f/customers/mock_api
    mill target check crm.yaml --write --save
    mill target check crm.yaml --write --fields '{"phone": "+49 30 901820"}'
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    order = CheckOrder(resource, write=write, fields=fields, save=save, output=output)
    options = Options(verbose=verbose, state=state, env_file=env_file)
    raise typer.Exit(check_target(Workspace.find(), order, options))
