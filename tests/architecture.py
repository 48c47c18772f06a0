"""Measures how modules hang together: which there are, who imports whom, where they go in circles.

Nothing is imported for it: every file is only parsed. An import counts wherever it is written, in a
function or under `if TYPE_CHECKING` too.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path


def modules(root: Path) -> dict[str, Path]:
    """Return the file of every module below `root`, by the dotted name it has there.

    `root` is what stands on `sys.path`. A package has the name of its folder, and `__init__.py` as its file.
    """
    found = {}
    for file in sorted(root.rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(known: Mapping[str, Path]) -> dict[str, set[str]]:
    """Return which of the known modules each of them imports; what is not known is left out.

    `from package import module` is an import of the module, and of the package only if a name in it is meant.
    """
    return {
        name: {target for target in _imported(name, file, known) if target != name}
        for name, file in known.items()
    }


def _imported(name: str, file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(file.read_text("utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                target = f"{base}.{alias.name}"
                if target in known:
                    yield target
                elif base in known:
                    yield base


def circles(imported: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that all reach each other, each as a sorted list of names."""
    reached = {name: _reached(name, imported) for name in imported}
    groups = {
        tuple(sorted(other for other in reached[name] if name in reached.get(other, ())))
        for name in imported
        if name in reached[name]
    }
    return [list(group) for group in sorted(groups)]


def _reached(start: str, imported: Mapping[str, set[str]]) -> set[str]:
    """Return what `start` imports, directly or through others: itself only if it lies in a circle."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = imported.get(waiting.pop(), set()) - seen
        seen |= new
        waiting.extend(new)
    return seen


def upward(imported: Mapping[str, set[str]], floors: Sequence[Sequence[str]]) -> list[str]:
    """Return a sentence for every import that does not stay in its wing or point to a lower floor.

    `floors` go from the top to the ground. Each names the wings that lie side by side on it, by dotted
    name; a module belongs to the longest name that is its own or its folder's.
    """
    floor_of = {wing: number for number, wings in enumerate(floors) for wing in wings}
    problems = []
    for name in sorted(imported):
        wing = _wing(name, floor_of)
        if wing is None:
            problems.append(f"{name} has no floor: add its folder to the floors.")
            continue
        for target in sorted(imported[name]):
            other = _wing(target, floor_of)
            if other is None or other == wing or floor_of[other] > floor_of[wing]:
                continue
            rule = "lie side by side" if floor_of[other] == floor_of[wing] else f"{other} lies above {wing}"
            both = f"{wing} and {other} " if floor_of[other] == floor_of[wing] else ""
            problems.append(f"{name} imports {target}, but {both}{rule}: imports point down.")
    return problems


def _wing(name: str, wings: Mapping[str, int]) -> str | None:
    holding = [wing for wing in wings if name == wing or name.startswith(f"{wing}.")]
    return max(holding, key=len, default=None)


def crowded(known: Mapping[str, Path], most: int) -> list[str]:
    """Return a sentence for every folder that shows more than `most` modules, `__init__.py` not counted."""
    counts = Counter(file.parent for file in known.values() if file.name != "__init__.py")
    return [
        f"{folder} shows {count} modules, more than {most}: it wants another wing."
        for folder, count in sorted(counts.items())
        if count > most
    ]


def doubles(known: Mapping[str, Path]) -> list[str]:
    """Return a sentence for every module that has a folder of its own name beside it."""
    return [
        f"{file} and the folder beside it share a name: rename one."
        for file in sorted(known.values())
        if file.name != "__init__.py" and file.with_suffix("").is_dir()
    ]
