"""A Python script as the linter sees it: its tree, its main, the classes it names."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mill.lint.sources.finding import Place
from mill.repository.python_syntax import parse_python

Function = ast.FunctionDef | ast.AsyncFunctionDef
ReadModule = Callable[[str], str | None]


@dataclass(frozen=True)
class Source:
    """A script that parses. `path` is its workspace path, `read_module` gives the code of another."""

    path: str
    code: str
    place: Place
    read_module: ReadModule

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; SyntaxError where the code is not Python."""
        return _tree(self.code)

    def function(self, name: str) -> Function | None:
        """Return a function at the top level."""
        for statement in self.tree.body:
            if isinstance(statement, Function) and statement.name == name:
                return statement
        return None

    @property
    def main(self) -> Function | None:
        """The function Windmill runs."""
        return self.function("main")

    def at(self, node: ast.stmt | ast.expr | ast.arg) -> Place:
        """Return where a node stands."""
        return self.place.at(node.lineno, node.col_offset + 1)

    def definition(self, name: str) -> ast.ClassDef | ast.Assign | ast.AnnAssign | None:
        """Return the class or assignment that defines `name`, here or in an imported workspace module."""
        for statement in self.tree.body:
            if isinstance(statement, ast.ClassDef) and statement.name == name:
                return statement
            if isinstance(statement, ast.Assign | ast.AnnAssign) and name in _targets(statement):
                return statement
            if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith(("f.", "u.")):
                for alias in statement.names:
                    if (alias.asname or alias.name) == name:
                        return self._imported(statement.module or "", alias.name)
        return None

    def _imported(self, module: str, name: str) -> ast.ClassDef | ast.Assign | ast.AnnAssign | None:
        path = module.replace(".", "/")
        code = self.read_module(path)
        if code is None or path == self.path:
            return None
        return Source(path, code, self.place, self.read_module).definition(name)


@lru_cache(maxsize=64)  # a class that many forms name is looked up in the same module for each of them
def _tree(code: str) -> ast.Module:
    return parse_python(code)


def _targets(statement: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}
