"""Parameters of an operation: parts of its path, its query, its headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mill.openapi.reading.doors import Door
from mill.openapi.reading.schemas import Json, is_resource

PATH_PARAMETER = re.compile(r"[:*]([-\w]+)")
WORKSPACE: Json = {
    "name": "workspace",
    "in": "path",
    "required": True,
    "description": "The id of the workspace.",
    "schema": {"type": "string"},
}
_NOT_SCHEMA = ("input", "description", "required", "example", "examples")


def of_path(route_path: str, door: Door) -> Iterator[Json]:
    """Yield a parameter for each part of the path that is free."""
    for part in route_path.split("/"):
        match = PATH_PARAMETER.fullmatch(part)
        if match is None:
            continue
        rest = part.startswith("*")
        plain = "The rest of the path, slashes and all." if rest else "Part of the path."
        spec = {"type": "string", "description": plain, **door.path.get(match[1], {})}
        yield {**_parameter(match[1], "path", spec), "required": True}


def of_query(door: Door, schema: Json) -> Iterator[Json]:
    """Yield what may stand in the query: what the door says, or every input."""
    for name, spec in door.query.items():
        yield _parameter(name, "query", spec)
    if "query" in door.inputs_from:
        yield from (_input(name, spec) for name, spec in schema.get("properties", {}).items())


def of_headers(door: Door) -> Iterator[Json]:
    """Yield the headers that count."""
    for name, spec in door.headers.items():
        yield _parameter(name, "header", spec)


def becomes(spec: Mapping[str, object]) -> str:
    """Return a sentence about the input that something becomes, "" if it becomes none."""
    return f"Becomes the input `{spec['input']}`." if "input" in spec else ""


def schema_of(spec: Json) -> Json:
    """Return the schema words of a description."""
    return {key: value for key, value in spec.items() if key not in _NOT_SCHEMA}


def _parameter(name: str, place: str, spec: Json) -> Json:
    said = str(spec.get("description") or spec.get("title") or name)
    made: Json = {
        "name": name,
        "in": place,
        "description": " ".join(filter(None, (said, becomes(spec)))),
        "schema": schema_of(spec),
    }
    if spec.get("required"):
        made["required"] = True
    if "example" in spec:
        made["example"] = spec["example"]
    if "input" in spec:
        made["x-input"] = spec["input"]
    return made


def _input(name: str, spec: Json) -> Json:
    """An input in the query: text as it is, objects as JSON."""
    said = str(spec.get("description") or spec.get("title") or name)
    value: Json = {"schema": {key: one for key, one in spec.items() if key != "description"}}
    if is_resource(spec):
        said += " The path of a resource, or an object in JSON."
        value = {"schema": {"type": "string"}}
    elif spec.get("type") in ("object", "array"):
        value = {"content": {"application/json": value}}
    return {"name": name, "in": "query", "description": said, **value, "x-input": name}
