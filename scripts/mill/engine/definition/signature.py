"""A Python function's parameters as Windmill's parser sees them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from mill.repository.python_syntax import parse_python

_DECODED = {"bytes", "datetime", "datetime.datetime", "date", "datetime.date"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the function Windmill calls.

    `default_seen`: the parser understood the default, so an omitted argument gets Python's own.
    A default it does not understand (`-1`, `60 * 60`, a name) makes an omitted argument None.
    `decode` is bytes, datetime, date or empty.
    """

    name: str
    annotation: str
    decode: str
    has_default: bool
    default_seen: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """`takes_anything`: the function has `**kwargs`, so no argument is dropped."""

    parameters: tuple[Parameter, ...]
    takes_anything: bool

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Signature:
        """Out of what `dataclasses.asdict` made of one."""
        parameters = tuple(Parameter(**parameter) for parameter in value["parameters"])
        return cls(parameters, value["takes_anything"])


def read_signatures(code: str, file: str = "<script>") -> dict[str, Signature]:
    """Return the signatures of all top-level functions, by name.

    Raises SyntaxError for code that does not parse.
    """
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = parse_python(code, file)
    return {node.name: _signature(node.args) for node in tree.body if isinstance(node, functions)}


def _signature(arguments: ast.arguments) -> Signature:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += arguments.defaults
    return Signature(
        tuple(
            _parameter(argument, default, breaks_defaults=bool(arguments.posonlyargs))
            for argument, default in zip(positional, defaults, strict=True)
        ),
        takes_anything=arguments.kwarg is not None,
    )


def _parameter(argument: ast.arg, default: ast.expr | None, *, breaks_defaults: bool) -> Parameter:
    annotation, nullable = _without_none(argument.annotation)
    text = ast.unparse(annotation) if annotation is not None else ""
    return Parameter(
        name=argument.arg,
        annotation=text,
        decode=text.rpartition(".")[2] if text in _DECODED else "",
        has_default=default is not None,
        default_seen=default is not None and not breaks_defaults and _is_seen(default),
        nullable=nullable,
    )


def _is_seen(default: ast.expr) -> bool:
    return isinstance(default, ast.Constant | ast.List | ast.Dict | ast.Call | ast.Attribute)


def _without_none(annotation: ast.expr | None) -> tuple[ast.expr | None, bool]:
    """Return the annotation inside Optional[...] or `... | None`, and whether there was one."""
    match annotation:
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inner):
            return inner, True
        case ast.BinOp(left=inner, op=ast.BitOr(), right=ast.Constant(value=None)):
            return inner, True
        case ast.BinOp(left=ast.Constant(value=None), op=ast.BitOr(), right=inner):
            return inner, True
        case _:
            return annotation, False
