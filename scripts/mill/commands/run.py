"""`mill run`: a ready-to-run case, one YAML file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mill.errors import MillError
from mill.ports import Target
from mill.repository.workspace import Workspace, hint
from mill.repository.yaml_file import read_mapping
from mill.session import STATE_FOLDER
from mill.terminal.finding import refuse_runnable, refuse_table
from mill.terminal.inputs import read_data
from mill.terminal.launch import Launch, launch
from mill.terminal.options import Approve, Data, EnvFile, Options, Silent, State, TraceFile, Verbose

_SETTINGS = ("summary", "description", "flow", "script", "args", "files", "objects", "event", "due")


def run(
    case: Annotated[Path, typer.Argument(help="The case, such as flows/name.yaml.")],
    data: Data = None,
    silent: Silent = False,
    verbose: Verbose = False,
    approve: Approve = False,
    state: State = None,
    trace: TraceFile = None,
    env_file: EnvFile = None,
) -> None:
    """Run a case: which flow or script, with which arguments and files.

    A case is a YAML file:

    \b
    summary: Import the sample customers
    flow: f/customers/import_csv      # or: script: f/folder/name
    args:                             # the arguments
      dry_run: false
    files:                            # argument: file beside the case, handed over as base64
      csv: data/customers.csv
    objects:                          # object of the workspace's storage: file beside the case, put there
      inbox/customers.csv: data/customers.csv
    event: {...}                      # what a trigger would hand the preprocessor, which makes the args

    -d adds arguments and replaces those of the case. The workspace is the one the case lies in, or
    the one you are in. A case that mill itself has put off (it has `due`) is run once, and removed.

    mill run flows/customers.yaml -d '{"dry_run": true}'
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    refuse_table(case, "a run file")
    refuse_runnable(case)
    loaded = read_case(case)
    loaded.args.update(read_data(data))
    workspace = _workspace_of(case)
    _put_objects(case, loaded.objects, state or workspace.root / STATE_FOLDER)
    what = Launch(workspace, loaded.target, loaded.args, loaded.event)
    code = launch(what, Options(silent, verbose, approve, state, trace, env_file))
    if loaded.is_delayed:
        case.unlink(missing_ok=True)
    raise typer.Exit(code)


def _workspace_of(case: Path) -> Workspace:
    try:
        return Workspace.find(case.parent)
    except MillError:
        return Workspace.find()


@dataclass(frozen=True, slots=True)
class Case:
    """A run file's content, its files read."""

    summary: str
    target: Target
    args: dict[str, Any]
    objects: dict[str, Path]
    event: dict[str, Any] | None
    is_delayed: bool = False


def read_case(file: Path) -> Case:
    """Return the case in `file`. Raises MillError for what is missing or unknown in it."""
    document = read_mapping(file)
    for name in document:
        if name not in _SETTINGS:
            raise MillError(f"{file}: has no use for {name}.{hint(name, _SETTINGS)}")
    if ("flow" in document) == ("script" in document):
        raise MillError(f"{file}: names what to run by either `flow` or `script`.")
    kind: Any = "flow" if "flow" in document else "script"
    args = _mapping(file, document, "args")
    for name, relative in _mapping(file, document, "files").items():
        args[name] = _encoded(file, name, file.parent / str(relative))
    event = _mapping(file, document, "event") if "event" in document else None
    objects = {
        str(key): file.parent / str(relative) for key, relative in _mapping(file, document, "objects").items()
    }
    target = Target(kind, str(document[kind]))
    return Case(str(document.get("summary") or ""), target, args, objects, event, "due" in document)


def _put_objects(case: Path, objects: dict[str, Path], state: Path) -> None:
    if not objects:
        return
    from mill.api.storage.objects import put_file  # noqa: PLC0415 - a web server's imports, for the few cases with objects
    from mill.api.transport.replies import Refusal  # noqa: PLC0415 - the same

    for key, file in objects.items():
        try:
            put_file(state, key, file)
        except Refusal as error:
            raise MillError(f"{case}: {error}") from error
        except OSError as error:
            raise MillError(
                f"{case}: the file for the object {key}, {file}, cannot be copied ({error.strerror})."
            ) from error


def _mapping(file: Path, document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name) or {}
    if not isinstance(value, dict):
        raise MillError(f"{file}: `{name}` must be a mapping.")
    return value


def _encoded(case: Path, argument: str, file: Path) -> str:
    try:
        return base64.b64encode(file.read_bytes()).decode("ascii")
    except OSError as error:
        raise MillError(
            f"{case}: the file for {argument}, {file}, cannot be read ({error.strerror})."
        ) from error
