"""Reads what a person hands to a run: arguments, checked before a process is started, and its environment."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mill.engine.definition.arguments import checked_arguments, schema_of
from mill.engine.definition.library import Library
from mill.errors import MillError
from mill.ports import Target
from mill.repository.workspace import Workspace
from mill.terminal.finding import refuse_table

_FLOW_INPUT = re.compile(r"\bflow_input(?:\?)?\.([A-Za-z_$][\w$]*)")


def read_data(text: str | None) -> dict[str, Any]:
    """Return the arguments of `-d`: JSON, `@file`, or `@-` for stdin.

    Raises MillError with line and column.
    """
    if text is None:
        return {}
    source = "-d"
    if text == "@-":
        source, text = "stdin", sys.stdin.read()
    elif text.startswith("@"):
        source = text[1:]
        refuse_table(Path(source), "arguments as JSON")
        try:
            text = Path(source).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MillError(f"{source}: cannot be read as UTF-8 text ({error}).") from error
    return parse_object(text, source)


def parse_object(text: str, source: str) -> dict[str, Any]:
    """Return a JSON object. Raises MillError with line and column."""
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MillError(f"{source} is not JSON: {error.msg} at {place}.") from error
    except ValueError as error:
        raise MillError(f"{source} is not JSON: {error}.") from error
    if not isinstance(data, dict):
        raise MillError(f'{source} must be a JSON object of arguments, such as {{"name": "value"}}.')
    return data


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def check_inputs(
    workspace: Workspace, target: Target, args: Mapping[str, Any], state: Path
) -> dict[str, Any]:
    """Return the arguments of a run, once it is known that they fit and that what it needs exists.

    Raises MillError for what does not. `state` is where inline scripts are kept.
    """
    library = Library(workspace, state / "inline")
    if target.kind == "flow":
        return _check_flow_inputs(workspace, target.path, library.check_flow(target.path).schema, args)
    signature = library.signature(target.path)
    if signature.takes_anything:
        return dict(args)
    schema = workspace.script(target.path).metadata().get("schema") or schema_of(signature)
    return checked_arguments(f"Script {target.path}", schema, args)


def _check_flow_inputs(
    workspace: Workspace, path: str, schema: Mapping[str, Any], args: Mapping[str, Any]
) -> dict[str, Any]:
    """Check what the flow declares; let what only its expressions know pass: a webhook hands that on."""
    text = workspace.flow(path).file.read_text("utf-8", errors="replace")
    read = set(_FLOW_INPUT.findall(text)) - set(schema.get("properties") or {})
    declared = {name: value for name, value in args.items() if name not in read}
    extra = {name: value for name, value in args.items() if name in read}
    return checked_arguments(f"Flow {path}", schema, declared) | extra
