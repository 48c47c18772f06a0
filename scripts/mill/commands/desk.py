"""`mill desk`: the import desk in a browser, on this machine."""

from __future__ import annotations

import base64
import os
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mill.commands.serve import adopt_until, serving
from mill.errors import MillError
from mill.ports import Target
from mill.repository.workspace import Workspace
from mill.session import STATE_FOLDER, Session
from mill.signals import stop_signal

if TYPE_CHECKING:  # a web server's imports, paid once the page is there
    from mill.api.server import LocalApi
    from mill.repository.raw_apps import RawApp

_WHOLE = 1_000_000  # bytes of a file that is handed over as it is; a larger one is put into the storage
_START = "f/desk/start_draft"
_PORT = typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
_FILE = typer.Argument(exists=True, dir_okay=False, readable=True, help="A file to begin an import with.")
_STATE = typer.Option(file_okay=False, help="Where state is kept; .mill beside wmill.yaml if not given.")


def desk(
    file: Annotated[Path | None, _FILE] = None,
    port: Annotated[int, _PORT] = 8010,
    state: Annotated[Path | None, _STATE] = None,
    *,
    open: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Open the import desk: from a file to what became of its rows, in a browser, until Ctrl-C.

    The page is the one that is deployed (f/customers/import_desk), and so are
    the scripts and the flow that it runs: here they run on this machine, with
    the resources of resources/mock. Imports that were begun are found again
    next time. Needs Node.js, which bundles the page.

    Only a browser that was opened with the address printed here may use it.
    """
    from mill.desk.bundling import Bundler  # noqa: PLC0415 - see above
    from mill.desk.served import FOLDER, address, desk_app  # noqa: PLC0415 - see above

    workspace = Workspace.find()
    app = desk_app(workspace)
    bundle = Bundler(app, (state or workspace.root / STATE_FOLDER) / FOLDER).bundle()
    with (
        serving(workspace.root, state, port=port, quiet=True, keeps_loaded=_is_of(app)) as new,
        new as session,
        stop_signal() as stopped,
    ):
        api = cast("LocalApi", session.platform)
        draft = "" if file is None else _begin(session, file)
        where = address(api.url, api.token, draft)
        typer.echo(f"The import desk of {workspace.root}: {bundle.sizes}. Ctrl-C stops.\n{where}")
        if open and _has_screen():
            webbrowser.open(where)
        adopt_until(stopped, session)
    typer.echo("Stopped.", err=True)


def _is_of(app: RawApp) -> Callable[[str], bool]:
    """Return whether a script is what the page runs: once for each click, and the same few."""
    found = map(app.runnable, app.runnable_files())
    paths = {one.path for one in found if one is not None and one.kind == "script"}
    return lambda path: path in paths


def _begin(session: Session, file: Path) -> str:
    """Return the id of a new draft of the file, as if a person had dropped it on the page."""
    from mill.api.storage.objects import put_file  # noqa: PLC0415 - see above

    size = file.stat().st_size
    args: dict[str, Any] = {"name": file.name, "size": size}
    if size <= _WHOLE:
        args["data"] = base64.b64encode(file.read_bytes()).decode("ascii")
    else:
        key = f"desk/given/{os.urandom(8).hex()}"
        put_file(session.state, key, file)
        args["file"] = {"s3": key}
    completed = session.run(Target("script", _START), args)
    if not completed.success:
        raise MillError(f"{file}: {completed.result['error']['message']}", exit_code=1)
    return str(completed.result["draft"]["id"])


def _has_screen() -> bool:
    """Return whether a browser can have a window; without one, the terminal would become one."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in names)
