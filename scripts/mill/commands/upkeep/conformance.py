"""`mill conformance`: where a Windmill server differs from what `mill` runs by."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from mill.errors import MillError

if TYPE_CHECKING:  # imports that only a check pays for
    from mill.conformance.check import Order
    from mill.conformance.report import Report
    from mill.conformance.runner import Told

_INTERRUPTED = "Interrupted: what ran has been canceled, and what was created has been removed."
_EVERY_SECONDS = 5.0  # a line of progress where stderr is no terminal


def conformance(
    *,
    url: Annotated[str, typer.Option(help="The server, such as https://windmill.example.com.")],
    workspace: Annotated[str, typer.Option(envvar="WM_WORKSPACE", help="The id of a workspace on it.")],
    only: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Only rules whose `table: rule` has this in it, or matches it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    at_once: Annotated[int, typer.Option(min=1, max=32, help="How many rules run at the same time.")] = 8,
    seconds: Annotated[
        float, typer.Option(min=1, help="How long one run may take beside the waits of its rule.")
    ] = 60.0,
) -> None:
    """Check a Windmill server: print where it differs from the rules `mill` runs by.

    Every rule of flows, every expression and every Python value in the tables
    is run there, deployed and as a preview; then the doors of a flow (webhook,
    HTTP route), a dry run of f/customers/import_csv and the data table `main`,
    where there are such. So a new Windmill is checked before a team moves to it.

    The token is WM_TOKEN of the environment: of a member who may create folders,
    or of an admin, who also creates routes. All lies in a folder of its own,
    f/mill_conformance_..., and is removed at the end, also after Ctrl-C (scripts
    are archived unless the token is an admin's). The runs stay in the list of
    runs. A wait counts as different only if it is too short; rows that cannot
    run there are named with the reason.

    Exit code 0 if nothing differs, 1 if something does.

    \b
    export WM_TOKEN=...
    mill conformance --url https://windmill.example.com --workspace staging
    mill conformance --url http://localhost:8000 --workspace local --only 'flow rules: *retry*'
    mill conformance --url https://windmill.example.com --workspace staging --json | jq .differences
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    from mill.conformance.check import Order  # noqa: PLC0415 - see above

    report = _check(url, workspace, Order(only, at_once, seconds))
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        _print(report)
    raise typer.Exit(1 if report.differing else 0)


def _check(url: str, workspace: str, order: Order) -> Report:
    from mill.conformance.check import check_server  # noqa: PLC0415 - see above
    from mill.conformance.server import Remote, parse_url  # noqa: PLC0415 - see above

    token = os.environ.get("WM_TOKEN", "").strip()
    if not token:
        raise MillError("WM_TOKEN is not set: export the token of a member of the workspace.")
    try:
        return check_server(Remote(parse_url(url), workspace, token), order, _say, _progress())
    except KeyboardInterrupt as error:
        raise MillError(_INTERRUPTED, exit_code=130) from error


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _progress() -> Told:
    """Return what tells of progress: one line that changes on a terminal, a line now and then elsewhere."""
    is_terminal, last = sys.stderr.isatty(), [time.monotonic()]

    def told(ended: int, of: int, differing: int) -> None:
        now = time.monotonic()
        if not is_terminal and now - last[0] < _EVERY_SECONDS and ended < of:
            return
        last[0] = now
        text = f"{ended} of {of} run, {differing} differ"
        typer.echo(f"\r{text}" if is_terminal else text, err=True, nl=not is_terminal or ended == of)

    return told


def _print(report: Report) -> None:
    from rich import box  # noqa: PLC0415 - see above
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.markup import escape  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above

    console = Console(highlight=False, soft_wrap=True)
    console.print(report.heading(), markup=False)
    if report.differing:
        table = Table("Rule", "Where", "Expected", "Got", box=box.SIMPLE)
        for one in report.differing:
            assert one.differs is not None
            cells = (f"{one.group}: {one.rule}", one.where, one.differs.expected, one.differs.got)
            table.add_row(*map(escape, cells))
        console.print(table)
    if report.not_run:
        console.print("Not run:", markup=False)
        for reason in report.reasons():
            console.print(f"- {reason}", markup=False)
    console.print(report.summary(), markup=False)
