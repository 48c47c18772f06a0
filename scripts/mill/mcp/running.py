"""A session and the server over it, put together and ended together."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import typer

from mill.mcp.catalogue import Catalogue, Selection
from mill.mcp.jobs import Calls, Follower
from mill.mcp.server import ToolServer
from mill.ports import Jobs
from mill.repository.workspace import Workspace
from mill.session import Session
from mill.signals import stop_signal

_MOCK = Path("resources", "mock")


@dataclass(frozen=True, slots=True)
class Settings:
    """What is served, with which resources, and where its state lies. None: as elsewhere in mill."""

    selection: Selection = field(default_factory=Selection)
    resources: Path | None = None
    state: Path | None = None
    workers: int = 8
    log: Callable[[str], None] = lambda _line: None


def run_stdio(workspace: Workspace, settings: Settings) -> None:
    """Serve the one client that started this process, until it closes standard input, or a signal."""
    from mill.mcp.stdio import serve_stdio, standard_streams  # noqa: PLC0415 - one of the two is needed

    with standard_streams() as wire, tool_server(workspace, settings) as server:
        serve_stdio(server, wire)


def run_http(
    workspace: Workspace, settings: Settings, port: int, *, token: str = "", origins: Sequence[str] = ()
) -> None:
    """Serve until Ctrl-C or SIGTERM. The address is the first line of standard output."""
    from mill.mcp.http import serving_http  # noqa: PLC0415 - as above

    # The signals are given back before the session ends its jobs: a second Ctrl-C ends the waiting for them.
    with (
        tool_server(workspace, settings) as server,
        stop_signal() as stopped,
        serving_http(server, port, token=token, origins=origins) as url,
    ):
        typer.echo(url)
        guarded = "with the token" if token else "for programs of this machine"
        say(f"Serving {server.count()} tools on {url}, {guarded}. Ctrl-C stops.")
        stopped.wait()


@contextlib.contextmanager
def tool_server(workspace: Workspace, settings: Settings) -> Iterator[ToolServer]:
    """Yield a server whose calls are jobs of a session. MillError for what is not there to serve."""
    from mill.api.server import LocalApi  # noqa: PLC0415 - after what is wrong with the selection was said

    templates = (settings.resources or workspace.root / _MOCK).resolve()
    catalogue = Catalogue(workspace, settings.selection, templates)
    catalogue.tools()
    follower = Follower()

    def local_api(jobs: Jobs, _workspace: Workspace, state: Path) -> LocalApi:
        return LocalApi(workspace.root, state, jobs, templates=[templates])

    session = Session(
        workspace,
        settings.state,
        listeners=(follower,),
        platform=local_api,
        worker_count=settings.workers,
        keeps_loaded=catalogue.is_made_as_tool,
    )
    with session:
        calls = Calls(session.engine, follower, settings.workers)
        yield ToolServer(catalogue, calls, _version(), settings.log)


def say(line: str) -> None:
    """Print a line with its time on stderr."""
    typer.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)


def _version() -> str:
    try:
        return metadata.version("millwright")
    except metadata.PackageNotFoundError:
        return "0"
