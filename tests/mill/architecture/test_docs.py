"""The page and the picture of a house, and that ours are current."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from mill.architecture.house import read_house
from mill.architecture.picture import draw
from mill.architecture.survey import survey
from mill.repository.workspace import Workspace
from tests.mill.commands import mill, mill_here
from tests.mill.trees import REPOSITORY, write_tree

HOUSE = """
[order]
f = [["ground"], ["left", "right"]]
"f.left" = [["low"], ["high"]]

[purposes]
"f.ground" = "What <all> stand on & more."

[journeys]
"A journey" = "From left to right."
"""
CODE = {
    "f/ground/words.py": "WORD = 1",
    "f/left/low/a.py": "from f.ground.words import WORD",
    "f/left/high/b.py": "from f.left.low import a\nfrom f.ground import words",
    "f/left/greet_guest.py": "from f.left.high import b\n\n\ndef main(): ...",
    "f/right/folder.meta.yaml": "summary: Right of it",
    "f/right/c.py": "from f.ground import words",
    "f/attic/d.py": "from f.right import c",
}


def house(root: Path) -> Workspace:
    return Workspace(write_tree(root, {**CODE, "house.toml": HOUSE}))


def test_this_page_and_picture_are_what_the_code_gives() -> None:
    done = mill("docs", "architecture", "--check", cwd=REPOSITORY)
    assert done.returncode == 0, done.stderr


def test_folders_lie_on_the_floors_that_the_house_file_states(tmp_path: Path) -> None:
    workspace = house(tmp_path)
    found = survey(workspace, read_house(workspace.root))
    assert [[folder.title for folder in floor] for floor in found.floors] == [
        ["ground"],
        ["left", "right"],
        ["attic"],  # not stated: above what it imports
    ]
    assert found.arrows == {
        ("attic", "right"): 1,
        ("left", "ground"): 2,
        ("right", "ground"): 1,
    }
    left = found.floors[1][0]
    assert [[wing.name for wing in floor] for floor in left.floors] == [["low"], ["high"]]
    assert left.arrows == {(1, 0): 1, (2, 1): 1}  # the scripts are its top floor


def test_a_wing_that_has_no_floor_lies_above_what_it_imports(tmp_path: Path) -> None:
    new = {"f/left/new/e.py": "from f.left.low import a"}
    law = HOUSE.replace('["low"], ["high"]', '["low"], ["."]')
    workspace = Workspace(write_tree(tmp_path, {**CODE, **new, "house.toml": law}))
    left = survey(workspace, read_house(workspace.root)).floors[1][0]
    assert [[wing.name for wing in floor] for floor in left.floors] == [["low"], ["high", "new"]]


def test_without_a_house_file_the_imports_say_what_lies_below(tmp_path: Path) -> None:
    root = write_tree(tmp_path, CODE)
    found = survey(Workspace(root), read_house(root))
    floors = [[folder.title for folder in floor] for floor in found.floors]
    assert floors == [["ground"], ["left", "right"], ["attic"]]


def test_the_picture_is_well_formed_and_always_the_same(tmp_path: Path) -> None:
    workspace = house(tmp_path)
    pictures = [draw(survey(workspace, read_house(workspace.root))) for _ in range(2)]
    assert pictures[0] == pictures[1]
    texts = [element.text for element in ET.fromstring(pictures[0]).iter() if element.tag.endswith("text")]
    assert {"ground", "left", "right", "low", "high", "1 script people run", "greet_guest"} <= set(texts)
    assert "What <all> stand on & more." in texts


def test_the_page_is_written_and_then_current(tmp_path: Path) -> None:
    root = house(tmp_path).root
    done = mill_here("docs", "architecture", "--check", cwd=root)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "architecture.md and architecture.svg are out of date: run `mill docs architecture`.\n"
    )
    assert mill_here("docs", "architecture", cwd=root).returncode == 0
    assert mill_here("docs", "architecture", "--check", cwd=root).returncode == 0
    page = (root / "docs" / "architecture.md").read_text("utf-8")
    assert "- **right**: Right of it.\n" in page
    assert "- `f.left`: low → high\n" in page
    assert "## A journey\n\nFrom left to right.\n" in page
    (root / "f/right/c.py").write_text("", "utf-8")
    done = mill_here("docs", "architecture", "--check", cwd=root)
    assert (done.returncode, done.stderr[:16]) == (1, "architecture.md ")


def test_a_house_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {**CODE, "house.toml": "order = ["})
    done = mill_here("docs", "architecture", cwd=root)
    assert done.returncode == 2
    assert f"mill: {root}/house.toml: " in done.stderr
