"""Windmill's form schemas in the words of JSON Schema 2020-12."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

Json = dict[str, Any]

# Keywords that mean the same in both.
_SAME = {
    *("description", "title", "enum", "pattern", "contentEncoding", "required"),
    *("minLength", "maxLength", "minItems", "maxItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}
_RENAMED = {"min": "minimum", "max": "maximum"}
_FILE = "s3_object"  # no resource, but where a file lies in the workspace's storage
_STORED_FILE: Json = {
    "type": "object",
    "required": ["s3"],
    "properties": {
        "s3": {"type": "string", "description": "Key of the file in the workspace's storage."},
        "storage": {"type": "string", "description": "Name of the storage, if it is not the first."},
    },
}
_REFERENCE = r"^\$res:"
_REFERENCE_OR_PATH = r"^(\$res:)?[fu]/"


def json_schema(schema: Json) -> Json:
    """Return a Windmill schema in JSON Schema 2020-12."""
    made: Json = {key: value for key, value in schema.items() if key in _SAME and value not in ("", [], None)}
    made |= {new: schema[old] for old, new in _RENAMED.items() if schema.get(old) is not None}
    if "enum" in made and schema.get("originalType") == "string":  # the form proposes them, and takes others
        made["examples"] = made.pop("enum")
    kind = schema.get("type")
    resource_type = str(schema.get("format", "")).partition("resource-")[2]
    if resource_type == _FILE:
        made |= _STORED_FILE
    elif resource_type:
        made["oneOf"] = [
            {"type": "string", "pattern": _REFERENCE},
            {"type": "object", "title": resource_type},
        ]
    elif kind:
        made["type"] = [kind, "null"] if schema.get("nullable") else kind
        if schema.get("format"):
            made["format"] = schema["format"]
    if schema.get("default") is not None:
        made["default"] = schema["default"]
    if isinstance(schema.get("properties"), dict) and schema["properties"]:
        made["properties"] = {name: json_schema(spec) for name, spec in schema["properties"].items()}
    items = schema.get("items")
    if isinstance(items, dict):
        made["items"] = {} if items.get("type") == "resource" else json_schema(items)
    return made


def as_posted(schema: Json, without: Collection[str] = (), *, paths: bool) -> Json:
    """Return the schema of a body that holds inputs and nothing else.

    `paths`: it names a resource by its path alone too, as a query does.
    """
    properties = {
        name: {
            **spec,
            "oneOf": [{"type": "string", "pattern": _REFERENCE_OR_PATH}, *spec["oneOf"][1:]],
        }
        if paths and is_resource(spec)
        else spec
        for name, spec in schema.get("properties", {}).items()
        if name not in without
    }
    return {**schema, "properties": properties, "additionalProperties": False}


def is_resource(spec: Json) -> bool:
    """Return whether an input takes a resource: its path, or an object."""
    return "oneOf" in spec


def resource_type_of(spec: Json) -> str:
    """Return the type of the resource that an input takes."""
    return str(spec["oneOf"][1]["title"])
