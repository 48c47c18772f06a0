"""`mill mcp`: the tools of this workspace for an agent, over standard input and output or over HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mill.errors import MillError
from mill.repository.workspace import Workspace

_FOLDER = typer.Option(metavar="FOLDER", help="Serve all scripts of this folder. May be given again.")
_SCRIPT = typer.Option(metavar="PATH", help="Serve this script. May be given again.")
_FLOW = typer.Option(metavar="PATH", help="Serve this flow. May be given again.")
_RESOURCES = typer.Option(
    metavar="DIR", file_okay=False, exists=True, help="Resources and variables; resources/mock if not given."
)
_TOKEN = typer.Option(
    "--token-env", metavar="NAME", help="With --http: ask for the bearer token that this variable holds."
)
_ORIGIN = typer.Option(
    metavar="ORIGIN", help="With --http: let pages of this origin in, too. May be given again."
)
_HTTP = typer.Option("--http", help="Serve over HTTP on 127.0.0.1, not over standard input and output.")
_PORT = typer.Option(min=0, max=65535, help="With --http; 0 takes a free one.")
_WORKERS = typer.Option(min=1, max=64, help="Run no more calls at once.")
_STATE = typer.Option(file_okay=False, help="Where state is kept; .mill beside wmill.yaml if not given.")
_QUIET = typer.Option("--quiet", "-q", help="No line on stderr for each call.")


def mcp(
    *,
    folder: Annotated[list[str] | None, _FOLDER] = None,
    script: Annotated[list[str] | None, _SCRIPT] = None,
    flow: Annotated[list[str] | None, _FLOW] = None,
    http: Annotated[bool, _HTTP] = False,
    port: Annotated[int, _PORT] = 8765,
    token_env: Annotated[str | None, _TOKEN] = None,
    origin: Annotated[list[str] | None, _ORIGIN] = None,
    workers: Annotated[int, _WORKERS] = 8,
    resources: Annotated[Path | None, _RESOURCES] = None,
    state: Annotated[Path | None, _STATE] = None,
    quiet: Annotated[bool, _QUIET] = False,
) -> None:
    """Serve scripts as the tools of an agent, by the Model Context Protocol (MCP).

    The scripts of f/tools, if nothing else is named. Each call is a job with
    the resources of resources/mock: twins, which send nothing to anybody.

    A client on this machine starts it by itself. In its configuration:

    \b
    {"mcpServers": {"millwright": {
      "command": "mill", "args": ["mcp"], "cwd": "/where/this/workspace/lies"}}}

    or, where the client takes no cwd,

    \b
    "command": "sh", "args": ["-c", "cd /where/this/workspace/lies && exec mill mcp"]

    A client that speaks HTTP is given the address that this prints:

    \b
    mill mcp --http --port 8765                       http://127.0.0.1:8765/mcp
    MCP_TOKEN=... mill mcp --http --token-env MCP_TOKEN

    It ends when the client closes standard input, or on Ctrl-C.
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    from mill.mcp.catalogue import Selection  # noqa: PLC0415 - the protocol's imports, paid only by who serves
    from mill.mcp.running import Settings, run_http, run_stdio, say  # noqa: PLC0415 - as above

    if not http and (token_env or origin):
        raise MillError("--token-env and --origin are for --http. Leave them out, or add --http.")
    selection = Selection(tuple(folder or ()), tuple(script or ()), tuple(flow or ()))
    settings = Settings(selection, resources, state, workers, (lambda _line: None) if quiet else say)
    if http:
        run_http(Workspace.find(), settings, port, token=_token(token_env), origins=tuple(origin or ()))
    else:
        run_stdio(Workspace.find(), settings)
    say("Stopped.")


def _token(name: str | None) -> str:
    """Return the token that a variable of the environment holds."""
    if name is None:
        return ""
    value = os.environ.get(name, "").strip()
    if not value:
        raise MillError(f"{name} is not set in the environment. Put the token of the clients there.")
    return value
