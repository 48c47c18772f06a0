"""The Python modules of a tree, by dotted name."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mill.errors import MillError
from mill.repository.python_syntax import parse_python
from mill.repository.workspace import Workspace, is_part


@dataclass(frozen=True)
class Module:
    """One file. `package` is the dotted name that relative imports in it start from."""

    name: str
    file: Path
    code: str
    is_package: bool = False

    @property
    def package(self) -> str:
        """The module itself if it is an `__init__.py`, else what it lies in."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def lines(self) -> int:
        """Lines of the file, blank ones and comments included."""
        return len(self.code.splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; MillError with file and line if it is not Python."""
        try:
            return parse_python(self.code)
        except SyntaxError as error:
            raise MillError(f"{self.file}:{error.lineno}: not valid Python: {error.msg}.") from error

    @property
    def is_script(self) -> bool:
        """Whether it defines `main` at its top level, so that Windmill can run it."""
        return any(
            isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == "main"
            for statement in self.tree.body
        )


Modules = dict[str, Module]


def read_modules(folder: Path, name: str) -> Modules:
    """Return all modules below `folder`, which is the package `name`, sorted by name.

    The inline steps of flows and apps are parts of these, not modules.
    """
    files = sorted(file for file in folder.rglob("*.py") if not is_part(file.relative_to(folder)))
    return modules_of((_dotted(file, folder, name), file) for file in files)


def modules_of(files: Iterable[tuple[str, Path]]) -> Modules:
    """Return the modules of files that are given with their dotted names."""
    found = (
        Module(name, file, file.read_text("utf-8"), is_package=file.stem == "__init__")
        for name, file in files
    )
    return {module.name: module for module in sorted(found, key=lambda module: module.name)}


def workspace_modules(workspace: Workspace) -> Modules:
    """Return every script and library of a workspace under its Windmill path with dots: `f.folder.name`."""
    return modules_of(
        (".".join(file.relative_to(workspace.root).with_suffix("").parts), file)
        for file in workspace.python_files()
    )


def _dotted(file: Path, folder: Path, name: str) -> str:
    parts = file.relative_to(folder).with_suffix("").parts
    return ".".join((name, *(parts[:-1] if parts[-1] == "__init__" else parts)))
