"""`mill lint`: what would go wrong on Windmill, said before the push."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mill.lint.run import lint as run_lint
from mill.repository.workspace import Workspace


def lint(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Show only what lies below these; else all.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of findings.")] = False,
) -> None:
    """Check scripts, flows, schedules and routes for what Windmill accepts and then does otherwise.

    Runs the real `wmill lint --locks-required --fail-on-warn` (findings WM000)
    and then checks of its own: WM1 signatures, WM2 imports and locks, WM3 forms,
    WM4 flows, WM5 expressions, WM6 schedules and routes, WM7 layout, WM8 secrets.

    Exit code 1 where anything is found.
    """
    workspace = Workspace.find()
    wanted = [Path(path).resolve() for path in paths or ()]
    findings = [
        finding
        for finding in run_lint(workspace)
        if not wanted or any((workspace.root / finding.file).is_relative_to(path) for path in wanted)
    ]
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(str(finding))
        typer.echo(f"Found {len(findings)} problems." if findings else "All checks passed.", err=True)
    if findings:
        raise typer.Exit(1)
