"""The rules of a house, each a function from what there is to sentences naming what breaks it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from mill.architecture.house import House, Limits, Order, is_in
from mill.architecture.imports import Imports, named_imports
from mill.architecture.imports import circles as find_circles
from mill.architecture.modules import Modules
from mill.architecture.sizes import classes, functions

_FOLDERS_OF_A_SCRIPT = 2  # f.folder.verb_object: nothing lies deeper that people run
_NAMELESS = ("__init__", "__main__")


def order(imports: Imports, law: Order) -> Iterator[str]:
    """Imports point down: to a lower floor, or within a room."""
    for name, targets in sorted(imports.items()):
        if not is_in(name, law.inside):
            continue
        here = law.find(name)
        if here is None:
            yield f"{name} has no place: give it a floor in house.toml, order of {law.inside}."
            continue
        for target in sorted(targets):
            there = law.find(target)
            if not is_in(target, law.inside) or there is None or there[1] == here[1] or there[0] < here[0]:
                continue
            where = "above" if there[0] > here[0] else "beside"
            yield (
                f"{name} imports {target}, which lies {where} it: in {law.inside}, {there[1].name!r} is "
                f"{'a floor above' if where == 'above' else 'a neighbour of'} {here[1].name!r}."
            )


def circles(imports: Imports) -> Iterator[str]:
    """No module reaches itself by imports."""
    for circle in find_circles(imports):
        yield f"A circle of imports: {' -> '.join([*circle, circle[0]])}."


def strangers(modules: Modules, package: str, area: str, allowed: str) -> Iterator[str]:
    """Nothing of `package` imports from `area`, except modules whose name matches `allowed`."""
    for name, module in modules.items():
        if not is_in(name, package) or re.fullmatch(allowed, name):
            continue
        found = [named[0] for named in named_imports(module) if is_in(named[0], area)]
        if found:
            yield f"{name} imports {min(found)}: {package} reads {area}/ by path at run time."


def crowded(modules: Modules, limits: Limits) -> Iterator[str]:
    """A folder or wing shows few modules. Scripts are not counted: the root of a folder holds all of them."""
    libraries = (
        name.rpartition(".")[0]
        for name, module in modules.items()
        if not module.is_package and name.rpartition(".")[2] not in _NAMELESS and not _is_job(name, modules)
    )
    for folder, count in sorted(Counter(libraries).items()):
        if count > limits.modules:
            yield f"{folder} holds {count} modules: more than {limits.modules} want another wing."


def _is_job(name: str, modules: Modules) -> bool:
    return name.startswith(("f.", "u.")) and modules[name].is_script


def verbs(modules: Modules) -> Iterator[str]:
    """What people can run is named `verb_object` and lies at the root of its folder."""
    for name, module in modules.items():
        if not module.is_script:
            continue
        if "_" not in name.rpartition(".")[2]:
            yield f"{name} has a main(), so it is named as a verb with an object: post_invoice."
        if name.count(".") > _FOLDERS_OF_A_SCRIPT:
            root = ".".join(name.split(".")[:2])
            yield f"{name} has a main(), so it lies at the root of {root}, not in a wing."


def nouns(modules: Modules, libraries_at_root: Iterable[str]) -> Iterator[str]:
    """What others import lies in a wing, except in folders that have no scripts to show."""
    for name, module in modules.items():
        root = name.rpartition(".")[0]
        if name.count(".") == _FOLDERS_OF_A_SCRIPT and not module.is_script and root not in libraries_at_root:
            yield f"{name} has no main(), so it lies in a wing of {root}, not at its root."


def early(modules: Modules, top_imports: Iterable[str] | None) -> Iterator[str]:
    """A script imports in its functions what it works with: a job that ends early does not pay for it.

    Windmill resolves a script anew, too, whenever one is deployed that its top imports, near or far.
    """
    allowed = frozenset(top_imports or ())
    for name, module in modules.items():
        if top_imports is None or not module.is_script:
            continue
        for statement in module.tree.body:
            source = statement.module or "" if isinstance(statement, ast.ImportFrom) else ""
            if is_in(source, "f") and source not in allowed:
                yield f"{name} imports {source} at its top: let main import it."


def words(modules: Modules, house: House) -> Iterator[str]:
    """A folder does not speak of what lies above it, comments included."""
    for folder, forbidden in house.words.items():
        for name, module in modules.items():
            if not is_in(name, folder):
                continue
            lines = module.code.lower().splitlines()
            for word in forbidden:
                found = [str(number) for number, line in enumerate(lines, 1) if word.lower() in line]
                if found:
                    where = ", ".join(found)
                    yield f"{name} speaks of {word} in lines {where}: {folder} knows nothing of that."


def packages(folder: Path) -> Iterator[str]:
    """No `__init__.py`: Windmill would deploy it as a script."""
    for file in sorted(folder.rglob("__init__.py")):
        yield f"{file.relative_to(folder.parent)} would be deployed as a script: remove it."


def namesakes(modules: Modules) -> Iterator[str]:
    """A module and a folder never share a name: which of them an import means would be a matter of luck."""
    for name, module in modules.items():
        below = next((other for other in modules if other.startswith(f"{name}.")), None)
        if below is not None and not module.is_package:
            yield f"{name} is a module and a folder with {below} in it: rename one."


def sizes(modules: Modules, limits: Limits) -> Iterator[str]:
    """Functions are short and objects hold few things; a record of data may hold many."""
    for module in modules.values():
        for function in functions(module):
            if function.lines > limits.function_lines:
                yield f"{function} has {function.lines} lines: over {limits.function_lines} hide its idea."
    for found in classes(modules):
        if not found.is_record and len(found.assigned) > limits.attributes:
            yield (
                f"{found} assigns {len(found.assigned)} attributes: more than {limits.attributes} want an "
                f"object of their own ({', '.join(found.assigned)})."
            )


def long_files(modules: Modules, limits: Limits) -> Iterator[str]:
    """Files are short enough to be read in one go."""
    for name, module in modules.items():
        if module.lines > limits.file_lines:
            yield f"{name} has {module.lines} lines: more than {limits.file_lines} are two modules."


def silent(modules: Modules) -> Iterator[str]:
    """Every module says what it is for, in its first line."""
    for name, module in modules.items():
        if not ast.get_docstring(module.tree):
            yield f"{name} does not say what it is for: begin it with a docstring."
