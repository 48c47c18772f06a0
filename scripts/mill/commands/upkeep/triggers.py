"""`mill triggers`: the schedules and HTTP routes a new workspace begins with."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from mill.repository.workspace import Workspace
from mill.triggers import TriggerPush

app = typer.Typer(
    help="Create the schedules and HTTP routes a Windmill workspace lacks.", no_args_is_help=True
)


@app.callback()
def triggers() -> None:
    """Create the schedules and HTTP routes a Windmill workspace lacks."""


@app.command()
def push(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Windmill paths or folders; all where none.")
    ] = None,
    *,
    overwrite: Annotated[
        bool, typer.Option(help="Replace those that exist already; they stay on or off, as they are.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, do nothing.")] = False,
) -> None:
    """Create the schedules and HTTP routes that are missing, with the real wmill CLI.

    The workspace is the one `wmill` has selected (`wmill workspace add`), or
    the one WM_WORKSPACE, WM_TOKEN and BASE_INTERNAL_URL name. Push the scripts
    and flows first: a schedule needs what it starts. Windmill lets only admins
    of the workspace create HTTP routes.

    What exists is left alone, whatever the team has made of it; --overwrite
    replaces hour, inputs and the rest, and leaves it on or off.
    """
    pushing = TriggerPush(Workspace.find())
    planned = pushing.plan(paths or (), overwrite=overwrite)
    if dry_run:
        table = Table("kind", "path", "action")
        for entry in planned:
            action = "keep (exists)" if entry.action == "keep" else entry.action
            table.add_row(entry.item.kind, entry.item.path, action)
        Console().print(table)
        return
    for entry in planned:
        if entry.action != "keep":
            pushing.push(entry)
            done = "created" if entry.action == "create" else "overwrote"
            typer.echo(f"{done} {entry.item.kind} {entry.item.path}")
    kept = sum(entry.action == "keep" for entry in planned)
    if kept:
        typer.echo(f"{kept} exist already and were left alone (--overwrite replaces them).", err=True)
