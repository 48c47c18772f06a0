"""Which environment names the code reads, found in its syntax: `os.environ`, `getenv`, Typer's `envvar`.

A name is found if it stands where it is read, in a constant of the tree, or in the tuple that a loop goes
through. Any other is worked out at run time: it is a `Read` without a name, and somebody has to explain it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from mill.repository.python_syntax import parse_python

FOLDERS = ("f", "scripts/mill")
_MAPPINGS = {"environ", "environment"}  # os.environ, and a copy that was handed on
_WORDS = (*_MAPPINGS, "getenv", "envvar")  # one of which stands wherever a name is read
_METHODS = {"get", "pop", "setdefault"}

Constants = Mapping[str, tuple[str, ...]]


class Read(NamedTuple):
    """A place that reads a name; `name` is None if it is worked out there."""

    file: str
    line: int
    name: str | None


def names_read(root: Path) -> list[Read]:
    """Return every place of f/ and scripts/mill that reads the environment, by file and line."""
    codes = {
        file.relative_to(root).as_posix(): file.read_text("utf-8")
        for folder in FOLDERS
        for file in sorted((root / folder).rglob("*.py"))
    }
    trees = {file: parse_python(code, file) for file, code in codes.items()}
    constants = {name: texts for tree in trees.values() for name, texts in _constants(tree)}
    # To look into every expression takes ten times as long as to see that the words do not stand in a file.
    asking = [file for file, code in codes.items() if any(word in code for word in _WORDS)]
    return [read for file in asking for read in reads_in(trees[file], file, constants)]


def reads_in(tree: ast.Module, file: str, constants: Constants) -> Iterator[Read]:
    """Yield what one module reads. Its own constants go before those of others with the same name."""
    nodes = list(ast.walk(tree))
    own = dict(_constants(tree))
    known = {**constants, **own, **dict(_loops(nodes, own))}
    for node in nodes:
        for asked in _asked(node):
            names = _texts(asked, known)
            for name in names or (None,):
                yield Read(file, getattr(node, "lineno", 0) or asked.lineno, name)


def _asked(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the expressions by which a node asks the environment for a name."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _is_environment(node.value):
        yield node.slice
    elif isinstance(node, ast.Call) and node.args and _is_reading(node.func):
        yield node.args[0]
    elif isinstance(node, ast.Compare) and any(map(_is_environment, node.comparators)):
        yield node.left
    elif isinstance(node, ast.keyword) and node.arg == "envvar":
        yield node.value


def _is_reading(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute) and function.attr in _METHODS:
        return _is_environment(function.value)
    if isinstance(function, ast.Attribute):
        module = function.value
        return function.attr == "getenv" and isinstance(module, ast.Name) and module.id == "os"
    return isinstance(function, ast.Name) and function.id == "getenv"


def _is_environment(value: ast.expr) -> bool:
    name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
    return name.lstrip("_") in _MAPPINGS


def _texts(value: ast.expr, constants: Constants) -> tuple[str, ...]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return (value.value,)
    if isinstance(value, ast.Name):
        return constants.get(value.id, ())
    if isinstance(value, ast.Tuple | ast.List | ast.Set):
        return tuple(text for one in value.elts for text in _texts(one, constants))
    return ()


def _constants(tree: ast.Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the texts, and tuples of texts, that a module has at its top level."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            texts = _texts(node.value, {})
            if texts and node.targets[0].id.isupper():
                yield node.targets[0].id, texts


def _loops(nodes: Iterable[ast.AST], known: Constants) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the names of loops and comprehensions over texts that stand there."""
    for node in nodes:
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            texts = _texts(node.iter, known)
            if texts:
                yield node.target.id, texts
