"""Writes GraphQL documents: from fields, arguments and variables to a text that every server can parse.

Names are checked, texts escaped, values written as GraphQL writes them; nothing a person types can end a
text or begin a field. What fields a server has, only the server knows.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixInput

if TYPE_CHECKING:
    from f.graphql.queries.document import OperationKind

DEEPEST = 50  # levels of fields and of values

_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_TYPE = re.compile(r"\[*[_A-Za-z][_0-9A-Za-z]*[\]!]*")
_NO_ENUM = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Variable:
    """The value of a variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Enum:
    """A value out of an enum, which stands without quotes."""

    name: str


@dataclass(slots=True)
class Directive:
    """Such as `@include(if: $wanted)`."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Field:
    """A field and what is asked of it; under its `alias` in the answer, if it has one."""

    name: str
    alias: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    directives: Sequence[Directive] = ()
    selection: Sequence[Selected] = ()


@dataclass(slots=True)
class Inline:
    """Fields of one type among several: `... on Customer { name }`; without a type, of any."""

    on: str = ""
    directives: Sequence[Directive] = ()
    selection: Sequence[Selected] = ()


@dataclass(slots=True)
class Spread:
    """The fields of a fragment: `...Address`."""

    fragment: str
    directives: Sequence[Directive] = ()


Selected = Field | Inline | Spread


@dataclass(slots=True)
class Fragment:
    """Fields that several places ask for."""

    name: str
    on: str
    selection: Sequence[Selected]


@dataclass(slots=True)
class VariableOf:
    """What a variable takes: a type such as `[ID!]!`. `default` counts if `has_default`."""

    type: str
    default: Any = None
    has_default: bool = False


@dataclass(slots=True)
class Operation:
    """One operation with the fragments it uses."""

    kind: OperationKind
    selection: Sequence[Selected]
    name: str = ""
    variables: Mapping[str, VariableOf] = field(default_factory=dict)
    directives: Sequence[Directive] = ()
    fragments: Sequence[Fragment] = ()


def write(operation: Operation) -> str:
    """Return the operation as text; FixInput names what cannot be written."""
    if operation.kind not in {"query", "mutation", "subscription"}:
        raise FixInput("An operation is a query, a mutation or a subscription.", code="bad_query")
    head: str = operation.kind
    head += f" {_name(operation.name, 'the operation')}" if operation.name else ""
    if operation.variables:
        written = [_definition(name, one) for name, one in operation.variables.items()]
        head += f"({', '.join(written)})"
    lines = [*_block(head + _directives(operation.directives), operation.selection, 0)]
    for fragment in operation.fragments:
        if fragment.name == "on":
            raise FixInput("A fragment cannot be called on.", code="bad_name")
        begin = f"fragment {_name(fragment.name, 'a fragment')} on {_name(fragment.on, 'a type')}"
        lines += ["", *_block(begin, fragment.selection, 0)]
    return "\n".join(lines) + "\n"


def literal(value: Any, depth: int = 0) -> str:
    """Return a value as GraphQL writes it; FixInput for what it has no word for, such as NaN or bytes."""
    if depth > DEEPEST:
        raise FixInput(f"A value is nested more than {DEEPEST} levels deep.", code="too_deep")
    if isinstance(value, Mapping):
        pairs = (
            f"{_name(name, 'a field of a value')}: {literal(item, depth + 1)}" for name, item in value.items()
        )
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(item, depth + 1) for item in value)}]"
    return _single(value)


def _single(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Variable(name):
            return f"${_name(name, 'a variable')}"
        case Enum(name):
            return _enum(name)
        case str():
            return text_literal(value)
        case int() | float() if abs(value) < math.inf:
            return _number(value)
    raise FixInput(f"A value cannot be written in GraphQL: {type(value).__name__}.", code="bad_value")


def _enum(name: str) -> str:
    if name in _NO_ENUM:
        raise FixInput(f"{name} is no value of an enum.", code="bad_name")
    return _name(name, "a value of an enum")


def text_literal(text: str) -> str:
    """Return a text in quotes. JSON's escapes are a part of GraphQL's; half a surrogate pair has none."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise FixInput("A text holds half of a surrogate pair, which GraphQL cannot write.", code="bad_value")
    return json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    try:
        return float.__repr__(value) if isinstance(value, float) else int.__repr__(value)
    except ValueError as error:  # Python writes no more than 4,300 digits
        raise FixInput("A number has too many digits.", code="bad_value") from error


def _name(name: object, what: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        shown = f" {name[:40]!r}" if isinstance(name, str) else ""
        raise FixInput(
            f"The name{shown} of {what} is none in GraphQL: letters, digits and _ only, no digit first.",
            code="bad_name",
        )
    return name


def type_text(text: object) -> str:
    """Return a type as it is written in a document; FixInput if it is none."""
    plain = text.replace(" ", "") if isinstance(text, str) else ""
    name = plain.strip("[]!")
    if _TYPE.fullmatch(plain) and len(plain) < 200:
        closing = plain[plain.index(name) + len(name) :]
        # Each list closes once, and no two marks stand together.
        if closing.count("]") == plain.count("[") and "!!" not in closing:
            return plain
    raise FixInput(
        "A variable's type is written like Int, String!, [ID!]! or CustomerInput: one is not.",
        code="bad_type",
    )


def _definition(name: str, one: VariableOf) -> str:
    written = f"${_name(name, 'a variable')}: {type_text(one.type)}"
    if not one.has_default:
        return written
    if any(True for _ in _variables_in(one.default)):
        raise FixInput(f"The default of ${name} cannot be a variable.", code="bad_value")
    return f"{written} = {literal(one.default)}"


def _variables_in(value: Any, depth: int = 0) -> Iterator[Variable]:
    if isinstance(value, Variable):
        yield value
    elif depth <= DEEPEST and isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _variables_in(item, depth + 1)


def _block(head: str, selection: Sequence[Selected], depth: int) -> Iterator[str]:
    """Yield the lines of something and its fields."""
    if depth > DEEPEST:
        raise FixInput(f"The fields are nested more than {DEEPEST} levels deep.", code="too_deep")
    if not selection:
        raise FixInput("No field is asked for: name at least one.", code="no_fields")
    indent = "  " * depth
    yield f"{indent}{head} {{"
    for one in selection:
        begin = _head(one)
        if isinstance(one, Spread) or (isinstance(one, Field) and not one.selection):
            yield f"{indent}  {begin}"
        else:
            yield from _block(begin, one.selection, depth + 1)
    yield f"{indent}}}"


def _head(one: Selected) -> str:
    if isinstance(one, Spread):
        if one.fragment == "on":
            raise FixInput("A fragment cannot be called on.", code="bad_name")
        return f"...{_name(one.fragment, 'a fragment')}{_directives(one.directives)}"
    if isinstance(one, Inline):
        on = f" on {_name(one.on, 'a type')}" if one.on else ""
        return f"...{on}{_directives(one.directives)}"
    alias = f"{_name(one.alias, 'an alias')}: " if one.alias else ""
    return f"{alias}{_name(one.name, 'a field')}{_arguments(one.arguments)}{_directives(one.directives)}"


def _arguments(arguments: Mapping[str, Any]) -> str:
    if not arguments:
        return ""
    written = (f"{_name(name, 'an argument')}: {literal(value)}" for name, value in arguments.items())
    return f"({', '.join(written)})"


def _directives(directives: Sequence[Directive]) -> str:
    return "".join(f" @{_name(one.name, 'a directive')}{_arguments(one.arguments)}" for one in directives)
