"""Checks a target for a person: runs the script, shows the findings, keeps what was measured."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mill.errors import MillError
from mill.ports import Completed, Target
from mill.repository.env_file import read_env_file
from mill.repository.workspace import AREAS, Workspace, clean_path
from mill.repository.yaml_file import read_mapping
from mill.session import Session
from mill.terminal.display import display_for
from mill.terminal.inputs import check_inputs, parse_object
from mill.terminal.options import Options
from mill.terminal.report import failure_text
from mill.terminal.show import as_json

SCRIPT = "f/customers/check_target"
_TEMPLATES = "resources/mock"


@dataclass(frozen=True, slots=True)
class CheckOrder:
    """What a person asked for. `resource`: a Windmill path or a file; `fields`: JSON."""

    resource: str
    write: bool = False
    fields: str | None = None
    save: bool = False
    output: Path | None = None


def check_target(workspace: Workspace, order: CheckOrder, options: Options) -> int:
    """Run the check and show its result. Returns the exit code: 0 only if the target can be used.

    Raises MillError for an order that cannot be carried out, before anything is sent.
    """
    if order.save and not order.write:
        raise MillError("--save keeps what was measured, and only a check with --write measures anything.")
    file = file_of(workspace, order.resource)
    if order.save and file is None:
        where = f"{_TEMPLATES}/{clean_path(order.resource)}.resource.yaml"
        raise MillError(f"--save: there is no {where} to put it into. Give the resource's file instead.")
    args: dict[str, Any] = {"api": resource_argument(order.resource, file), "write": order.write}
    if order.fields is not None:
        args["fields"] = parse_object(order.fields, "--fields")
    completed = _run(workspace, args, options)
    _show(completed, options)
    if order.output is not None:
        _write(order.output, as_json(completed.result))
    if not completed.success:
        return 1
    if order.save and file is not None:
        _save(file, completed.result["proven"])
    return 0


def file_of(workspace: Workspace, resource: str) -> Path | None:
    """Return the file a resource is in; None if only its path is known."""
    if _is_path(resource):
        under = workspace.root / _TEMPLATES
        items = {item.path: item.file for item in workspace.resources(under)}
        return items.get(clean_path(resource))
    file = Path(resource)
    if not file.is_file():
        raise MillError(f"{resource} is neither a file nor a Windmill path such as f/customers/mock_api.")
    return file


def _is_path(resource: str) -> bool:
    return resource.split("/", maxsplit=1)[0] in AREAS and not Path(resource).is_file()


def resource_argument(resource: str, file: Path | None) -> Any:
    """Return the argument: a reference to the resource, or the content of its file."""
    if _is_path(resource) or file is None:
        return f"$res:{clean_path(resource)}"
    return _value_of(read_mapping(file))


def _value_of(document: Any) -> Any:
    """A resource's value: the whole file, or what `wmill` writes beside its resource_type."""
    return document["value"] if "resource_type" in document and "value" in document else document


def _run(workspace: Workspace, args: Mapping[str, Any], options: Options) -> Completed:
    target = Target("script", workspace.script(SCRIPT).path)
    env = read_env_file(options.env_file) if options.env_file else {}
    with (
        display_for(silent=not options.verbose, logs=True) as display,
        Session(workspace, options.state, listeners=(display,), env=env) as session,
    ):
        if isinstance(args["api"], str):
            session.platform.get_resource(args["api"].removeprefix("$res:"))  # MillError for an unknown one
        try:
            return session.run(target, check_inputs(workspace, target, args, session.state))
        except KeyboardInterrupt:
            raise MillError(
                "Interrupted: test records may remain, named 'Millwright check, may be deleted'.",
                exit_code=130,
            ) from None


def _show(completed: Completed, options: Options) -> None:
    """A table for a person, the JSON for a program; a failure in a sentence."""
    if not sys.stdout.isatty():
        sys.stdout.write(as_json(completed.result))
    elif completed.success:
        _show_table(completed.result, Console())
    sys.stdout.flush()
    if not completed.success:
        sys.stderr.write(failure_text(completed.result, verbose=options.verbose) + "\n")


def _show_table(result: Mapping[str, Any], console: Console) -> None:
    table = Table("", "found", "what it means", title=str(result["target"]), title_justify="left")
    for row in result["findings"]:
        table.add_row(*(Text(row[name]) for name in ("aspect", "found", "meaning")))
    console.print(table)
    before, after = result["guarantee_before"], result["guarantee_after"]
    if before != after:
        console.print(Text(f"Before: {before}"))
    console.print(Text(f"Guarantee: {after}", style="bold"))
    for one in result["remaining"]:
        console.print(Text(f"May remain: {one['record']} {one['id']} ({one['why']})"))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise MillError(f"{file}: the result cannot be written ({error.strerror}).") from error


def _save(file: Path, proven: Mapping[str, Any]) -> None:
    """Put `proven` into the resource's file, whose comments and order stay. JSON is YAML too."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    try:
        document = yaml.load(file.read_text("utf-8-sig"))
    except (OSError, YAMLError) as error:
        raise MillError(
            f"{file}: cannot be read to put `proven` into it ({type(error).__name__})."
        ) from error
    _value_of(document)["proven"] = dict(proven)
    text = io.StringIO()
    if file.suffix == ".json":
        text.write(as_json(document))
    else:
        yaml.dump(document, text)
    _write(file, text.getvalue())
    sys.stderr.write(f"{file}: `proven` is in it now.\n")
