"""`mill lint`: what would go wrong on Windmill, said before the push."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from mill.lint.run import lint as run_lint
from mill.lint.selection import Selection, is_strict
from mill.repository.workspace import Workspace


def lint(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Show only what lies here: files, folders, scripts or flows; else all."),
    ] = None,
    *,
    strict: Annotated[
        bool | None,
        typer.Option("--strict/--no-strict", help="Let warnings fail, too, or not; pyproject.toml says it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list of findings.")] = False,
) -> None:
    """Check scripts, flows, schedules and routes for what Windmill accepts and then does otherwise.

    Runs the real `wmill lint --locks-required --fail-on-warn` (findings WM000)
    and then checks of its own: WM1 signatures, WM2 imports and locks, WM3 forms,
    WM4 flows, WM5 expressions, WM6 schedules and routes, WM7 layout, WM8 secrets,
    WM9 pages.

    What is a matter of taste is a warning: versions that nothing pins (WM206),
    missing summaries and descriptions (WM301, WM302, WM303), a form's order
    (WM304), a loop that does not say whether it is parallel (WM404), names that
    cannot be imported (WM701), folders without metadata (WM704), pages that do
    not say as whom they run (WM904), locks that the server would make, and what
    wmill itself calls a warning. With --strict, or with

    \b
    [tool.mill.lint]
    strict = true

    in the pyproject.toml beside wmill.yaml, these count like the rest.

    Exit code 1 where anything is found that counts.
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    workspace = Workspace.find()
    selection = Selection(workspace, paths or ())
    if strict is None:
        strict = is_strict(workspace)
    findings = run_lint(workspace, selection)
    warnings = [] if strict else [finding for finding in findings if finding.is_taste]
    if as_json:
        shown = [finding.as_json(warns=finding in warnings) for finding in findings]
        typer.echo(json.dumps(shown, indent=2))
    else:
        for finding in findings:
            typer.echo(finding.text(warns=finding in warnings))
        typer.echo(_summary(workspace, len(findings) - len(warnings), len(warnings)), err=True)
    if len(findings) > len(warnings):
        raise typer.Exit(1)


def _summary(workspace: Workspace, problems: int, warnings: int) -> str:
    counts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((problems, "problem"), (warnings, "warning"))
        if count
    ]
    if counts:
        return f"Found {' and '.join(counts)}."
    if not (workspace.python_files() or workspace.flows() or workspace.schedules() or workspace.triggers()):
        return f"There is nothing to check in {workspace.root}: no script, flow, schedule or trigger."
    return "All checks passed."
