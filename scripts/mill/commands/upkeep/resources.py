"""`mill resources`: the credentials a workspace needs, created once and never overwritten by accident."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from mill.repository.workspace import Workspace
from mill.resources import Planned, ResourcePush

app = typer.Typer(help="Create the resources and variables a Windmill workspace lacks.", no_args_is_help=True)

_PATHS = typer.Argument(help="Windmill paths or folders; all where none.")
_MOCK = typer.Option("--mock", help="Push what resources/mock has for practising on an instance.")


@app.callback()
def resources() -> None:
    """Create the resources and variables a Windmill workspace lacks."""


@app.command()
def push(
    paths: Annotated[list[str] | None, _PATHS] = None,
    *,
    mock: Annotated[bool, _MOCK] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace those that exist already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, do nothing.")] = False,
) -> None:
    """Create what is missing from the templates in resources/live, with the real wmill CLI.

    The workspace is the one `wmill` has selected (`wmill workspace add`), or
    the one WM_WORKSPACE, WM_TOKEN and BASE_INTERNAL_URL name.

    What exists is left alone; --overwrite replaces it. Folders that the
    repository has and the workspace lacks are created first, so that a member
    who is no admin may write into them.

    --mock takes the templates of resources/mock instead, to practise with.
    Left out are those that only `mill` serves on this machine (the twins), and
    those that resources/live has as well: they guard or send for real.

    Values of secrets come from the environment or .env, or from a hidden prompt
    at a terminal: for f/crm/token the name is MILL_VAR_F_CRM_TOKEN. An empty
    answer leaves that variable out, and the resources that need it.

    Names that you may have already are read as well, such as SLACK_BOT_TOKEN,
    STRIPE_SECRET_KEY, TWILIO_ACCOUNT_SID, SENDGRID_API_KEY, RESEND_API_KEY,
    AWS_ACCESS_KEY_ID, S3_BUCKET, GITHUB_TOKEN, GOOGLE_CLIENT_ID, CRM_API_KEY:
    docs/names.md has them all. Two names with different values are refused.
    """
    pushing = ResourcePush(Workspace.find(), mock=mock)
    planned = pushing.plan(paths or (), overwrite=overwrite)
    if pushing.left_out:
        typer.echo(f"Not for an instance: {', '.join(pushing.left_out)}.", err=True)
    if dry_run:
        Console().print(_table(planned))
        return
    done = pushing.push(planned, _ask if sys.stdin.isatty() else None)
    for name in pushing.folders:
        typer.echo(f"created folder f/{name}")
    for entry in done:
        typer.echo(
            f"{'created' if entry.action == 'create' else 'overwrote'} {entry.item.kind} {entry.item.path}"
            f"{_origin(pushing.taken.get(entry.item.path))}"
        )
    if pushing.not_given:
        typer.echo(f"Left out, as no value was given: {', '.join(pushing.not_given)}.", err=True)
    kept = sum(one.action == "keep" for one in planned)
    if kept:
        typer.echo(f"{kept} exist already and were left alone (--overwrite replaces them).", err=True)


def _origin(names: list[str] | None) -> str:
    return f" ({', '.join(names)})" if names else ""


def _ask(path: str, description: str) -> str:
    if description:
        typer.echo(description, err=True)
    asked = f"Value of {path} (empty: leave it out)"
    return str(typer.prompt(asked, default="", show_default=False, hide_input=True, err=True))


def _table(planned: list[Planned]) -> Table:
    table = Table("kind", Column("path", overflow="fold"), "action", Column("value", overflow="fold"))
    for entry in planned:
        value = f"asked for, or {entry.variable}" if entry.needs_value else "from the template"
        action = "keep (exists)" if entry.action == "keep" else entry.action
        table.add_row(entry.item.kind, entry.item.path, action, "" if entry.action == "keep" else value)
    return table
