"""How long functions are, and how many fields classes have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from mill.architecture.modules import Module, Modules
from mill.repository.python_syntax import inner, statements

# A class that is one of these, or has one of these above it, is a record of data: its fields are its purpose.
_RECORD_DECORATORS = frozenset({"dataclass"})
_RECORD_BASES = frozenset({"NamedTuple", "TypedDict", "BaseModel", "RootModel", "BaseSettings"})


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method, with the lines from `def` to its end."""

    module: str
    name: str
    line: int
    lines: int

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Class:
    """A class: its declared fields, and the attributes that its `__init__` gives to self."""

    module: str
    name: str
    line: int
    declared: tuple[str, ...]
    assigned: tuple[str, ...]
    is_record: bool

    @property
    def fields(self) -> int:
        """The fields of a record; of any other class the attributes its `__init__` assigns."""
        return len(self.declared if self.is_record else self.assigned)

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


def functions(module: Module) -> Iterator[Function]:
    """Yield all functions of a module, nested ones and methods included."""
    for name, node in _named(module.tree, ""):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            end = node.end_lineno or node.lineno
            yield Function(module.name, name, node.lineno, end - node.lineno + 1)


def classes(modules: Modules) -> list[Class]:
    """Return all classes of the modules, by module and place in it."""
    found = {
        (module.name, name): node
        for module in modules.values()
        for name, node in _named(module.tree, "")
        if isinstance(node, ast.ClassDef)
    }
    names = {module.name: _imported_names(module) for module in modules.values()}

    def is_record(module: str, node: ast.ClassDef, seen: frozenset[int] = frozenset()) -> bool:
        if id(node) in seen:
            return False
        if any(_last(decorator) in _RECORD_DECORATORS for decorator in node.decorator_list):
            return True
        for base in node.bases:
            name = _last(base)
            where = names[module].get(name, (module, name))
            above = found.get(where)
            if name in _RECORD_BASES or (above and is_record(where[0], above, seen | {id(node)})):
                return True
        return False

    return [
        Class(module, name, node.lineno, _declared(node), _assigned(node), is_record(module, node))
        for (module, name), node in found.items()
    ]


def _named(node: ast.AST, above: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield functions and classes below a node with their dotted names."""
    for child in inner(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{above}{child.name}"
            yield name, child
            yield from _named(child, f"{name}.")
        else:
            yield from _named(child, above)


def _imported_names(module: Module) -> dict[str, tuple[str, str]]:
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in statements(module.tree)
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for alias in node.names
    }


def _last(node: ast.expr) -> str:
    """Return the last name of an expression: of `pydantic.BaseModel`, `dataclass(frozen=True)`, `A[int]`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return _last(inner)
        case _:
            return ""


def _declared(node: ast.ClassDef) -> tuple[str, ...]:
    return tuple(
        statement.target.id
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and _last(statement.annotation) != "ClassVar"
    )


def _assigned(node: ast.ClassDef) -> tuple[str, ...]:
    made = next(
        (item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None
    )
    if made is None or not made.args.args:
        return ()
    self_name = made.args.args[0].arg
    names = (
        (child.lineno, child.col_offset, child.attr)
        for child in ast.walk(made)
        if isinstance(child, ast.Attribute)
        and isinstance(child.ctx, ast.Store)
        and isinstance(child.value, ast.Name)
        and child.value.id == self_name
    )
    return tuple(dict.fromkeys(name for _, _, name in sorted(names)))
