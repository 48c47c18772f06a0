"""`mill serve`: the HTTP routes and webhooks of the workspace, on loopback, until Ctrl-C."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mill.errors import MillError
from mill.ports import Jobs
from mill.repository.deployed import OpenWorkspace
from mill.repository.raw_apps import raw_app
from mill.repository.workspace import Workspace
from mill.session import Session
from mill.signals import Stop, stop_signal

if TYPE_CHECKING:  # a web server's and a terminal library's imports, paid only by who serves
    from rich.table import Table

    from mill.api.endpoints.triggers import HttpTrigger
    from mill.api.server import LocalApi, Pages

_LOOK_SECONDS = 2.0  # for delayed jobs that another mill has put down
_PORT = typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
_HOST = typer.Option(
    help="Another Host to answer to, such as a tunnel's: name or name:port. May be given again."
)
_STATE = typer.Option(file_okay=False, help="Where state is kept; .mill beside wmill.yaml if not given.")
_TWINS = typer.Option("--twins", help="Name the twins of remote services, and the inbox of what was sent.")
_QUIET = typer.Option("--quiet", "-q", help="No line on stderr for each request.")
_WORKERS = typer.Option(
    min=1, help="Run no more script jobs at once, route calls included, as a server with so many workers."
)


def serve(
    port: Annotated[int, _PORT] = 8000,
    state: Annotated[Path | None, _STATE] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="MILL_TOKEN", help="Token that callers present; a new one each time if not given."
        ),
    ] = None,
    host: Annotated[list[str] | None, _HOST] = None,
    twins: Annotated[bool, _TWINS] = False,
    workers: Annotated[int | None, _WORKERS] = None,
    quiet: Annotated[bool, _QUIET] = False,
) -> None:
    """Serve the HTTP routes (*.http_trigger.yaml) and webhooks of this workspace until Ctrl-C.

    Only this machine can reach them, and of the pages in its browsers only
    the ones served here and those a route's allowed_origins names. Scripts and flows run as they would in
    `mill script run` and `mill flow run`, with the resources and variables of
    resources/mock; MILL_VAR_F_FOLDER_NAME in the environment or in .env
    overrides the variable f/folder/name.

    A job that was to start later, asked for here or elsewhere, starts when due.

    /docs is a page of all of them, /openapi.json the same for tools. /desk is
    the page for people with a file: `mill desk` opens it.

    It also takes folders, scripts and flows through the API, as Windmill
    does; they last until it ends, and nothing is written to the repository.

    A new or changed *.http_trigger.yaml counts from the next start; edits to
    scripts, flows, resources and variables count at once.
    """
    root = Workspace.find().root
    with serving(root, state, port=port, token=token, hosts=host or (), workers=workers, quiet=quiet) as new:
        _serve(new, twins=twins)
    typer.echo("Stopped.", err=True)


@contextlib.contextmanager
def serving(
    root: Path,
    state: Path | None,
    *,
    port: int,
    token: str | None = None,
    hosts: Sequence[str] = (),
    workers: int | None = None,
    quiet: bool = False,
    keeps_loaded: Callable[[str], bool] = lambda _path: False,
) -> Iterator[Session]:
    """Yield a session, not entered yet, whose platform is a server with pages for people.

    `keeps_loaded` as of a session.
    """
    from mill.api.server import LocalApi  # noqa: PLC0415 - see above

    token = token or secrets.token_urlsafe(32)
    # What is deployed while it serves goes when it ends.
    with tempfile.TemporaryDirectory(prefix="mill-deployed-") as folder:
        workspace = OpenWorkspace(root, Path(folder))
        settings: dict[str, Any] = {"workers": workers, "hosts": hosts, "access_log": None if quiet else _log}
        settings["open_workspace"] = workspace

        def local_api(jobs: Jobs, _workspace: Workspace, state_dir: Path) -> LocalApi:
            pages = _pages(root, state_dir, jobs, token)
            return LocalApi(root, state_dir, jobs, port=port, token=token, pages=pages, **settings)

        yield Session(workspace, state, platform=local_api, worker_count=workers, keeps_loaded=keeps_loaded)


def _pages(root: Path, state: Path, jobs: Jobs, token: str) -> Pages:
    from mill.desk.served import Desk  # noqa: PLC0415 - see above
    from mill.openapi.served import document_routes  # noqa: PLC0415 - see above

    desk = Desk(Workspace(root), state, jobs, token)
    return lambda url, workspace_id: [*document_routes(root, url, workspace_id), *desk.routes()]


def _log(line: str) -> None:
    typer.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)


def _serve(new_session: Session, *, twins: bool) -> None:
    """Serve until Ctrl-C."""
    # The signals are given back before the session ends its jobs: a second Ctrl-C ends the waiting for them.
    with new_session as session, stop_signal() as stopped:
        api = cast("LocalApi", session.platform)
        _announce(api, session.workspace)
        if twins:
            _announce_twins(api)
        adopt_until(stopped, session)


def adopt_until(stopped: Stop, session: Session) -> None:
    """Take over the jobs that become due, until `stopped` is set."""
    known: set[str] = set()
    _adopt(session, known)
    while not stopped.wait(_LOOK_SECONDS):
        _adopt(session, known)


def _adopt(session: Session, known: set[str]) -> None:
    """Take over the jobs that other runs were asked to start later, and say so once of each."""
    for job in session.engine.delayed():
        if job.id in known:
            continue
        known.add(job.id)
        what = f"{job.target.kind} {job.target.path} (job {job.id})"
        try:
            session.engine.adopt(job)
        except MillError as error:
            typer.echo(f"Cannot run {what}, due at {job.due_text}: {error}", err=True)
        else:
            typer.echo(f"Waiting: {what} runs at {job.due_text}.")


def _announce(api: LocalApi, workspace: Workspace) -> None:
    from rich.console import Console  # noqa: PLC0415 - see above

    from mill.api.sample_requests import route_line, webhook_lines  # noqa: PLC0415 - see above
    from mill.api.storage.values import in_double_quotes  # noqa: PLC0415 - see above
    from mill.desk.served import APP, address  # noqa: PLC0415 - see above

    def value(resource: str, key: str) -> str:
        if not resource:
            return in_double_quotes(api.token)
        try:
            return api.shell_word(resource, key)
        except MillError as error:
            return f"<{error}>"

    console = Console(soft_wrap=True, highlight=False, emoji=False)
    console.print(f"Serving {workspace.root} on {api.url}. Ctrl-C stops.\n", markup=False)
    if api.triggers:
        console.print(_table(api.triggers))
        for trigger in api.triggers:
            console.print(route_line(api.url, workspace, trigger, value), markup=False)
        console.print("\nA route that answers with a job's id names, as Location, where its result is read.")
    else:
        console.print("No HTTP routes: this workspace has no *.http_trigger.yaml.")
    console.print(f"\nAll of them, with inputs, examples and curl lines: {api.url}/docs", markup=False)
    if raw_app(workspace, APP) is not None:
        console.print(f"The import desk, for people with a file: {address(api.url, api.token)}", markup=False)
    console.print(
        "\nWebhooks of every script (p) and flow (f): wait for a result, or start a job and look.",
        markup=False,
    )
    url = f"{api.url}/api/w/{api.workspace_id}"
    path, is_flow = _example(workspace)
    for line in webhook_lines(url, workspace, path, api.token, is_flow=is_flow):
        console.print(line, markup=False)


def _announce_twins(api: LocalApi) -> None:
    """Where the stand-ins of remote services answer; a resource reaches one by its path, as base_url."""
    from rich.console import Console  # noqa: PLC0415 - see above

    from mill.twins.registry import NAMES  # noqa: PLC0415 - see above

    console = Console(soft_wrap=True, highlight=False)
    console.print("\nTwins, for resources with such a base_url:", markup=False)
    for name in NAMES:
        if name != "inbox":
            console.print(f"  /twins/{name:<12} {api.url}/twins/{name}", markup=False)
    console.print(f"What was sent through them: {api.url}/twins/inbox/", markup=False)


def _example(workspace: Workspace) -> tuple[str, bool]:
    """Return the path of a flow or script that exists, and whether it is a flow.

    Where nothing does yet, it is what one looks like.
    """
    flows, scripts = workspace.flows(), workspace.scripts()
    if flows:
        return flows[0], True
    return (scripts[0] if scripts else "f/folder/script"), False


def _table(triggers: list[HttpTrigger]) -> Table:
    from rich import box  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above

    table = Table(box=box.SIMPLE)
    for title in ("Method", "Route", "Runs", "Answers", "Authentication"):
        table.add_column(title, overflow="fold")
    for trigger in triggers:
        table.add_row(
            trigger.http_method.upper(),
            f"/api/r/{trigger.url_path}",
            f"{'flow' if trigger.is_flow else 'script'} {trigger.script_path}",
            f"not offered ({trigger.refused})" if trigger.refused else trigger.request_type,
            trigger.authentication,
        )
    return table
