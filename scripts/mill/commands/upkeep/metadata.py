"""`mill metadata`: input forms, locks and hashes of scripts and flows, without a Windmill server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from mill.errors import MillError
from mill.metadata.pins import pin as pin_code
from mill.metadata.regenerate import regenerate
from mill.repository.workspace import Workspace


def metadata(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Folders, scripts or flow folders; all where none is given.")
    ] = None,
    *,
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing: print what would change, exit with 1 if it does."),
    ] = False,
    pin: Annotated[
        bool,
        typer.Option("--pin", help="First write the versions of requirements.lock into the code."),
    ] = False,
) -> None:
    """Bring .script.yaml, locks and wmill-lock.yaml up to date with the code.

    Runs the real `wmill generate-metadata` in a copy of the workspace, so
    Windmill's own parser reads the signature of main() into the schema. Locks
    are resolved here with uv, by the rules of Windmill's worker, within
    requirements.lock where the repository has one: what is tested is what is
    deployed.

    Kept: summary, description and the other settings of a script; of each input
    title, description, placeholder, pattern, minimum, maximum, order, nullable,
    password, enumLabels, x-* keys.

    Worked out anew: which inputs there are, which are required, type, default,
    enum, items.

    Lost: hand-written properties of a plain dict input (describe them in the
    input's description, or use a TypedDict named like a resource type), and
    comments in .script.yaml. Keys are sorted. A flow.yaml is written only where
    more than its layout would change; it then loses its comments too.

    --pin writes the version of each package that a file's imports bring behind
    `# extra_requirements:` at its top. Windmill resolves a script anew when a
    library that it imports is deployed: without pins to the newest versions,
    and each later push differs. `mill lint` names what is not pinned.

    Python only; for scripts in other languages run `wmill generate-metadata`
    against a Windmill instance.
    """
    workspace = Workspace.find()
    if pin:
        _pin(workspace, check=check)
    _regenerate(workspace, paths or (), check=check)


def _pin(workspace: Workspace, *, check: bool) -> None:
    if check:
        raise MillError("--pin changes code and --check changes nothing: give one of them.")
    for change in pin_code(workspace):
        change.apply(workspace.root)
        typer.echo(f"pinned {change.path}", err=True)


def _regenerate(workspace: Workspace, paths: Sequence[str], *, check: bool) -> None:
    changes = regenerate(workspace.root, paths)
    for change in changes:
        if check:
            typer.echo(change.diff(), nl=False)
        else:
            change.apply(workspace.root)
            typer.echo(f"{'removed' if change.after is None else 'wrote'} {change.path}", err=True)
    if check and changes:
        typer.echo(f"{len(changes)} files are out of date: run `mill metadata`.", err=True)
        raise typer.Exit(1)
    if not changes:
        typer.echo("Metadata is up to date.", err=True)
