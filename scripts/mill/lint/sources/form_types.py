"""What Windmill's parser makes of an annotation, where that is less than Python says.

The parser knows single names (`str`, `dict`, a resource type), `list[name]`, `Literal[...]`, and any of
these behind `| None` or `Optional[...]`. Of anything else it knows nothing: then the default decides what
the form shows, and where that is missing or None the schema says `type: ''`.
"""

from __future__ import annotations

import ast
from typing import Literal

# "strings": a list of what the parser does not know; the form makes that a list of strings.
Shape = Literal["known", "strings", "nothing"]

_LISTS = {"list", "List", "Sequence", "Iterable"}
_MAPPINGS = {"dict", "Dict", "Mapping", "MutableMapping"}
_DOTTED = {"datetime.date", "datetime.datetime", "datetime.timedelta", "wmill.S3Object"}


def shape(annotation: ast.expr, default: ast.expr | None) -> Shape:
    """Return what the form knows about a parameter annotated so, with this default."""
    read = _read(annotation)
    if read == "known" or default is None:
        return read
    if isinstance(default, ast.List):
        return "known" if default.elts else "strings"
    says_something = isinstance(default, ast.Constant) and default.value is not None
    return "known" if says_something or isinstance(default, ast.Dict) else "nothing"


def plain(annotation: ast.expr) -> str:
    """Return the nearest annotation the parser does know, with `| None` where it was there.

    Empty where none is.
    """
    inner = _inside_none(annotation)
    text = _plain(inner)
    return f"{text} | None" if text and inner is not annotation else text


def _plain(annotation: ast.expr) -> str:
    match annotation:
        case ast.Subscript(value=base) if _last_name(base) in _MAPPINGS:
            return "dict"
        case ast.Subscript(value=base, slice=item) if _last_name(base) in _LISTS:
            return f"list[{_plain(item) or 'str'}]"
        case ast.Subscript(value=base) if _last_name(base) == "Literal":
            return ast.unparse(annotation).removeprefix("typing.")
        case ast.Name(id="list"):
            return "list[str]"
        case ast.Name(id=name):
            return name
        case _:
            return ""


def _read(annotation: ast.expr) -> Shape:
    match annotation:
        case ast.Name(id="list"):
            return "strings"
        case ast.Name() | ast.Subscript(value=ast.Name(id="Literal")):
            return "known"
        case ast.Attribute() if ast.unparse(annotation) in _DOTTED:
            return "known"
        case (
            ast.Subscript(value=ast.Name(id="Optional"), slice=inner)
            | ast.BinOp(left=inner, op=ast.BitOr(), right=ast.Constant(value=None))
        ):
            return _read(inner)
        case ast.Subscript(value=ast.Name(id="list" | "List"), slice=item):
            return "strings" if _read(item) == "nothing" else "known"
    return "nothing"


def _inside_none(annotation: ast.expr) -> ast.expr:
    """Return the X of `X | None`, `None | X` and any `Optional[X]`; else the annotation itself."""
    match annotation:
        case ast.BinOp(left=inner, op=ast.BitOr(), right=ast.Constant(value=None)):
            return inner
        case ast.BinOp(left=ast.Constant(value=None), op=ast.BitOr(), right=inner):
            return inner
        case ast.Subscript(value=base, slice=inner) if _last_name(base) == "Optional":
            return inner
        case _:
            return annotation


def _last_name(node: ast.expr) -> str:
    return ast.unparse(node).rpartition(".")[2]
