"""Who imports whom, wherever in a file the import stands: in a function and under TYPE_CHECKING too."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from mill.architecture.modules import Module, Modules
from mill.repository.python_syntax import statements

# A module's name to the names of those it imports.
Imports = dict[str, frozenset[str]]


def imports_between(modules: Modules) -> Imports:
    """Return which of `modules` each of them imports.

    `from a.b import c` counts `a.b.c` if that is a module, else `a.b`. A package's `__init__.py` that runs on
    the way to one of its modules does not count, since nothing is taken from it.
    """
    return {
        name: frozenset(_chosen(named_imports(module), modules)) - {name} for name, module in modules.items()
    }


def named_imports(module: Module) -> frozenset[tuple[str, ...]]:
    """Return the names that each of the module's imports may stand for, the best first, modules or not."""
    return frozenset(_names(module))


def _chosen(named: frozenset[tuple[str, ...]], modules: Modules) -> Iterator[str]:
    for candidates in named:
        yield from [name for name in candidates if name in modules][:1]


def count_between(imports: Imports, place_of: Callable[[str], str | None]) -> dict[tuple[str, str], int]:
    """Return how many imports lead from one place into another. Modules at no place are left out."""
    counts: dict[tuple[str, str], int] = {}
    for name, targets in imports.items():
        for target in targets:
            here, there = place_of(name), place_of(target)
            if here is not None and there is not None and here != there:
                counts[here, there] = counts.get((here, there), 0) + 1
    return dict(sorted(counts.items()))


def _names(module: Module) -> Iterator[tuple[str, ...]]:
    for node in statements(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            yield from ((f"{base}.{alias.name}", base) for alias in node.names)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.package.split(".")
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *filter(None, [node.module])])


def circles(imports: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Return one shortest circle of each group of modules that reach each other, sorted.

    Each circle starts at its first name by the alphabet and ends before it comes back there.
    """
    return sorted(_shortest(group, imports) for group in groups(imports) if len(group) > 1)


def groups(imports: Mapping[str, frozenset[str]]) -> Iterator[set[str]]:
    """Yield the strongly connected components, each after all that it imports (Tarjan)."""
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []

    def visit(name: str) -> Iterator[set[str]]:
        index[name] = lowest[name] = len(index)
        path.append(name)
        for target in sorted(imports[name]):
            if target not in index:
                yield from visit(target)
                lowest[name] = min(lowest[name], lowest[target])
            elif target in path:
                lowest[name] = min(lowest[name], index[target])
        if lowest[name] == index[name]:
            start = path.index(name)
            yield set(path[start:])
            del path[start:]

    for name in sorted(imports):
        if name not in index:
            yield from visit(name)


def _shortest(group: set[str], imports: Mapping[str, frozenset[str]]) -> list[str]:
    ways = (_way_back(start, group, imports) for start in sorted(group))
    return min(ways, key=len)


def _way_back(start: str, group: set[str], imports: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the shortest way from `start` to itself, breadth first."""
    seen, ways = {start}, [[start]]
    for way in ways:  # it grows while it is walked
        for target in sorted(imports[way[-1]] & group):
            if target == start:
                return way
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    raise AssertionError(f"{start} lies on no circle")
