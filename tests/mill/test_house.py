"""The plan of `scripts/mill`: which wing lies above which, and that every import points down."""

from pathlib import Path

import pytest

from tests import architecture

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
MOST_MODULES = 16

# From the top to the ground. Wings on one floor lie side by side: none imports another.
# (twins.registry finds a service by its name at run time: the services stand on the framework.)
FLOORS = (
    ("mill.__main__",),
    ("mill.cli",),
    ("mill.commands",),
    ("mill.bench",),
    ("mill.bench.workers", "mill.terminal", "mill.lint", "mill.resources", "mill.openapi"),
    ("mill.bench.rig", "mill.lint.checks"),
    ("mill.lint.sources", "mill.metadata", "mill.session"),
    ("mill.locks", "mill.api", "mill.engine"),
    ("mill.api.endpoints", "mill.engine.jobs", "mill.engine.processes"),
    ("mill.api.storage", "mill.engine.definition"),
    ("mill.api.transport", "mill.twins.services"),
    ("mill.twins", "mill.ports"),
    ("mill.repository",),
    ("mill.listening",),
    ("mill.errors", "mill"),
)

KNOWN = architecture.modules(SCRIPTS)
IMPORTS = architecture.imports(KNOWN)


def test_every_import_points_down() -> None:
    assert architecture.upward(IMPORTS, FLOORS) == []


def test_no_import_goes_in_a_circle() -> None:
    assert [" -> ".join([*circle, circle[0]]) for circle in architecture.circles(IMPORTS)] == []


def test_no_wing_shows_more_modules_than_one_takes_in_at_a_glance() -> None:
    assert architecture.crowded(KNOWN, MOST_MODULES) == []


def test_no_module_has_a_folder_of_its_name() -> None:
    assert architecture.doubles(KNOWN) == []


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small house: `shop.till` above `shop.stock.shelf`."""
    (tmp_path / "shop" / "stock").mkdir(parents=True)
    for name in ("__init__", "till", "stock/__init__", "stock/shelf"):
        (tmp_path / "shop" / f"{name}.py").touch()
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "import shop.till",
        "from shop.till import ring",
        "from shop import till",
        "from .. import till",
        "from ..till import ring",
        "def f():\n    from shop.till import ring",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.till import ring",
    ],
)
def test_an_import_counts_wherever_and_however_it_is_written(house: Path, text: str) -> None:
    (house / "shop/stock/shelf.py").write_text(text, "utf-8")
    imported = architecture.imports(architecture.modules(house))
    assert imported["shop.stock.shelf"] == {"shop.till"}
    assert architecture.upward(imported, (("shop",), ("shop.stock",))) == [
        "shop.stock.shelf imports shop.till, but shop lies above shop.stock: imports point down."
    ]


def test_a_circle_is_named_with_all_its_modules(house: Path) -> None:
    (house / "shop/till.py").write_text("from shop.stock import shelf", "utf-8")
    (house / "shop/stock/shelf.py").write_text("from shop.stock import take", "utf-8")
    (house / "shop/stock/__init__.py").write_text("import shop.till", "utf-8")
    imported = architecture.imports(architecture.modules(house))
    assert architecture.circles(imported) == [["shop.stock", "shop.stock.shelf", "shop.till"]]


def test_wings_on_one_floor_do_not_know_each_other(house: Path) -> None:
    (house / "shop/till.py").write_text("from shop.stock import shelf", "utf-8")
    imported = architecture.imports(architecture.modules(house))
    (problem,) = architecture.upward(imported, (("shop.till", "shop.stock"), ("shop",)))
    assert problem.startswith("shop.till imports shop.stock.shelf, but shop.till and shop.stock lie side by")


def test_a_module_without_a_floor_is_named(house: Path) -> None:
    imported = architecture.imports(architecture.modules(house))
    assert "shop.till has no floor: add its folder to the floors." in architecture.upward(
        imported, (("shop.stock",),)
    )


def test_a_crowded_folder_and_a_name_for_two_things_are_named(house: Path) -> None:
    (house / "shop/stock.py").touch()
    known = architecture.modules(house)
    assert architecture.crowded(known, 1) == [
        f"{house / 'shop'} shows 2 modules, more than 1: it wants another wing."
    ]
    assert architecture.doubles(known) == [
        f"{house / 'shop/stock.py'} and the folder beside it share a name: rename one."
    ]
