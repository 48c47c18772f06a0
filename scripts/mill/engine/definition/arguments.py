"""Checks a person's arguments against what a flow or script declares, before anything runs.

Windmill's server takes whatever comes; a typo then shows as a null three steps later. Here it is
one sentence naming the nearest argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mill.engine.definition.signature import Signature
from mill.errors import MillError
from mill.repository.workspace import hint

REFERENCES = ("$res:", "$var:", "$jsonvar:")
_STORED = (*REFERENCES, "$encrypted:")  # Windmill reads this one, too
_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("a string", lambda value: isinstance(value, str)),
    "integer": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "number": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "array": ("a list", lambda value: isinstance(value, list)),
    "object": ("an object", lambda value: isinstance(value, dict)),
}


def checked_arguments(subject: str, schema: Mapping[str, Any], args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with the schema's defaults filled in.

    Raises MillError naming `subject` and the argument for one that is unknown, missing or of the wrong type.
    """
    properties: Mapping[str, Any] = schema.get("properties") or {}
    for name in args:
        if name not in properties:
            takes = f" It takes {', '.join(properties)}." if properties else " It takes no arguments."
            raise MillError(f"{subject} has no argument {name}.{hint(name, properties) or takes}")
    filled = dict(args)
    for name, declared in properties.items():
        if name not in filled and isinstance(declared, dict) and declared.get("default") is not None:
            filled[name] = declared["default"]
    missing = [name for name in schema.get("required") or [] if filled.get(name) is None]
    if missing:
        raise MillError(
            f"{subject} needs {', '.join(missing)}: give {'it' if len(missing) == 1 else 'them'} with -d, "
            f"such as -d '{{\"{missing[0]}\": ...}}'."
        )
    for name, value in filled.items():
        _check(f"{subject}: argument {name}", properties[name], value)
    return filled


def references_in(value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield where in a value, at any depth, a text stands for a stored one, and the text."""
    if isinstance(value, str) and value.startswith(_STORED):
        yield (), value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        for path, text in references_in(part):
            yield (str(name), *path), text


def schema_of(signature: Signature) -> dict[str, Any]:
    """Return a schema for a script that has no `.script.yaml`: the names, and which are required."""
    required = [p.name for p in signature.parameters if not p.has_default and not p.nullable]
    return {"properties": {p.name: {} for p in signature.parameters}, "required": required}


def _check(subject: str, declared: Any, value: Any) -> None:
    if value is None or not isinstance(declared, dict):
        return
    if isinstance(value, str) and value.startswith(REFERENCES):
        return
    name, fits = _TYPES.get(declared.get("type") or "", ("", lambda _: True))
    if not fits(value):
        resource = isinstance(value, str) and str(declared.get("format", "")).startswith("resource-")
        written = " A resource is written $res:f/folder/name." if resource else ""
        raise MillError(f"{subject} must be {name}, not {_shown(value)}.{written}")
    choices = declared.get("enum")
    if choices and value not in choices:
        raise MillError(f"{subject} must be one of {', '.join(map(str, choices))}, not {_shown(value)}.")
    for place, inner, item in _inside(subject, declared, value):
        _check(f"{subject}, {place}", inner, item)


def _inside(subject: str, declared: Mapping[str, Any], value: Any) -> list[tuple[str, Any, Any]]:
    """Return the declared parts of a list or object, each with the words for its place."""
    if isinstance(value, list):
        return [(f"item {index}", declared.get("items"), item) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return []
    for key in declared.get("required") or []:
        if value.get(key) is None:
            raise MillError(f"{subject} lacks {key}.")
    inner = declared.get("properties") or {}
    return [(key, inner[key], item) for key, item in value.items() if key in inner]


def _shown(value: Any) -> str:
    kinds = {str: "the string", bool: "", int: "the number", float: "the number"}
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value).lower()
    return f"{kinds.get(type(value), '')} {text}".strip()[:80]
