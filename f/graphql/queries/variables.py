"""Variables held against what an operation says of them, before anything is sent.

Only the types that GraphQL itself has can be checked: Int, Float, String, Boolean, ID, and lists. What an
enum, an input object or a scalar of the server's takes, the server knows.
https://spec.graphql.org/September2025/#sec-Coercing-Variable-Values
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput

if TYPE_CHECKING:
    from f.graphql.queries.document import Definition, VariableDefinition

_INT_32 = range(-(2**31), 2**31)
_TAKES = {
    "Int": "a whole number",
    "Float": "a number",
    "String": "a text",
    "Boolean": "true or false",
    "ID": "a text or a whole number",
}
_DEEPEST = 100
_WRONG = object()  # what no value is


def check_variables(operation: Definition, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the variables as they are to be sent; FixInput names each that is missing, unknown or wrong.

    No value stands in the error. A whole number that a form wrote as 3.0 becomes 3.
    """
    given = given or {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise FixInput("The variables must be an object: a value under each name.", code="bad_variables")
    faults = [_unknown(name, operation.variables) for name in given if not _is_among(name, operation)]
    checked: dict[str, Any] = {}
    for definition in operation.variables:
        name = definition.name
        if name not in given:
            if definition.is_required:
                faults.append(f"${name} ({definition.type}) is missing")
            continue
        problem, value = _checked(definition.type, given[name])
        if problem:
            faults.append(f"${name} ({definition.type}) {problem}")
        checked[name] = value
    if faults:
        raise FixInput(
            f"The variables do not fit the {operation.kind}: {'; '.join(faults)}.", code="bad_variables"
        )
    return checked


def _is_among(name: str, operation: Definition) -> bool:
    return any(one.name == name for one in operation.variables)


def _unknown(name: str, definitions: Sequence[VariableDefinition]) -> str:
    known = [one.name for one in definitions]
    shown = name[:60]
    if not known:
        return f"${shown} is given, and the operation takes no variables"
    import difflib  # only to word an error

    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean ${near[0]}?" if near else f"there is {', '.join(f'${one}' for one in known[:10])}"
    return f"${shown} is not defined ({hint})"


def _checked(kind: str, value: Any, depth: int = 0) -> tuple[str, Any]:
    """Return what is wrong with a value, "" for nothing, and the value as it is to be sent."""
    if depth > _DEEPEST:
        return "is nested too deep", value
    if kind.endswith("!"):
        return ("must not be null", value) if value is None else _checked(kind[:-1], value, depth)
    if value is None:
        return "", None
    if kind.startswith("["):
        return _list(kind[1:-1], value, depth + 1)
    return _single(kind, value)


def _list(kind: str, value: Any, depth: int) -> tuple[str, Any]:
    if not isinstance(value, list | tuple):  # a single value stands for a list of one
        return _checked(kind, value, depth)
    read = [_checked(kind, item, depth) for item in value]
    wrong = next(((place, problem) for place, (problem, _) in enumerate(read, 1) if problem), None)
    return (f"{wrong[1]} (item {wrong[0]})" if wrong else ""), [item for _, item in read]


def _single(kind: str, value: Any) -> tuple[str, Any]:
    if kind not in _TAKES:
        return "", value
    fit = _FITS[kind](value)
    if fit is not _WRONG:
        return "", fit
    if kind == "Int" and isinstance(value, int) and not isinstance(value, bool):
        return "is beyond 32 bits; the server takes larger numbers as another type", value
    return f"takes {_TAKES[kind]}, not {_named(value)}", value


def _int(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value in _INT_32 else _WRONG


def _float(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _WRONG
    try:
        return value if math.isfinite(value) else _WRONG
    except OverflowError:  # a whole number beyond every float
        return _WRONG


def _string(value: Any) -> Any:
    return value if isinstance(value, str) else _WRONG


def _boolean(value: Any) -> Any:
    return value if isinstance(value, bool) else _WRONG


def _id(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str | int) and not isinstance(value, bool) else _WRONG


_FITS = {"Int": _int, "Float": _float, "String": _string, "Boolean": _boolean, "ID": _id}


def _named(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list | tuple) else "an object"
