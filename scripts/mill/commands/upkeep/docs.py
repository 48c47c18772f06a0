"""`mill docs`: pages that are written from the code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mill.manual.pages import PAGES, outdated
from mill.manual.pages import architecture as architecture_files
from mill.repository.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Write pages from the code.")
_CHECK = typer.Option("--check", help="Write nothing: exit with 1 if the page is out of date.")


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
    check: Annotated[bool, _CHECK] = False,
) -> None:
    """Draw the workspace as a house: folders, wings, and how many imports lead from one to another.

    house.toml beside wmill.yaml states the order of folders and wings, and what
    each is for; without it the order is that of the imports. The same code
    always gives the same page.
    """
    _write("architecture", architecture_files(Workspace.find(), output), check=check)


@app.command()
def inputs(*, check: Annotated[bool, _CHECK] = False) -> None:
    """List the inputs of the flows that import, and the settings of a customer_api: docs/inputs.md."""
    _write("inputs", PAGES["inputs"](Workspace.find()), check=check)


@app.command("lint-codes")
def lint_codes(*, check: Annotated[bool, _CHECK] = False) -> None:
    """List what `mill lint` finds, and why it matters: docs/lint-codes.md."""
    _write("lint-codes", PAGES["lint-codes"](Workspace.find()), check=check)


@app.command()
def names(*, check: Annotated[bool, _CHECK] = False) -> None:
    """List every resource, variable and environment name: docs/names.md and .env.example."""
    _write("names", PAGES["names"](Workspace.find()), check=check)


@app.command()
def reasons(*, check: Annotated[bool, _CHECK] = False) -> None:
    """Write the table of reasons into docs/troubleshooting.md, and leave the rest of it as it is."""
    _write("reasons", PAGES["reasons"](Workspace.find()), check=check)


@app.command("all")
def all_pages(*, check: Annotated[bool, _CHECK] = False) -> None:
    """Write all of these pages."""
    workspace = Workspace.find()
    wanted = {file: text for write in PAGES.values() for file, text in write(workspace).items()}
    _write("all", wanted, check=check)


def _write(command: str, wanted: dict[Path, str], *, check: bool) -> None:
    old = outdated(wanted)
    if check and old:
        names = " and ".join(file.name for file in old)
        typer.echo(
            f"{names} {'is' if len(old) == 1 else 'are'} out of date: run `mill docs {command}`.", err=True
        )
        raise typer.Exit(1)
    for file in old:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(wanted[file], "utf-8")
        typer.echo(f"wrote {file}", err=True)
    if not old:
        typer.echo("Nothing is out of date.", err=True)
