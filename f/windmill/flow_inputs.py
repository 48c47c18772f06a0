"""The inputs of a flow: whether they are what its form declares, and what a URL's query says of them.

Windmill hands a flow whatever arrives. An input that nothing reads is lost without a word, and the text
"false" is true in an expression; so the flow's first step checks all it was given before anything is sent.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from typing import Any

from f.connect.errors import FixInput

# The inputs by name, each in the words of the flow's own schema: type, enum, minimum, maximum, ...
Schema = Mapping[str, Mapping[str, Any]]

# What Windmill replaces by a resource or a variable when a job starts, wherever it stands in the arguments.
REFERENCES = ("$res:", "$var:", "$jsonvar:", "$encrypted:")
_LONGEST_SHOWN = 40
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "string": ("text", lambda value: isinstance(value, str)),
    "integer": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "number": ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "array": ("a list", lambda value: isinstance(value, list)),
    "object": ("an object", lambda value: isinstance(value, dict)),
}


def check_inputs(arguments: str, schema: Schema) -> None:
    """Check a flow's inputs, as JSON text: references in them stay references.

    Raises FixInput for an input that is unknown, of another type, or outside its choices or limits.
    """
    for name, value in json.loads(arguments).items():
        if name not in schema:
            raise FixInput(_unknown(name, schema), code="unknown_input")
        if value is not None:
            _check(name, value, schema[name])


def _unknown(name: str, schema: Schema) -> str:
    if not name.isidentifier() or len(name) > _LONGEST_SHOWN:  # a file sent as a web form becomes a name
        return (
            "An input was sent whose name is none. Send a file as it is with the header Content-Type: "
            "text/csv, or the inputs as a JSON object."
        )
    near = difflib.get_close_matches(name, schema, n=1, cutoff=0.5)
    return f"There is no input {name}. " + (
        f"Did you mean {near[0]}?" if near else f"There are {', '.join(schema)}."
    )


def _check(name: str, value: Any, declared: Mapping[str, Any]) -> None:
    kind = str(declared["type"])
    # A reference to an object is one when the job starts that reads it; no expression looks inside.
    if kind == "object" and isinstance(value, str) and value.startswith(("$res:", "$jsonvar:")):
        return
    words, fits = _TYPES[kind]
    if not fits(value):
        resource = str(declared.get("format", "")).startswith("resource-") and isinstance(value, str)
        hint = " A resource is written $res:f/folder/name." if resource else ""
        raise FixInput(
            f"The input {name} must be {words}, not {_shown(value, kind)}.{hint}", code="bad_input"
        )
    choices = declared.get("enum")
    if choices and value not in choices:
        raise FixInput(
            f"The input {name} must be one of {', '.join(choices)}, not {_shown(value, kind)}.",
            code="bad_input",
        )
    least, most = declared.get("minimum"), declared.get("maximum")
    if (least is not None and value < least) or (most is not None and value > most):
        limits = f"from {least} to {most}" if most is not None else f"at least {least}"
        raise FixInput(f"The input {name} must be {limits}, not {value}.", code="bad_input")
    if declared.get("format") == "resource-s3_object" and value and not _names_object(value):
        raise FixInput(
            f'The input {name} must name an object of the storage, such as {{"s3": "inbox/rows.csv"}}.',
            code="bad_input",
        )


def _names_object(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("s3"), str) and value["s3"] != ""


def _shown(value: Any, kind: str) -> str:
    """A value in a message. Of one that should hold several its kind alone: it may be a credential."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, str) and kind == "object":
        return "text"
    text = json.dumps(value, ensure_ascii=False)
    short = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
    return f"the text {short}" if isinstance(value, str) else short


def from_query(texts: Mapping[str, str], schema: Schema) -> dict[str, Any]:
    """Return the values of a query by their declared types; text that is no such value stays text."""
    return {name: _value(text, str(schema.get(name, {}).get("type"))) for name, text in texts.items()}


def _value(text: str, kind: str) -> Any:
    if kind == "boolean":
        return _TRUTHS.get(text.strip().lower(), text)
    if kind not in {"integer", "number", "object", "array"}:
        return text
    try:
        value = json.loads(text, parse_constant=lambda _: text)
    except (ValueError, RecursionError):
        return text
    return value if _TYPES[kind][1](value) else text


def reference_in(value: Any) -> str:
    """Return the first text in a value that Windmill would replace when a job starts, or an empty text."""
    if isinstance(value, str):
        return value if value.startswith(REFERENCES) else ""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(filter(None, map(reference_in, parts)), "")


def as_words(text: str) -> str:
    """Return a text that Windmill leaves as it is: with a blank before it if it would be replaced."""
    return f" {text}" if text.startswith(REFERENCES) else text
