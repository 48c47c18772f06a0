"""Rules of the house that hold for every file under f/."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "f").rglob("*.py") if "__flow" not in str(path))
# From the ground up; a module imports from its own floor or from one below.
FLOORS = (
    ("f.connect.errors", "f.connect.redact", "f.connect.times", "f.connect.logs"),
    ("f.connect",),
    ("f",),
)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def floor_of(module: str) -> int:
    return next(
        number
        for number, names in enumerate(FLOORS)
        if any(module == name or module.startswith(f"{name}.") for name in names)
    )


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_module_can_be_imported(path: Path) -> None:
    assert importlib.import_module(module_of(path)).__name__ == module_of(path)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_import_goes_up(path: Path) -> None:
    floor = floor_of(module_of(path))
    above = {name for name in imported(path) if name.startswith("f.") and floor_of(name) > floor}
    assert not above


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_service_folders_import_only_the_connection_layer_and_themselves() -> None:
    strangers = [
        (module_of(path), name)
        for path in FILES
        for name in imported(path)
        if name.startswith("f.") and name.split(".")[1] not in {"connect", path.parent.name}
    ]
    assert not strangers


def test_a_file_with_a_main_is_a_verb_with_an_object() -> None:
    for path in FILES:
        tree = ast.parse(path.read_text("utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            assert "_" in path.stem, path
