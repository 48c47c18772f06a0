"""The rules of the house: what lies where, and who may import whom. Each failure is a sentence.

The order of folders and wings is data, in house.toml; the rules are in mill.architecture.rules. The second
half of this file breaks each rule once, on a made-up tree.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from mill.architecture import rules
from mill.architecture.house import Limits, Order, parse_house, read_house
from mill.architecture.imports import Imports, imports_between
from mill.architecture.modules import Modules, read_modules, workspace_modules
from mill.repository.workspace import Workspace

ROOT = Path(__file__).parents[1]
HOUSE = read_house(ROOT)
JOBS = workspace_modules(Workspace(ROOT))
ALL = {**JOBS, **read_modules(ROOT / "scripts" / "mill", "mill")}
# A measurement of a module of f/ imports it, in a process of its own.
WORKERS = r"mill\.bench\..*_worker"


@functools.cache
def imports() -> Imports:
    """Who imports whom: a thousand files are read for it, so not before a test asks."""
    return imports_between(ALL)


def check(broken: Iterable[str]) -> None:
    """Fail with every sentence, one a line."""
    sentences = list(broken)
    if sentences:
        pytest.fail("\n".join(sentences), pytrace=False)


@pytest.mark.parametrize("name", JOBS)
def test_every_module_can_be_imported(name: str) -> None:
    assert importlib.import_module(name).__name__ == name


@pytest.mark.parametrize("inside", HOUSE.orders)
def test_imports_point_down(inside: str) -> None:
    check(rules.order(imports(), HOUSE.orders[inside]))


def test_there_is_no_circle_of_imports() -> None:
    check(rules.circles(imports()))


def test_mill_imports_nothing_of_the_workspace() -> None:
    check(rules.strangers(ALL, "mill", "f", WORKERS))


def test_no_folder_is_crowded() -> None:
    check(rules.crowded(ALL, HOUSE.limits))


def test_what_can_be_run_is_a_verb_at_the_root_of_its_folder() -> None:
    check(rules.verbs(JOBS))


def test_what_cannot_be_run_lies_in_a_wing() -> None:
    check(rules.nouns(JOBS, HOUSE.libraries_at_root))


def test_a_script_imports_in_main_what_it_works_with() -> None:
    check(rules.early(JOBS, HOUSE.top_imports))


def test_no_folder_speaks_of_what_lies_above_it() -> None:
    check(rules.words(JOBS, HOUSE))


def test_nothing_is_deployed_by_accident() -> None:
    check(rules.packages(ROOT / "f"))


def test_a_module_and_a_folder_never_share_a_name() -> None:
    check(rules.namesakes(ALL))


def test_functions_are_short_and_objects_hold_few_things() -> None:
    check(rules.sizes(ALL, HOUSE.limits))


def test_files_are_short() -> None:
    check(rules.long_files(JOBS, HOUSE.limits))


def test_every_module_says_what_it_is_for() -> None:
    check(rules.silent(JOBS))


# Every rule can be broken.

LAW = parse_house({"order": {"f": [["ground"], ["left", "right"], ["top + roof"]]}}).orders["f"]
TINY = Limits(modules=2, function_lines=3, file_lines=4, attributes=2)


def tree(root: Path, files: dict[str, str]) -> Modules:
    """The modules of files under f/, by path without it."""
    for path, code in files.items():
        file = root / "f" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code, "utf-8")
    return read_modules(root / "f", "f")


def order(root: Path, files: dict[str, str], law: Order = LAW) -> list[str]:
    return list(rules.order(imports_between(tree(root, files)), law))


def test_an_import_may_lead_down_and_stay_in_its_room(tmp_path: Path) -> None:
    below = "from f.ground import a\nfrom f.roof import c"
    assert not order(tmp_path, {"ground/a.py": "", "roof/c.py": "", "top/b.py": below})


def test_an_import_that_leads_up_is_named(tmp_path: Path) -> None:
    found = order(tmp_path, {"ground/a.py": "def f():\n    from f.top import b", "top/b.py": ""})
    assert found == [
        "f.ground.a imports f.top.b, which lies above it: in f, 'top + roof' is a floor above 'ground'."
    ]


def test_an_import_of_a_neighbour_is_named(tmp_path: Path) -> None:
    found = order(tmp_path, {"left/a.py": "import f.right.b", "right/b.py": ""})
    assert found == [
        "f.left.a imports f.right.b, which lies beside it: in f, 'right' is a neighbour of 'left'."
    ]


def test_a_folder_that_has_no_floor_is_named(tmp_path: Path) -> None:
    found = order(tmp_path, {"attic/a.py": ""})
    assert found == ["f.attic.a has no place: give it a floor in house.toml, order of f."]


def test_what_lies_at_the_root_of_a_folder_has_a_floor_of_its_own(tmp_path: Path) -> None:
    law = parse_house({"order": {"f.x": [["wing"], ["."]]}}).orders["f.x"]
    files = {"x/wing/a.py": "from f.x import b", "x/b.py": "from f.y import c", "y/c.py": "from f.x import b"}
    assert [sentence.split(",")[0] for sentence in order(tmp_path, files, law)] == [
        "f.x.wing.a imports f.x.b"
    ]


def test_a_circle_is_named_from_its_first_module_on(tmp_path: Path) -> None:
    guarded = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from f.x.a import A"
    modules = tree(tmp_path, {"x/a.py": "from f.x import b", "x/b.py": "import f.x.c", "x/c.py": guarded})
    found = list(rules.circles(imports_between(modules)))
    assert found == ["A circle of imports: f.x.a -> f.x.b -> f.x.c -> f.x.a."]


def test_an_import_of_a_stranger_is_named(tmp_path: Path) -> None:
    modules = tree(
        tmp_path, {"tool/a.py": "import g.x.y", "tool/a_worker.py": "import g.x.y", "tool/b.py": ""}
    )
    found = list(rules.strangers(modules, "f", "g", r".*_worker"))
    assert found == ["f.tool.a imports g.x.y: f reads g/ by path at run time."]


def test_a_crowd_of_libraries_is_counted_and_scripts_are_not(tmp_path: Path) -> None:
    scripts = {f"x/do_{number}.py": "def main(): ..." for number in range(5)}
    libraries = {f"x/wing/{name}.py": "" for name in "abc"}
    found = list(rules.crowded(tree(tmp_path, scripts | libraries), TINY))
    assert found == ["f.x.wing holds 3 modules: more than 2 want another wing."]


def test_a_script_with_a_noun_for_a_name_or_in_a_wing_is_named(tmp_path: Path) -> None:
    main = "async def main(): ..."
    modules = tree(tmp_path, {"x/post.py": main, "x/wing/post_it.py": main, "x/post_invoice.py": main})
    assert list(rules.verbs(modules)) == [
        "f.x.post has a main(), so it is named as a verb with an object: post_invoice.",
        "f.x.wing.post_it has a main(), so it lies at the root of f.x, not in a wing.",
    ]


def test_what_a_script_imports_at_its_top_is_named(tmp_path: Path) -> None:
    late = "from f.ground.c import C\n\n\ndef main() -> None:\n    from f.x.wing.b import B\n"
    files = {"x/do_it.py": f"from f.x.wing.b import A\n{late}", "x/wing/b.py": "from f.ground.c import C"}
    modules = tree(tmp_path, {**files, "ground/c.py": ""})
    assert list(rules.early(modules, ["f.ground.c"])) == [
        "f.x.do_it imports f.x.wing.b at its top: let main import it."
    ]
    assert list(rules.early(modules, None)) == []


def test_a_library_at_the_root_of_a_folder_is_named(tmp_path: Path) -> None:
    modules = tree(tmp_path, {"x/a.py": "", "x/wing/b.py": "", "ground/c.py": ""})
    found = list(rules.nouns(modules, ["f.ground"]))
    assert found == ["f.x.a has no main(), so it lies in a wing of f.x, not at its root."]


def test_a_word_from_above_is_named_with_its_lines(tmp_path: Path) -> None:
    house = parse_house({"words": {"f.x": ["guest"]}})
    modules = tree(tmp_path, {"x/a.py": "# for\n# a GUESTLIST\nguests = 1", "y/b.py": "guest = 1"})
    assert list(rules.words(modules, house)) == [
        "f.x.a speaks of guest in lines 2, 3: f.x knows nothing of that."
    ]


def test_a_package_file_is_named(tmp_path: Path) -> None:
    tree(tmp_path, {"x/__init__.py": ""})
    assert list(rules.packages(tmp_path / "f")) == [
        "f/x/__init__.py would be deployed as a script: remove it."
    ]


def test_a_module_that_shares_its_name_with_a_folder_is_named(tmp_path: Path) -> None:
    modules = tree(tmp_path, {"x/a.py": "", "x/a/b.py": "", "y/__init__.py": "", "y/b.py": ""})
    assert list(rules.namesakes(modules)) == [
        "f.x.a is a module and a folder with f.x.a.b in it: rename one."
    ]


def test_a_long_function_and_a_large_object_are_named(tmp_path: Path) -> None:
    fields = "\n".join(f"        self.{name} = 0" for name in "abc")
    code = f"class Large:\n    def __init__(self):\n{fields}\n"
    assert list(rules.sizes(tree(tmp_path, {"x/a.py": code}), TINY)) == [
        "f.x.a.Large.__init__ has 4 lines: over 3 hide its idea.",
        "f.x.a.Large assigns 3 attributes: more than 2 want an object of their own (a, b, c).",
    ]


@pytest.mark.parametrize(
    "head",
    ["@dataclass\nclass A:", "class A(NamedTuple):", "class A(pydantic.BaseModel):", "class A(B):"],
)
def test_a_record_of_data_may_hold_many_things(tmp_path: Path, head: str) -> None:
    above = "from pydantic import BaseModel\nclass B(BaseModel): ..."
    code = f"from f.x.b import B\n{head}\n    def __init__(self): self.a = self.b = self.c = 0"
    assert not list(rules.sizes(tree(tmp_path, {"x/a.py": code, "x/b.py": above}), TINY))


def test_a_long_file_is_named(tmp_path: Path) -> None:
    found = list(rules.long_files(tree(tmp_path, {"x/a.py": "\n" * 5, "x/b.py": "\n" * 4}), TINY))
    assert found == ["f.x.a has 5 lines: more than 4 are two modules."]


def test_a_module_that_says_nothing_of_itself_is_named(tmp_path: Path) -> None:
    modules = tree(tmp_path, {"x/a.py": "# a comment", "x/b.py": '"""What it is for."""'})
    assert list(rules.silent(modules)) == ["f.x.a does not say what it is for: begin it with a docstring."]


def test_a_wing_that_has_no_floor_is_named_though_the_root_has_one(tmp_path: Path) -> None:
    law = parse_house({"order": {"f.x": [["wing"], ["."]]}}).orders["f.x"]
    found = order(tmp_path, {"x/new/a.py": "", "x/b.py": ""}, law)
    assert found == ["f.x.new.a has no place: give it a floor in house.toml, order of f.x."]
