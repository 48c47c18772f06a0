"""`mill serve`: the HTTP routes and webhooks of the workspace, on loopback, until Ctrl-C."""

from __future__ import annotations

import contextlib
import shlex
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mill.errors import MillError
from mill.ports import Jobs
from mill.repository.deployed import OpenWorkspace
from mill.repository.workspace import Workspace
from mill.session import Session

if TYPE_CHECKING:  # a web server's and a terminal library's imports, paid only by who serves
    from rich.table import Table

    from mill.api.endpoints.triggers import HttpTrigger
    from mill.api.server import LocalApi

_LOOK_SECONDS = 2.0  # for delayed jobs that another mill has put down
_BODY = "-H 'Content-Type: application/json' -d '{}'"
_PORT = typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
_HOST = typer.Option(
    help="Another Host to answer to, such as a tunnel's: name or name:port. May be given again."
)
_WORKERS = typer.Option(
    min=1, help="Run no more script jobs at once, route calls included, as a server with so many workers."
)
_PROOF = {
    "none": "",
    "custom_script": "",
    "windmill": '-H "Authorization: Bearer $MILL_TOKEN"',
    "api_key": '-H "<api_key_header>: <api_key_secret>"',
    "basic_http": "-u '<username>:<password>'",
    "signature": "-H '<signature header>: <signature of the body>'",
}


def serve(
    port: Annotated[int, _PORT] = 8000,
    state: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Where state is kept; .mill beside wmill.yaml if not given."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="MILL_TOKEN", help="Token that callers present; a new one each time if not given."
        ),
    ] = None,
    host: Annotated[list[str] | None, _HOST] = None,
    twins: Annotated[
        bool,
        typer.Option("--twins", help="Name the twins of remote services, and the inbox of what was sent."),
    ] = False,
    workers: Annotated[int | None, _WORKERS] = None,
) -> None:
    """Serve the HTTP routes (*.http_trigger.yaml) and webhooks of this workspace until Ctrl-C.

    Only this machine can reach them, and of the pages in its browsers only
    the ones served here and those a route's allowed_origins names. Scripts and flows run as they would in
    `mill script run` and `mill flow run`, with the resources and variables of
    resources/mock; MILL_VAR_F_FOLDER_NAME in the environment or in .env
    overrides the variable f/folder/name.

    A job that was to start later, asked for here or by another run, starts
    here when it is due.

    It also takes folders, scripts and flows through the API, as Windmill does;
    they last until it ends, and nothing is written to the repository.

    A new or changed *.http_trigger.yaml counts from the next start; edits to
    scripts, flows, resources and variables count at once.
    """
    from mill.api.server import LocalApi  # noqa: PLC0415 - see above

    root = Workspace.find().root
    # What is deployed while it serves goes when it ends.
    with tempfile.TemporaryDirectory(prefix="mill-deployed-") as folder:
        workspace, hosts = OpenWorkspace(root, Path(folder)), host or ()
        settings: dict[str, Any] = {"open_workspace": workspace, "workers": workers, "hosts": hosts}

        def local_api(jobs: Jobs, _workspace: Workspace, state_dir: Path) -> LocalApi:
            return LocalApi(root, state_dir, jobs, port=port, token=token, **settings)

        _serve(Session(workspace, state, platform=local_api, worker_count=workers), twins=twins)
    typer.echo("Stopped.", err=True)


def _serve(new_session: Session, *, twins: bool) -> None:
    """Serve until Ctrl-C."""
    # The signals are given back before the session ends its jobs: a second Ctrl-C ends the waiting for them.
    with new_session as session, _stop_signal() as stopped:
        api = cast("LocalApi", session.platform)
        _announce(api, session.workspace)
        if twins:
            _announce_twins(api)
        _adopt_until(stopped, session)


def _adopt_until(stopped: threading.Event, session: Session) -> None:
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


@contextlib.contextmanager
def _stop_signal() -> Iterator[threading.Event]:
    """Set by Ctrl-C or by a request to terminate, instead of what these do otherwise.

    What started us ignoring SIGINT (nohup, a script's background job) wants Ctrl-C for its own foreground.
    """
    stopped = threading.Event()
    signals = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signals.append(signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in signals}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announce(api: LocalApi, workspace: Workspace) -> None:
    from rich.console import Console  # noqa: PLC0415 - see above

    console = Console(soft_wrap=True, highlight=False)
    console.print(f"Serving {workspace.root} on {api.url}. Ctrl-C stops.\n", markup=False)
    if api.triggers:
        console.print(_table(api.triggers))
        for trigger in api.triggers:
            console.print(_curl(api.url, trigger), markup=False)
    else:
        console.print("No HTTP routes: this workspace has no *.http_trigger.yaml.")
    console.print(
        "\nWebhooks of every script (p) and flow (f): start one, or wait for its result.", markup=False
    )
    console.print(f"export MILL_TOKEN={shlex.quote(api.token)}", markup=False)
    url = f"{api.url}/api/w/{api.workspace_id}/jobs"
    example = _example(workspace)
    for run in ("run", "run_wait_result"):
        console.print(f"curl -X POST {url}/{run}/{example} {_PROOF['windmill']} {_BODY}", markup=False)


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


def _example(workspace: Workspace) -> str:
    """Return a webhook that exists, as the end of its URL; where nothing does yet, what one looks like."""
    flows, scripts = workspace.flows(), workspace.scripts()
    if flows:
        return f"f/{flows[0]}"
    return f"p/{scripts[0]}" if scripts else "p/f/folder/script"


def _table(triggers: list[HttpTrigger]) -> Table:
    from rich import box  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above

    table = Table("Method", "Route", "Runs", "Answers", "Authentication", box=box.SIMPLE)
    for trigger in triggers:
        table.add_row(
            trigger.http_method.upper(),
            f"/api/r/{trigger.url_path}",
            f"{'flow' if trigger.is_flow else 'script'} {trigger.script_path}",
            f"not offered ({trigger.refused})" if trigger.refused else trigger.request_type,
            trigger.authentication,
        )
    return table


def _curl(url: str, trigger: HttpTrigger) -> str:
    method = trigger.http_method.upper()
    path = "/".join(segment.lstrip(":*") for segment in trigger.url_path.split("/"))  # the names as values
    parts = [
        "curl" if method == "GET" else f"curl -X {method}",
        f"{url}/api/r/{path}",
        _PROOF[trigger.authentication],
        _BODY if method in {"POST", "PUT", "PATCH"} else "",
    ]
    return " ".join(part for part in parts if part)
