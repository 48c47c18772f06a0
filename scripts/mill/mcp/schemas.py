"""From a script's form to the JSON Schema that an agent reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mill.openapi.reading.schemas import json_schema

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
RESOURCE_PATTERN = r"^\$res:[fu]/"
_RESOURCE = "resource-"
_OBJECT_OF_STORAGE = "resource-s3_object"
_STATUSES = ("done", "already_done", "confirmed", "running", "unknown", "refused")


def input_schema(schema: Mapping[str, Any], resources: Mapping[str, Sequence[str]]) -> Json:
    """Return a form's schema in JSON Schema 2020-12, closed; `resources` by their type, as examples.

    A resource is given by its path alone: an agent has no business with what stands in it.
    """
    made = json_schema(dict(schema))
    properties: Json = {}
    for name, spec in _ordered(schema):
        properties[name] = made["properties"][name]
        kind = _resource_type(spec)
        if kind is not None:
            properties[name] = _resource(spec, resources.get(kind, ()))
    required = [name for name in schema.get("required") or [] if name in properties]
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def output_schema() -> Json:
    """Return what a write that is made once answers; clients hold the answers against it."""
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": {
            "status": {
                "type": "string",
                "enum": list(_STATUSES),
                "description": "done: made now. already_done: made before, here is the first result. "
                "confirmed: its answer was lost, and it was found to be made. running: it is under way. "
                "unknown: its answer was lost, and nobody can say. refused: not made; the message says why.",
            },
            "once_key": {"type": "string"},
            "result": {},
            "message": {"type": "string"},
        },
        "required": ["status"],
    }


def resource_inputs(schema: Mapping[str, Any]) -> list[str]:
    """Return the names of the inputs that take a resource."""
    return [name for name, spec in _ordered(schema) if _resource_type(spec) is not None]


def _ordered(schema: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    properties = schema.get("properties") or {}
    order = [name for name in schema.get("order") or [] if name in properties]
    for name in (*order, *(name for name in properties if name not in order)):
        spec = properties[name]
        yield name, spec if isinstance(spec, dict) else {}


def _resource_type(spec: Mapping[str, Any]) -> str | None:
    form = str(spec.get("format") or "")
    if not form.startswith(_RESOURCE) or form == _OBJECT_OF_STORAGE:
        return None
    return form.removeprefix(_RESOURCE)


def _resource(spec: Mapping[str, Any], examples: Sequence[str]) -> Json:
    made: Json = {"type": "string", "pattern": RESOURCE_PATTERN}
    about = str(spec.get("description") or "").strip()
    made["description"] = f"{about} The path of a resource.".strip()
    if examples:
        made["examples"] = list(examples)
    return made
