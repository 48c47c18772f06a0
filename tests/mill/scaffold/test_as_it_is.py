"""What `mill new` writes passes every check as it is: a target and a service, in one copy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mill.scaffold.integration import PLAIN, REGISTRY, SOURCES
from mill.scaffold.target import FORM, KINDS
from tests.mill.scaffold.copies import SERVICE, TARGET, TITLE, URL, clone, run
from tests.mill.trees import REPOSITORY

CODE = (
    f"f/customers/targets/{TARGET}.py",
    *(f"scripts/mill/twins/services/{name}.py" for name in (TARGET, SERVICE)),
    f"f/{SERVICE}",
    f"f/operate/services/providers/{SERVICE}.py",
)
TESTS = (
    f"tests/f/customers/test_{TARGET}.py",
    *(f"tests/mill/twins/services/test_{name}.py" for name in (TARGET, SERVICE)),
    f"tests/f/{SERVICE}",
)
# What there was before, and has a line more.
CHANGED = (KINDS, REGISTRY, SOURCES, PLAIN)
LINTED = (
    *("f/customers/targets", "resources/mock/f/customers", FORM),
    *(f"f/{SERVICE}", "f/operate", f"resources/mock/f/{SERVICE}", "flows"),
)


@pytest.mark.timeout(400)
def test_a_new_target_and_a_new_integration_pass_every_check_as_they_are(tmp_path: Path) -> None:
    tree = clone(tmp_path)
    done = run(tree, "mill", "new", "target", TARGET, "--title", TITLE, "--idempotency-keys")
    assert f"wrote f/customers/targets/{TARGET}.script.lock" in done.stderr
    assert "[ ] _FIELDS" in done.stdout
    words = ("--title", TITLE, "--base-url", URL, "--auth", "oauth2")
    done = run(tree, "mill", "new", "integration", SERVICE, *words)
    assert f"wrote f/{SERVICE}/get_item.script.lock" in done.stderr
    assert "[ ] canary" in done.stdout

    run(tree, "ruff", "format", "--check", *CODE, *TESTS, *CHANGED)
    run(tree, "ruff", "check", *CODE, *TESTS, *CHANGED)
    run_mypy(tree, *CODE, *TESTS)
    run(tree, "mill", "lint", *LINTED)
    run(tree, "mill", "docs", "all", "--check")
    run_tests(tree)
    run_what_was_made(tree, tmp_path / "state")


def run_mypy(tree: Path, *words: str) -> None:
    """Check types in the copy; what has not changed since the last check here is not checked again."""
    if (REPOSITORY / ".mypy_cache").is_dir():
        shutil.copytree(REPOSITORY / ".mypy_cache", tree / ".mypy_cache")
    run(tree, "mypy", *words)


def run_tests(tree: Path) -> None:
    """Run the new tests, and those of all code that see the new: of the rest, no module is imported again."""
    pytest_ = ("pytest", "-p", "no:cacheprovider")
    seen = f"not test_every_module_can_be_imported or {TARGET} or {SERVICE}"
    form = "tests/f/customers/test_customer_api_form.py"
    run(tree, *pytest_, *TESTS, form, "tests/mill/names", "tests/test_house.py", "-k", seen)
    run(tree, *pytest_, "tests/f/test_forms.py", PLAIN, "-k", SERVICE)


def run_what_was_made(tree: Path, state: Path) -> None:
    imported = run(tree, "mill", "run", f"flows/{TARGET}.yaml", "--state", str(state))
    counts = json.loads(imported.stdout)["counts"]
    assert (counts["created"] > 900, counts["failed"], counts["unknown"]) == (True, 0, 0)
    ran = run(tree, "mill", "run", f"flows/{SERVICE}.yaml", "--state", str(state))
    assert json.loads(ran.stdout) == {"id": "2", "name": "Second"}
    told = run(tree, "mill", "doctor", SERVICE, "--json")
    assert {one["name"] for one in json.loads(told.stdout)["findings"]} == {
        f"f/{SERVICE}/client_id",
        f"f/{SERVICE}/client_secret",
    }
