"""Constants of a module, read from its code without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from mill.repository.python_syntax import parse_python


class NotWrittenOut(ValueError):
    """The constant is computed, so that nobody can read it without running the code."""


def constant(code: str, name: str) -> Any:
    """Return the value of the constant, None if there is none or the code is no Python.

    It may name other constants above it, and take dicts and lists of them apart with * and **. Raises
    NotWrittenOut for anything else that is no literal.
    """
    try:
        statements = parse_python(code).body
    except (SyntaxError, ValueError):  # `mill lint` says so
        return None
    known = {target: value for statement in statements for target, value in _assigned(statement)}
    return _Folding(known).value(known[name]) if name in known else None


def _assigned(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(statement, ast.Assign):
        yield from ((one.id, statement.value) for one in statement.targets if isinstance(one, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and statement.value and isinstance(statement.target, ast.Name):
        yield statement.target.id, statement.value


class _Folding:
    """Puts literals together."""

    def __init__(self, known: dict[str, ast.expr]) -> None:
        self._known = known
        self._open: list[str] = []

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Dict():
                return self._dict(node)
            case ast.List() | ast.Tuple():
                return [one for element in node.elts for one in self._elements(element)]
            case ast.Name():
                return self._named(node.id)
            case _:
                try:
                    return ast.literal_eval(node)
                except ValueError:
                    raise NotWrittenOut(ast.unparse(node)) from None

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                made |= self.value(value)
            else:
                made[self.value(key)] = self.value(value)
        return made

    def _elements(self, node: ast.expr) -> list[Any]:
        return list(self.value(node.value)) if isinstance(node, ast.Starred) else [self.value(node)]

    def _named(self, name: str) -> Any:
        if name not in self._known or name in self._open:
            raise NotWrittenOut(name)
        self._open.append(name)
        value = self.value(self._known[name])
        self._open.pop()
        return value
