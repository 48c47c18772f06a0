"""`mill docs`: pages that are written from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mill.architecture.house import read_house
from mill.architecture.page import COMMAND, write
from mill.architecture.picture import draw
from mill.architecture.survey import survey
from mill.repository.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Write pages from the code.")


@app.callback()
def docs() -> None:
    """Write pages from the code."""


@app.command()
def architecture(
    output: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="The page; the picture lies beside it. docs/architecture.md if not given."
        ),
    ] = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: exit with 1 if page or picture are out of date.")
    ] = False,
) -> None:
    """Draw the workspace as a house: folders, wings, and how many imports lead from one to another.

    house.toml beside wmill.yaml states the order of folders and wings, and what
    each is for; without it the order is that of the imports. The same code
    always gives the same page.
    """
    workspace = Workspace.find()
    house = read_house(workspace.root)
    measured = survey(workspace, house)
    page = output or workspace.root / "docs" / "architecture.md"
    picture = page.with_suffix(".svg")
    wanted = {page: write(measured, house, workspace.root, picture.name), picture: draw(measured)}
    old = [file for file, text in wanted.items() if not file.is_file() or file.read_text("utf-8") != text]
    if check and old:
        names = " and ".join(file.name for file in old)
        typer.echo(f"{names} {'is' if len(old) == 1 else 'are'} out of date: run `{COMMAND}`.", err=True)
        raise typer.Exit(1)
    for file in old:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(wanted[file], "utf-8")
        typer.echo(f"wrote {file}", err=True)
    if not old:
        typer.echo("The architecture page is up to date.", err=True)
