"""`mill new target`: what it writes works as it is, and what it cannot use it refuses in a sentence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mill.errors import MillError
from mill.scaffold.target import FORM, KINDS, NewTarget
from tests.mill.commands import mill
from tests.mill.trees import REPOSITORY

_NOT_COPIED = (
    ".git",
    ".venv",
    ".mill",
    ".oracles",
    "node_modules",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    "*.png",
)
# As long as they may be: a shorter name leaves the lines of the templates shorter.
NAME, TITLE = "verylongnameoftarget", "Very & Long Title of a CRM 1.0"


def clone(folder: Path) -> Path:
    """A copy of this repository, with its tools."""
    tree = folder / "millwright"
    shutil.copytree(REPOSITORY, tree, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    (tree / "node_modules").symlink_to(REPOSITORY / "node_modules")
    if (REPOSITORY / ".mypy_cache").is_dir():  # what has not changed need not be checked again
        shutil.copytree(REPOSITORY / ".mypy_cache", tree / ".mypy_cache")
    return tree


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in the copy, whose code it sees and not ours."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": f"{tree}:{tree / 'scripts'}", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


def test_a_new_target_passes_every_check_as_it_is(tmp_path: Path) -> None:
    tree = clone(tmp_path)
    done = run(tree, "mill", "new", "target", NAME, "--title", TITLE, "--idempotency-keys")
    assert f"wrote f/customers/targets/{NAME}.script.lock" in done.stderr
    assert "[ ] _FIELDS" in done.stdout
    code = f"f/customers/targets/{NAME}.py", f"scripts/mill/twins/services/{NAME}.py"
    tests = f"tests/f/customers/test_{NAME}.py", f"tests/mill/twins/services/test_{NAME}.py"
    run(tree, "ruff", "format", "--check", KINDS, *code, *tests)
    run(tree, "ruff", "check", KINDS, *code, *tests)
    run(tree, "mypy", *code, *tests)
    run(tree, "mill", "lint", "f/customers/targets", "resources/mock/f/customers", FORM)
    run(tree, "mill", "docs", "all", "--check")
    run(tree, "pytest", "-p", "no:cacheprovider", *tests, "tests/f/customers/test_customer_api_form.py")
    imported = run(tree, "mill", "run", f"flows/{NAME}.yaml", "--state", str(tmp_path / "state"))
    counts = json.loads(imported.stdout)["counts"]
    assert (counts["created"] > 900, counts["failed"], counts["unknown"]) == (True, 0, 0)


@pytest.mark.parametrize("name", ["a", "Acme", "my_crm", "crm-1", "1crm", "x" * 21, "../x"])
def test_a_name_that_no_module_can_have_is_refused(name: str) -> None:
    with pytest.raises(MillError, match="cannot be the name of a target"):
        NewTarget(name, "Acme").files(REPOSITORY)


def test_a_title_that_would_break_out_of_its_quotes_is_refused() -> None:
    with pytest.raises(MillError, match="cannot be a title"):
        NewTarget("acme", '"x').files(REPOSITORY)


def test_a_kind_that_is_there_is_not_written_over() -> None:
    with pytest.raises(MillError, match=r"hubspot\.py is there already"):
        NewTarget("hubspot", "HubSpot").files(REPOSITORY)


def test_another_repository_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "wmill.yaml").write_text("includes:\n  - f/**\n", "utf-8")
    done = mill("new", "target", "acme", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "mill: There is no kinds.py here: `mill new target` adds to a copy of Millwright.\n"
    )


def test_the_kind_is_named_in_the_table_and_offered_by_the_form() -> None:
    files = NewTarget("acme", "Acme 2.0").files(REPOSITORY)
    assert '    "acme": "Acme 2.0",\n}' in files[REPOSITORY / KINDS]
    form = files[REPOSITORY / FORM]
    assert "        - acme\n      enumLabels:\n" in form
    assert "        acme: Acme 2.0\n      default: generic\n" in form


def test_a_table_in_another_form_is_left_alone_and_named(tmp_path: Path) -> None:
    for name, text in ((KINDS, "KINDS = dict(a=1)\n"), (FORM, "schema: {}\n")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(MillError, match="by hand where it lists kinds"):
        NewTarget("acme", "Acme").files(tmp_path)
