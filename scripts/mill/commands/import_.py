"""`mill import`: imports of the past."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mill.repository.workspace import Workspace
from mill.terminal.import_check import VerifyOrder, verify_import
from mill.terminal.options import EnvFile, Options, State, Verbose

app = typer.Typer(no_args_is_help=True, help="Look at imports of the past.")


@app.callback()
def imports() -> None:
    """Look at imports of the past."""


@app.command()
def verify(
    import_id: Annotated[str, typer.Argument(help="The import's id, as its report names it.")],
    file: Annotated[Path, typer.Argument(help="The file that was imported: its rows are kept nowhere else.")],
    *,
    to: Annotated[
        str, typer.Option("--to", metavar="RESOURCE", help="The target: a resource's path, or a file of one.")
    ] = "f/customers/mock_api",
    whole: Annotated[
        bool, typer.Option("--all", help="Read every row back, not a sample of some 300.")
    ] = False,
    missing: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the missing rows, to be imported again.")
    ] = None,
    country: Annotated[
        str, typer.Option(help="The default country that the import was given, such as DE.")
    ] = "",
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Read an import's rows back from the target, and compare them with the file.

    Reads the file again, takes the rows that the journal knows as applied by
    this import, and looks them up: identical, altered (which field, and how),
    missing, or not known. It sends nothing.

    A table on a terminal, JSON where the output goes into a file or a pipe.
    Exit code 1 if a row is missing or a value is not what was sent, beyond the
    target's own way of writing it, or if nothing could be read back.

    \b
    mill import verify 20261128-090000-1a2b3c4d customers.csv --to crm.yaml --all
    mill import verify 20261128-090000-1a2b3c4d customers.csv --missing missing.csv
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    order = VerifyOrder(import_id, file, to, whole=whole, missing=missing, country=country)
    options = Options(verbose=verbose, state=state, env_file=env_file)
    raise typer.Exit(verify_import(Workspace.find(), order, options))
