"""Versions in the code itself, so that Windmill's server finds the same ones as `mill metadata`.

Deploying a library makes the server resolve all that imports it anew, from the imports alone, to the
newest versions there are. What a file's own imports bring, with all that comes with it, is therefore named in
the file:

    # extra_requirements:
    # requests==2.34.2
    # urllib3==2.8.0

A package that is in the block stays there, as it may be imported where Windmill does not look: inside a
function. Take out by hand what nothing needs any more.
"""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

from mill.errors import MillError
from mill.locks.imports import ImportScan, Script
from mill.locks.resolve import CONSTRAINTS, Resolver
from mill.metadata.lock_jobs import workspace_dependencies
from mill.metadata.regenerate import Change
from mill.repository.python_syntax import parse_python
from mill.repository.workspace import Workspace

_BLOCK = re.compile(r"^# extra_requirements:[ ]*\n(?:# ?\S+[ ]*\n)*", re.MULTILINE)
_NAME = re.compile(r"([\w.-]+)(\[[^\]]*\])?")


def pin(workspace: Workspace) -> list[Change]:
    """Return what brings the pins of all Python files up to date with requirements.lock."""
    if not (workspace.root / CONSTRAINTS).is_file():
        raise MillError(f"There is no {CONSTRAINTS} in {workspace.root}: it says which versions to pin.")
    resolver = Resolver(workspace.root)
    dependencies = workspace_dependencies(workspace.root)
    changes = []
    for file in workspace.python_files():
        name = file.relative_to(workspace.root).as_posix()
        before = file.read_text(encoding="utf-8")
        script = Script(name.removesuffix(".py"), before, name)
        own = ImportScan(lambda _: None, dependencies).run(script)
        own.requirements = sorted({_without_version(text) for text in own.requirements})
        after = _with_block(before, _pins(resolver.lock(own, file=name), own.requirements))
        if after != before:
            changes.append(Change(PurePosixPath(name), before, after))
    return changes


def _pins(lock: str, requirements: list[str]) -> list[str]:
    """Return the lines of a lock as requirements: with the extras that the code asks for."""
    extras: dict[str, str] = {}
    for text in requirements:
        if (found := _NAME.match(text)) is not None and found[2]:
            extras[found[1].casefold()] = found[2]
    pins = []
    for line in lock.splitlines():
        name, is_package, version = line.partition("==")
        if is_package and not line.startswith("#"):
            pins.append(f"{name}{extras.get(name, '')}=={version}")
    return pins


def _without_version(requirement: str) -> str:
    return requirement.partition("==")[0]


def _with_block(code: str, pins: list[str]) -> str:
    """Put the pins in the place of the block there is, or above the first statement behind the docstring."""
    block = "".join(["# extra_requirements:\n", *(f"# {text}\n" for text in pins)]) if pins else ""
    if (found := _BLOCK.search(code)) is not None:
        return code[: found.start()] + block + code[found.end() :]
    if not block:
        return code
    lines = code.splitlines(keepends=True)
    tree = parse_python(code)
    has_docstring = ast.get_docstring(tree, clean=False) is not None
    above = (tree.body[0].end_lineno or 0) if has_docstring else 0
    head, tail = "".join(lines[:above]), "".join(lines[above:]).lstrip("\n")
    return f"{head}\n{block}\n{tail}" if head else f"{block}\n{tail}"
