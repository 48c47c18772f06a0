"""docs/inputs.md: the inputs of the import flows and the settings of a target, from their forms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mill.manual.tables import table, written_by
from mill.repository.workspace import Workspace
from mill.repository.yaml_file import read_mapping

COMMAND = "mill docs inputs"
_FLOWS = ("f/customers/import_csv", "f/customers/import_inbox")
_TYPE = "customer_api"
_FORMATS = {
    "resource-customer_api": "a `customer_api` resource",
    "resource-postgresql": "a `postgresql` resource",
    "resource-s3_object": "an object of the storage",
}
_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes or no"}
_OPENING = """\
What can be given to the flows that import, and what a resource of the type `customer_api` can say. The names
are the same in a form, a schedule, a request and a run file. *Empty* is what an input is if nobody fills it
in. [getting-started.md](getting-started.md) has examples.
"""
_HEAD = ("Name", "Type", "Default", "Meaning")


def write(workspace: Workspace) -> str:
    """Return the page."""
    return "\n".join(
        line for section in (_opening(), _flows(workspace), _target(workspace)) for line in section
    )


def _opening() -> Iterator[str]:
    yield "# Inputs and settings\n"
    yield written_by(COMMAND)
    yield _OPENING


def _flows(workspace: Workspace) -> Iterator[str]:
    for path in _FLOWS:
        value = read_mapping(workspace.flow(path).file)
        yield f"## The flow {path}\n"
        yield f"{value['summary']}.\n"
        yield from _fields(value["schema"])


def _target(workspace: Workspace) -> Iterator[str]:
    form = read_mapping(workspace.root / f"{_TYPE}.resource-type.yaml")
    parts = form["schema"]["properties"]
    yield f"## The resource type {_TYPE}\n"
    yield f"{form['description']} Only `kind` and `base_url` must be there.\n"
    yield from _fields(form["schema"])
    for name in ("endpoints", "authentication", "settings"):
        yield f"### {name}\n"
        if name == "authentication":
            yield from _sign_ins(parts[name])
        else:
            yield from _fields(parts[name])


def _sign_ins(spec: Mapping[str, Any]) -> Iterator[str]:
    """Yield one table: what each way to sign in takes."""
    yield "`type` says which of these it is; `label` has the same value, for the form.\n"
    rows = []
    for one in spec["oneOf"]:
        names = [name for name in one["order"] if name not in {"label", "type"}]
        must = set(one.get("required", ()))
        rows += [
            (f"`{one['title']}`", *_row(name, one["properties"][name], name in must)) for name in names
        ] or [(f"`{one['title']}`", "", "", "", "No credential is sent.")]
    yield from table(("type", *_HEAD), rows)


def _fields(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    yield from table(_HEAD, _rows(schema, prefix))


def _rows(schema: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, ...]]:
    must = set(schema.get("required", ()))
    properties = schema["properties"]
    for name in schema.get("order", properties):
        spec = properties[name]
        yield _row(f"{prefix}{name}", spec, name in must)
        if prefix or name != "rate_limit":
            continue
        yield from _rows(spec, f"{name}.")


def _row(name: str, spec: Mapping[str, Any], is_required: bool) -> tuple[str, ...]:
    return f"`{name}`", _type_of(spec), _default_of(spec, is_required), _meaning_of(spec)


def _meaning_of(spec: Mapping[str, Any]) -> str:
    title, text = str(spec.get("title", "")), str(spec.get("description", ""))
    return f"**{title}.** {text}" if title else text


def _type_of(spec: Mapping[str, Any]) -> str:
    if choices := spec.get("enum"):
        return " or ".join(f"`{choice}`" for choice in choices)
    if spec.get("contentEncoding") == "base64":
        return "a file"
    named = _FORMATS.get(str(spec.get("format")))
    if named:
        return named
    if spec.get("type") == "array":
        inner = str((spec.get("items") or {}).get("type", "string"))
        return f"list of {_TYPES.get(inner, inner)}s"
    plain = _TYPES.get(str(spec.get("type")), str(spec.get("type", "any")))
    return plain + _bounds(spec)


def _bounds(spec: Mapping[str, Any]) -> str:
    least, above, most = (spec.get(key) for key in ("minimum", "exclusiveMinimum", "maximum"))
    if least is not None and most is not None:
        return f", {least:,} to {most:,}"
    if above is not None:
        return f", above {above:,}"
    if least is not None:
        return f", at least {least:,}"
    return f", at most {most:,}" if most is not None else ""


def _default_of(spec: Mapping[str, Any], is_required: bool) -> str:
    default = spec.get("default")
    if default not in (None, "", {}):
        return f"`{json.dumps(default) if not isinstance(default, str) else default}`"
    if is_required:
        return "must be given"
    return f"empty; such as `{spec['placeholder']}`" if spec.get("placeholder") else "empty"
