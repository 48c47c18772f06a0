"""`mill doctor`: what a set-up lacks, where to get it, and what to do next."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mill.doctor.examine import Wanted, examine
from mill.doctor.finding import as_data
from mill.doctor.show import show


def doctor(
    service: Annotated[
        str,
        typer.Argument(
            metavar="[SERVICE]",
            help="One service in full, such as slack, stripe or f/files/s3; all if not given.",
        ),
    ] = "",
    *,
    workspace: Annotated[
        bool, typer.Option("--workspace", help="Look at a workspace on Windmill instead, through wmill.")
    ] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out what takes seconds: whether metadata is up to date.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Say what a set-up has, what it lacks and where to get it, and what to do next.

    Without options it looks at this machine: Python, packages, the Windmill CLI,
    the repository and its metadata, what runs left behind, .env, and the
    credentials that are here. With --workspace it asks the workspace that `wmill`
    has selected, or that WM_WORKSPACE, WM_TOKEN and BASE_INTERNAL_URL name: sign-in,
    scripts and flows, resource types, schedules, routes, data table, object storage,
    and of each service its resources and variables.

    Nothing is changed and no secret is read or printed: Windmill's listings leave
    them out. Credentials are known by the names in docs/names.md, such as
    SLACK_BOT_TOKEN, in the environment or in .env.

    Exit code 0: nothing is missing. 1: something is.
    """
    tell = (lambda _: None) if as_json else lambda text: typer.echo(text, err=True)
    found = examine(Path.cwd(), Wanted(service, workspace, quick, tell))
    data = as_data(found.findings, found.next)
    if as_json:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        show(Console(soft_wrap=False), found.title, found.findings, found.next)
    sys.exit(0 if data["ready"] else 1)
