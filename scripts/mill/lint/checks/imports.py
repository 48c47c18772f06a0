"""WM2: imports that run here and fail in a Windmill worker, because the lock does not know them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from packaging.utils import canonicalize_name

from mill.errors import MillError
from mill.lint.sources.finding import Finding, Place
from mill.lint.sources.python_source import Source
from mill.locks.imports import ImportScan, Script
from mill.locks.names import package_of, trap
from mill.repository.python_syntax import inner, statements

_WORKSPACE = ("f.", "u.")
_SCRIPT_PARTS = 3  # f.folder.module
_PLACE = re.compile(r"^([^:]*):(\d+):(?:\d+:)? ")


def check_imports(
    source: Source, dependencies: Mapping[str, str], lock: str | None, *, pinned: bool = False
) -> Iterator[Finding]:
    """Yield findings for any Python of the workspace; `lock` is the text of its lock, where it has one.

    `pinned` is whether each package of the lock has to be pinned, as where the workspace has tested versions.
    """
    scanned: set[int] = set()
    for statement in source.tree.body:
        if _is_main(statement):
            break
        if isinstance(statement, ast.Import | ast.ImportFrom):
            scanned.add(id(statement))
    for node in statements(source.tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from _workspace_import(source, node)
    try:
        needs = ImportScan(source.read_module, dependencies).run(
            Script(source.path, source.code, source.place.file)
        )
    except MillError as error:
        yield from _located(source.place, str(error))
        return
    if pinned and lock:
        yield from _drifting(source.place, needs.requirements, lock)
    known = _names(lock.splitlines() if lock else needs.requirements)
    for statement in _unscanned(source.tree, scanned):
        yield from _missing(source, statement, dependencies, known)


def _drifting(place: Place, requirements: list[str], lock: str) -> Iterator[Finding]:
    """Yield one finding for the packages that Windmill would resolve otherwise than the lock has them."""
    lines = (line.partition("==") for line in lock.splitlines() if not line.startswith("#"))
    locked = {canonicalize_name(name): version for name, _, version in lines if version}
    pins = (text.partition("==") for text in requirements)
    named = {canonicalize_name(name.partition("[")[0]): version for name, _, version in pins if version}
    if loose := sorted(name for name, version in locked.items() if named.get(name) != version):
        yield place.find(
            "WM206",
            f"Nothing pins {', '.join(loose)} as the lock has it: when a library is deployed, Windmill "
            "takes the newest version, and each push differs.",
            "Run `mill metadata --pin`.",
        )


def _is_main(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == "main"


def _workspace_import(source: Source, statement: ast.ImportFrom) -> Iterator[Finding]:
    module = statement.module or ""
    if not module.startswith(_WORKSPACE):
        return
    parts = module.split(".")
    if len(parts) < _SCRIPT_PARTS:
        yield _not_followed(source, statement)
    elif source.read_module(module.replace(".", "/")) is None:
        path, name = module.replace(".", "/"), statement.names[0].name
        if source.read_module(f"{path}/{name}") is not None:
            yield _not_followed(source, statement)
            return
        yield source.at(statement).find(
            "WM204",
            f"There is no script {'/'.join(parts)} in this workspace.",
            "Correct the import or add the file.",
        )


def _not_followed(source: Source, statement: ast.ImportFrom) -> Finding:
    module, name = statement.module, statement.names[0].name
    return source.at(statement).find(
        "WM201",
        f"Windmill does not follow `from {module} import {name}`: its packages would not be installed.",
        f"Write `from {module}.{name} import ...`.",
    )


def _unscanned(tree: ast.Module, scanned: set[int]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield imports that run but that the scan does not see; not those for type checkers, which never run."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and _is_for_type_checkers(node.test):
            pending += node.orelse
        elif isinstance(node, ast.Import | ast.ImportFrom):
            if id(node) not in scanned:
                yield node
        else:
            pending += inner(node)


def _is_for_type_checkers(test: ast.expr) -> bool:
    return any(
        "TYPE_CHECKING" in (node.id if isinstance(node, ast.Name) else node.attr)
        for node in ast.walk(test)
        if isinstance(node, ast.Name | ast.Attribute)
    )


def _missing(
    source: Source, statement: ast.Import | ast.ImportFrom, dependencies: Mapping[str, str], known: set[str]
) -> Iterator[Finding]:
    modules = (
        [alias.name for alias in statement.names]
        if isinstance(statement, ast.Import)
        else [statement.module or ""]
        if not statement.level
        else []
    )
    for module in modules:
        missing = _needed_for(source, module, dependencies) - known
        if missing and not _names([trap(module) or ""]) & known:  # named by hand, as Windmill cannot know it
            yield source.at(statement).find(
                "WM202",
                f"Windmill does not see this import (it reads those at the top level, above main): "
                f"{', '.join(sorted(missing))} would not be installed.",
                "Import it at the top of the file, or name the package in `# extra_requirements:`.",
            )


def _needed_for(source: Source, module: str, dependencies: Mapping[str, str]) -> set[str]:
    """Return the packages an unseen import needs."""
    if not module.startswith(_WORKSPACE):
        package = package_of(module)
        return _names([package]) if package else set()
    path = module.replace(".", "/")
    code = source.read_module(path)
    if code is None:
        return set()
    try:
        script = Script(path, code, f"{path}.py")
        return _names(ImportScan(source.read_module, dependencies).run(script).requirements)
    except MillError:
        return set()  # reported where that module itself is linted


def _names(requirements: list[str]) -> set[str]:
    names = (re.match(r"[A-Za-z0-9][\w.-]*", line) for line in requirements)
    return {canonicalize_name(name[0]) for name in names if name}


def _located(place: Place, text: str) -> Iterator[Finding]:
    """Yield a fault the scan found, at the line it names; its text says the remedy itself.

    One in an imported module is reported there, once, and not for everyone who imports it.
    """
    match = _PLACE.match(text)
    if match is None:
        yield place.find("WM205", text, "")
    elif match[1] == place.file:
        yield place.at(int(match[2])).find("WM205", text[match.end() :], "")
