"""The pages of docs/ that are written from the code are current, and none leaves out what it should name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from f.connect.calls.message import LostKind
from f.customers.validation.reasons import TEXTS
from mill.errors import MillError
from mill.lint.sources.rules import FAMILIES, RULES
from mill.manual import reasons
from mill.manual.pages import PAGES, outdated
from mill.manual.tables import table
from mill.repository.workspace import Workspace
from tests.mill.commands import mill
from tests.mill.trees import REPOSITORY

DOCS = REPOSITORY / "docs"
OURS = [
    *sorted(DOCS.glob("*.md")),
    *sorted((REPOSITORY / "f").glob("*/README.md")),
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
]
# Calls whose first argument is the code of something that people read.
_CODED = {"Note", "Question"}
_FINDS = re.compile(r'"(WM\d{3})"')


@pytest.mark.parametrize("name", [name for name in PAGES if name != "architecture"])
def test_a_page_is_what_the_code_gives(name: str) -> None:
    old = outdated(PAGES[name](Workspace(REPOSITORY)))
    assert not old, f"run `mill docs {name}`"


def test_a_page_that_is_out_of_date_is_named_and_then_written(tmp_path: Path) -> None:
    for name in ("wmill.yaml", *reasons.SOURCES, "docs/troubleshooting.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (REPOSITORY / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("| `parked` |", "| `barked` |"), "utf-8")
    done = mill("docs", "reasons", "--check", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "troubleshooting.md is out of date: run `mill docs reasons`.\n"
    assert mill("docs", "reasons", cwd=tmp_path).returncode == 0
    assert mill("docs", "reasons", "--check", cwd=tmp_path).returncode == 0
    written = (tmp_path / "docs/troubleshooting.md").read_text("utf-8")
    assert written == (DOCS / "troubleshooting.md").read_text("utf-8")


def test_a_page_without_a_place_for_the_table_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(MillError, match="has no place for the table"):
        reasons.write("# Troubleshooting\n", tmp_path)


def test_the_table_of_reasons_is_what_an_import_of_customers_says() -> None:
    found = {one.code: (one.outcome, one.message, one.hint) for one in reasons.read_reasons(REPOSITORY)}
    assert found == {code: (text.outcome, text.message, text.hint) for code, text in TEXTS.items()}


def test_every_finding_of_the_linter_is_described_and_none_that_is_gone() -> None:
    lint = REPOSITORY / "scripts" / "mill" / "lint"
    code = [file.read_text("utf-8") for file in lint.rglob("*.py") if file.name != "rules.py"]
    assert {name for text in code for name in _FINDS.findall(text)} == RULES.keys()
    assert {code[2] for code in RULES} == FAMILIES.keys()


def codes_in(file: Path) -> Iterator[str]:
    """The codes that a module raises, as far as they stand in it as text."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if isinstance(node.func, ast.Name) and node.func.id in _CODED:
            given += node.args[:1]
        if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value).endswith("noticed"):
            given += node.args[:2]
        if isinstance(node.func, ast.Name) and node.func.id == "Required":
            given += node.args[1:2]
        for one in given:
            keys = [part.slice for part in ast.walk(one) if isinstance(part, ast.Subscript)]  # result["code"]
            texts = (
                part.value for part in ast.walk(one) if isinstance(part, ast.Constant) and part not in keys
            )
            yield from (text for text in texts if isinstance(text, str))


def raised(folder: str = "") -> set[str]:
    """The codes that the modules of a folder of f/ raise, or those of all."""
    files = sorted((REPOSITORY / "f" / folder).rglob("*.py"))
    codes = {code for file in files for code in codes_in(file)}
    if not folder:
        codes |= {*get_args(LostKind), "lease_lost", "credential_refused", "suppressed"}  # raised by name
    return {code for code in codes if re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", code)}


FOLDERS = sorted(one.name for one in (REPOSITORY / "f").iterdir() if one.is_dir())


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_code_that_is_raised_stands_in_troubleshooting_or_in_the_folders_readme(folder: str) -> None:
    pages = [DOCS / "troubleshooting.md", REPOSITORY / "f" / folder / "README.md"]
    text = "".join(page.read_text("utf-8") for page in pages if page.exists())
    missing = sorted(code for code in raised(folder) if f"`{code}`" not in text)
    assert not missing, f"say in one of {pages} what to do about {', '.join(missing)}"


def test_troubleshooting_names_no_code_that_is_gone() -> None:
    page = (DOCS / "troubleshooting.md").read_text("utf-8")
    above = page.partition("## Why a row ended")[0]
    rows = [line.split("|")[1] for line in above.splitlines() if line.startswith("| `")]
    named = {code for row in rows for code in re.findall(r"`([a-z0-9_]+)`", row)}
    assert not named - raised()


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        name, _, heading = link.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), f"{page.name} links to {link}, which is not there"
        if heading:
            titles = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert heading in anchors, f"{page.name} links to {link}: there is no such heading"


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert list(table(("A",), [["x | y\nz"]])) == ["| A |", "| --- |", "| x \\| y z |", ""]
