"""What is measured of a tree of Python modules."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from mill.architecture.imports import circles, count_between, groups, imports_between
from mill.architecture.modules import Modules, read_modules
from mill.architecture.sizes import classes, functions
from mill.errors import MillError


def tree(root: Path, files: dict[str, str]) -> Modules:
    """The modules of a package `p`."""
    for path, code in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(code), "utf-8")
    return read_modules(root, "p")


def imported(root: Path, code: str, where: str = "a.py") -> set[str]:
    modules = tree(root, {"b/c.py": "", "b/d.py": "", "e/__init__.py": "", "e/g.py": "", where: code})
    name = "p." + where.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    return set(imports_between(modules)[name])


def test_modules_are_named_by_their_place(tmp_path: Path) -> None:
    files = {"a.py": "", "b/c.py": "", "e/__init__.py": "", "x__flow/step.py": ""}
    assert list(tree(tmp_path, files)) == ["p.a", "p.b.c", "p.e"]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import p.b.c", {"p.b.c"}),
        ("from p.b import c, d", {"p.b.c", "p.b.d"}),
        ("from p.b.c import name", {"p.b.c"}),
        ("from p.e import g", {"p.e.g"}),
        ("from p.b import nothing", set()),
        ("def f():\n    import p.b.c as x", {"p.b.c"}),
        ("if TYPE_CHECKING:\n    from p.b.d import D", {"p.b.d"}),
        ("from . import e", {"p.e"}),
        ("import os, json", set()),
    ],
)
def test_an_import_counts_wherever_it_stands(tmp_path: Path, code: str, found: set[str]) -> None:
    assert imported(tmp_path, code) == found


@pytest.mark.parametrize(
    ("where", "code", "found"),
    [
        ("b/a.py", "from .c import x", {"p.b.c"}),
        ("b/a.py", "from ..e import g", {"p.e.g"}),
        ("h/__init__.py", "from ..b import c", {"p.b.c"}),
        ("e/__init__.py", "from . import g", {"p.e.g"}),
    ],
)
def test_relative_imports_start_from_the_package(
    tmp_path: Path, where: str, code: str, found: set[str]
) -> None:
    assert imported(tmp_path, code, where) == found


def test_code_that_is_not_python_is_named_with_its_line(tmp_path: Path) -> None:
    modules = tree(tmp_path, {"a.py": "x = 1\ndef"})
    with pytest.raises(MillError, match=r"a\.py:2: not valid Python"):
        imports_between(modules)


def arrows(text: str) -> dict[str, frozenset[str]]:
    """`ab bc` is: a imports b, and b imports c."""
    names = sorted(set(text.replace(" ", "")))
    return {name: frozenset(pair[1] for pair in text.split() if pair[0] == name) for name in names}


@pytest.mark.parametrize(
    ("drawn", "found"),
    [
        ("ab bc", []),
        ("ab ba", [["a", "b"]]),
        ("ab bc ca", [["a", "b", "c"]]),
        ("ab ba cd dc bc", [["a", "b"], ["c", "d"]]),
        ("ab bc cb ca", [["b", "c"]]),  # the shortest stands for its group
    ],
)
def test_each_group_has_one_circle(drawn: str, found: list[list[str]]) -> None:
    assert circles(arrows(drawn)) == found


def test_what_is_imported_comes_before_who_imports_it() -> None:
    assert list(groups(arrows("ab bc cb ad"))) == [{"b", "c"}, {"d"}, {"a"}]


def test_imports_are_counted_between_places() -> None:
    assert count_between(arrows("ab ac bc"), {"a": "up", "b": "up", "c": "down"}.get) == {("up", "down"): 2}


def test_functions_are_measured_from_def_to_their_end(tmp_path: Path) -> None:
    code = """
    class A:
        @property
        def b(self):
            def c():
                pass

            return c
    """
    found = {function.name: function.lines for function in functions(tree(tmp_path, {"a.py": code})["p.a"])}
    assert found == {"A.b": 5, "A.b.c": 2}


@pytest.mark.parametrize(
    ("code", "fields", "is_record"),
    [
        ("@dataclass(frozen=True)\nclass A:\n    a: int\n    b: ClassVar[int] = 1", 1, True),
        ("class A(TypedDict):\n    a: int\n    b: str", 2, True),
        (
            "class A:\n    a: int\n    def __init__(me):\n        me.x, me.y = 1, 2\n        me.x = 3",
            2,
            False,
        ),
        ("class A:\n    def __init__(self):\n        self.x.y = 1\n        other.z = 2", 0, False),
        ("class B(NamedTuple): ...\nclass A(B):\n    a: int", 1, True),
        ("class A(A):\n    a: int", 0, False),
    ],
)
def test_fields_of_a_class_are_counted(tmp_path: Path, code: str, fields: int, is_record: bool) -> None:
    found = next(item for item in classes(tree(tmp_path, {"a.py": code})) if item.name == "A")
    assert (found.fields, found.is_record) == (fields, is_record)
