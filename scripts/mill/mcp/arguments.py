"""What is wrong with an agent's arguments: a sentence for each thing, which it can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mill.engine.definition.arguments import references_in
from mill.mcp.schemas import RESOURCE_PATTERN
from mill.repository.workspace import hint

_NAMES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_SHOWN = 60  # characters of a value in a sentence


def given_arguments(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments without those that are null and need not be given: agents write both alike."""
    required = schema.get("required", ())
    return {name: value for name, value in arguments.items() if value is not None or name in required}


def faults(schema: Mapping[str, Any], resources: frozenset[str], arguments: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each thing that is wrong with the arguments of a call.

    A reference to a variable or resource is one where a resource is wanted and wrong elsewhere: the platform
    would put a secret in its place, and a message with it would be on its way.
    """
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - at the first call

    validator = Draft202012Validator(schema)
    found = sorted(validator.iter_errors(arguments), key=lambda one: list(map(str, one.path)))
    sentences = [sentence for error in found for sentence in _sentences(error, schema)]
    hidden = [
        f"{_place((name, *path))} begins with {text.partition(':')[0]}:, which stands for a stored value. "
        "Write the value itself."
        for name, value in arguments.items()
        if name in schema["properties"] and name not in resources
        for path, text in references_in(value)
    ]
    return list(dict.fromkeys([*sentences, *hidden]))


def _sentences(error: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield what one finding of the validator means."""
    place, value = _place(error.path), error.validator_value
    if error.validator == "required":
        for name in value:
            if name not in error.instance:
                about = "" if error.path else schema["properties"].get(name, {}).get("description", "")
                yield f"{_place((*error.path, name))} is missing. {about}".strip()
    elif error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for name in error.instance:
            if name not in known:
                near = hint(name, known) or f" It takes {', '.join(known) or 'no arguments'}."
                yield f"There is no argument {name}.{near}"
    else:
        words = _WORDS.get(error.validator, lambda _value, _given: f"does not fit: {error.message[:_SHOWN]}")
        yield f"{place} {words(value, error.instance)}."


def _form(pattern: str, _given: Any) -> str:
    if pattern == RESOURCE_PATTERN:
        return "must be the path of a resource, such as $res:f/folder/name"
    return f"does not have the form {pattern}"


def _type(wanted: str | list[str], given: Any) -> str:
    kinds = [wanted] if isinstance(wanted, str) else wanted
    return f"must be {' or '.join(_NAMES[kind] for kind in kinds)}, not {_shown(given)}"


def _place(path: Any) -> str:
    parts = [str(part) for part in path]
    return f"Argument {'.'.join(parts)}" if parts else "What was given"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value).lower() if value is not None else "null"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


# What each keyword of a schema wants, from what it says and what was given.
_WORDS: dict[str, Callable[[Any, Any], str]] = {
    "type": _type,
    "pattern": _form,
    "enum": lambda choices, given: f"must be one of {', '.join(map(str, choices))}, not {_shown(given)}",
    "minimum": lambda least, _given: f"must be at least {least}",
    "exclusiveMinimum": lambda least, _given: f"must be above {least}",
    "maximum": lambda most, _given: f"must be at most {most}",
    "exclusiveMaximum": lambda most, _given: f"must be below {most}",
    "minLength": lambda least, _given: f"must have at least {least} characters",
    "maxLength": lambda most, _given: f"must have no more than {most} characters",
    "minItems": lambda least, _given: f"must have at least {least} items",
    "maxItems": lambda most, _given: f"must have no more than {most} items",
}
