"""`mill run`: a ready-to-run case, one YAML file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mill.commands.flow import Approve, Data, EnvFile, Silent, State, TraceFile, Verbose
from mill.engine.ports import Target
from mill.errors import MillError
from mill.launch import Launch, Options, launch, read_data
from mill.workspace import Workspace, hint
from mill.yamlfile import read_mapping

_SETTINGS = ("summary", "description", "flow", "script", "args", "files", "event")


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
    event: {...}                      # instead of args: what a trigger would hand the preprocessor

    -d adds arguments and replaces those of the case. The workspace is the one the case lies in.

    mill run flows/import_sample.yaml -d '{"dry_run": true}'
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    loaded = read_case(case)
    loaded.args.update(read_data(data))
    what = Launch(Workspace.find(case.parent), loaded.target, loaded.args, loaded.event)
    raise typer.Exit(launch(what, Options(silent, verbose, approve, state, trace, env_file)))


@dataclass(frozen=True, slots=True)
class Case:
    """A run file's content, its files read."""

    summary: str
    target: Target
    args: dict[str, Any]
    event: dict[str, Any] | None


def read_case(file: Path) -> Case:
    """The case in `file`. Raises MillError for what is missing or unknown in it."""
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
    return Case(str(document.get("summary") or ""), Target(kind, str(document[kind])), args, event)


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
