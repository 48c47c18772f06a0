"""Fields as a form has them: one line a field, `customers.nodes.name`, and what is asked of it by that path.

customers.nodes.id                 fields within fields
newest: orders.total               orders under another name
node.on Customer.name              a field of one type among several
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput
from f.graphql.queries.builder import Directive, Enum, Field, Inline, Operation, Variable, VariableOf, write

if TYPE_CHECKING:
    from f.graphql.queries.builder import Selected
    from f.graphql.queries.document import OperationKind

_STEP = re.compile(r"\s*(?:(?P<alias>[^\s:.]+)\s*:\s*)?(?P<name>[^\s:.]+)\s*")
_ON = re.compile(r"\s*on\s+(?P<type>[^\s:.]+)\s*")
_VARIABLE = re.compile(r"\$([_A-Za-z][_0-9A-Za-z]*)")
_DEEPEST = 50


class _Node:
    """A field of the document that is being made, or (`on`) the fields of one type."""

    def __init__(self, name: str, alias: str = "", on: str = "") -> None:
        self.name, self.alias, self.on = name, alias, on
        self.arguments: Mapping[str, Any] = {}
        self.directives: list[Directive] = []
        self.children: dict[str, _Node] = {}


def build(
    kind: OperationKind,
    fields: Sequence[str],
    *,
    name: str = "",
    arguments: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    directives: Mapping[str, Any] | None = None,
) -> str:
    """Return the document.

    `arguments` and `directives` stand under the path of a field; `variables` have a type under each name,
    with a default after `=` if there is one, as JSON. In an argument the text `$first` is the variable first;
    {"$enum": "ASC"} is a value without quotes, and {"$text": "$first"} is that text.
    """
    root = _Node("")
    for path in _texts(fields):
        _add(root, path)
    defined = _defined(_object(variables, "variables"))
    for path, given in _object(arguments, "arguments").items():
        node = _at(root, path, "arguments")
        if node.on:
            raise FixInput(f"arguments names {path[:80]!r}: a type takes none.", code="bad_field")
        node.arguments = {
            one: _value(value, defined) for one, value in _object(given, f"arguments of {path[:60]}").items()
        }
    for path, given in _object(directives, "directives").items():
        _at(root, path, "directives").directives = [
            Directive(
                one, {key: _value(value, defined) for key, value in _object(values, f"@{one[:60]}").items()}
            )
            for one, values in _object(given, f"directives of {path[:60]}").items()
        ]
    return write(Operation(kind, _selection(root), name=name, variables=defined))


def _texts(fields: Sequence[str]) -> list[str]:
    if isinstance(fields, str) or not all(isinstance(one, str) for one in fields):
        raise FixInput("The fields must be a list of texts, such as customers.nodes.id.", code="bad_field")
    return [one for one in fields if one.strip()]


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise FixInput(f"The {what} must be an object: a value under each name.", code="bad_value")
    return value


def _add(root: _Node, path: str) -> None:
    node = root
    steps = path.split(".")
    if len(steps) > _DEEPEST:
        raise FixInput(f"A field is nested more than {_DEEPEST} levels deep.", code="too_deep")
    for step in steps:
        made = _node(step)
        key = f"on {made.on}" if made.on else made.alias or made.name
        known = node.children.setdefault(key, made)
        if known.name != made.name:
            raise FixInput(
                f"{key!r} stands for two fields, {known.name} and {made.name}: give one another alias.",
                code="bad_field",
            )
        node = known


def _node(step: str) -> _Node:
    if on := _ON.fullmatch(step):
        return _Node("", on=on["type"])
    match = _STEP.fullmatch(step)
    if match is None:
        raise FixInput(
            "A field is written like customers.nodes.id, newest: orders.total or node.on Customer.name: "
            f"{step.strip()[:40]!r} is none.",
            code="bad_field",
        )
    return _Node(match["name"], match["alias"] or "")


def _at(root: _Node, path: str, what: str) -> _Node:
    """Return the field that a path leads to; a field that has an alias is named by it."""
    node = root
    for step in path.split("."):
        made = _node(step)
        key = f"on {made.on}" if made.on else made.alias or made.name
        found = node.children.get(key)
        if found is None or (made.alias and made.name != found.name):
            raise FixInput(f"{what} names {path[:80]!r}, which is none of the fields.", code="bad_field")
        node = found
    return node


def _defined(variables: Mapping[str, Any]) -> dict[str, VariableOf]:
    defined = {name.removeprefix("$"): _variable(text) for name, text in variables.items()}
    if len(defined) < len(variables):
        raise FixInput("A variable is given twice, with and without $.", code="bad_name")
    return defined


def _variable(text: Any) -> VariableOf:
    if not isinstance(text, str):
        raise FixInput("A variable has its type as text, such as Int! or [ID!].", code="bad_type")
    kind, has_default, default = text.partition("=")
    if not has_default:
        return VariableOf(kind.strip())
    import json  # few variables have a default

    try:
        return VariableOf(kind.strip(), json.loads(default), has_default=True)
    except (ValueError, RecursionError) as error:
        raise FixInput(
            'A variable\'s default is written as JSON, as in Int = 10 or String = "open": one is not.',
            code="bad_type",
        ) from error


def _value(value: Any, defined: Mapping[str, VariableOf], depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise FixInput(f"A value is nested more than {_DEEPEST} levels deep.", code="too_deep")
    if isinstance(value, str) and (match := _VARIABLE.fullmatch(value)):
        if match[1] not in defined:
            raise FixInput(
                f'The variable {value[:60]} has no type: add it to variables, or write {{"$text": ...}} if '
                "it is a plain text.",
                code="no_variable",
            )
        return Variable(match[1])
    if isinstance(value, Mapping):
        if set(value) == {"$enum"} and isinstance(value["$enum"], str):
            return Enum(value["$enum"])
        if set(value) == {"$text"} and isinstance(value["$text"], str):
            return value["$text"]
        return {name: _value(item, defined, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_value(item, defined, depth + 1) for item in value]
    return value


def _selection(node: _Node) -> list[Selected]:
    found: list[Selected] = []
    for child in node.children.values():
        selection = _selection(child)
        if child.on:
            found.append(Inline(child.on, child.directives, selection))
        else:
            found.append(Field(child.name, child.alias, child.arguments, child.directives, selection))
    return found
