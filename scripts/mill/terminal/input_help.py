"""`mill flow run PATH --help`: what that flow takes, as its form says."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any, ClassVar

import typer.core

from mill.engine.definition.arguments import schema_of
from mill.engine.definition.signature import Signature, read_signatures
from mill.errors import MillError
from mill.repository.workspace import Script, Workspace
from mill.repository.yaml_file import read_mapping
from mill.terminal.finding import Kind, find_runnable

_PATH = "mill.path"  # where the context of a call keeps the path given beside --help
_HELP = {"-h", "--help"}
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "array": "list",
    "object": "object",
}
_ANNOTATIONS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "dict": "object"}
_FORMATS = {"date-time": "date and time", "date": "date", "email": "e-mail address", "uri": "URL"}
_LONGEST_DEFAULT = 60


class _WithInputs(typer.core.TyperCommand):
    """A command that runs what lies at a path: with the path given, its help is that of what lies there."""

    kind: ClassVar[Kind]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        paths = [word for word in args if not word.startswith("-")]
        if paths and _HELP.intersection(args):
            ctx.meta[_PATH] = paths[0]
        return super().parse_args(ctx, args)

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        if _PATH not in ctx.meta:
            super().format_help_text(ctx, formatter)
            return
        workspace = Workspace.find()
        path = find_runnable(workspace, self.kind, ctx.meta[_PATH])
        about = _flow(workspace, path) if self.kind == "flow" else _script(workspace.script(path))
        with formatter.indentation():
            for text in (about.get("summary"), about.get("description")):
                for paragraph in filter(None, str(text or "").strip().split("\n\n")):
                    formatter.write_paragraph()
                    formatter.write_text(paragraph)
        rows = describe_inputs(about.get("schema") or {})
        if not rows:
            formatter.write_paragraph()
            formatter.write_text(f"{path} takes no inputs.")
        else:
            with formatter.section(f"Inputs of {path}"):
                formatter.write_dl(rows)
            given = shlex.quote(json.dumps({_first(about["schema"]): "..."}))
            with formatter.section("For example"):
                formatter.write_text(f"mill {self.kind} run {path} -d {given}")


class FlowCommand(_WithInputs):
    """`mill flow run`."""

    kind = "flow"


class ScriptCommand(_WithInputs):
    """`mill script run`."""

    kind = "script"


def describe_inputs(schema: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the inputs of a form in its order: the name; then type, description, choices and default."""
    properties = schema.get("properties") or {}
    required = schema.get("required") or []
    order = [name for name in schema.get("order") or [] if name in properties]
    names = [*order, *(name for name in properties if name not in order)]
    return [(name, _described(properties[name], required=name in required)) for name in names]


def _described(declared: Any, *, required: bool) -> str:
    spec = declared if isinstance(declared, dict) else {}
    default = spec.get("default")
    choices = spec.get("enum") or (spec.get("items") or {}).get("enum")
    parts = [
        f"{type_of(spec)}{', required' if required and default is None else ''}.",
        " ".join(str(spec.get("description") or "").split()),
        f"One of {', '.join(map(str, choices))}." if choices else "",
        f"Default: {_shown(default)}." if default not in (None, "", [], {}) else "",
    ]
    sentences = (part if part.endswith((".", "?", "!")) else f"{part}." for part in parts if part)
    return " ".join(sentences)


def type_of(spec: Mapping[str, Any]) -> str:
    """Return in a word or two what an input holds."""
    form = str(spec.get("format") or "")
    if form == "resource-s3_object":
        return 'object of the workspace\'s storage, as {"s3": "name"}'
    if form.startswith("resource-"):
        return f"{form.removeprefix('resource-')} resource, as $res:f/folder/name"
    if spec.get("contentEncoding") == "base64":
        return "file, as base64"
    if spec.get("type") == "array":
        inner = _TYPES.get(str((spec.get("items") or {}).get("type") or ""), "")
        return f"list of {inner}s" if inner in {"object", "number"} else f"list of {inner or 'anything'}"
    return _FORMATS.get(form) or _TYPES.get(str(spec.get("type") or ""), "anything")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_DEFAULT else f"{text[:_LONGEST_DEFAULT]}..."


def _first(schema: Mapping[str, Any]) -> str:
    """Return the input an example names: a required one, if there is any."""
    names = [*(schema.get("required") or []), *schema["properties"]]
    return str(next(name for name in names if name in schema["properties"]))


def _flow(workspace: Workspace, path: str) -> dict[str, Any]:
    return read_mapping(workspace.flow(path).file)


def _script(script: Script) -> dict[str, Any]:
    """Return what a script's metadata say; without them, what its signature does."""
    about = script.metadata()
    if about.get("schema") or not script.is_python:
        return about
    try:
        signature = read_signatures(script.file.read_text("utf-8"), str(script.file)).get("main")
    except (SyntaxError, UnicodeDecodeError) as error:
        raise MillError(f"{script.file} cannot be read as Python: {error}.") from error
    schema = schema_of(signature or Signature((), takes_anything=False))
    for parameter in signature.parameters if signature is not None else ():
        schema["properties"][parameter.name] = {"type": _ANNOTATIONS.get(parameter.annotation)}
    return {**about, "schema": schema}
