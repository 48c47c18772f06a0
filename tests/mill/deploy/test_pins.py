"""What Windmill resolves anew when a library is deployed: to the newest, unless the code pins it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mill.errors import MillError
from mill.lint.run import our_checks
from mill.metadata.pins import pin
from mill.metadata.regenerate import regenerate
from mill.repository.wmill_cli import WmillCli
from mill.repository.workspace import Workspace
from tests.mill.commands import mill
from tests.mill.deploy.readme import prepare, push
from tests.mill.deploy.workspace_http import serve_workspace
from tests.mill.trees import REPOSITORY, write_tree

# Deployed in the order of their names: the script before the library it imports.
TREE = {
    "f/a/folder.meta.yaml": "summary: A\ndisplay_name: A\nowners: []\nextra_perms: {}\n",
    "f/a/send.py": '''
        """Sends."""

        from f.a.wire import dump


        def main() -> str:
            return dump()
    ''',
    "f/a/wire.py": '''
        """Writes."""

        import requests


        def dump() -> str:
            return requests.__version__
    ''',
    "resources/live/f/a/region.variable.yaml": "is_secret: false\nvalue: eu\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_tree(tmp_path, TREE)
    shutil.copyfile(REPOSITORY / "requirements.lock", tmp_path / "requirements.lock")
    return tmp_path


def refresh(tree: Path) -> None:
    for change in regenerate(tree):
        change.apply(tree)


def second_push(tree: Path) -> str:
    with serve_workspace() as workspace:
        prepare(tree, workspace.remote)
        push(tree, workspace.remote)
        options = ("--yes", "--dry-run")
        done = WmillCli(REPOSITORY).run("sync", "push", *options, cwd=tree, remote=workspace.remote)
        assert workspace.relocking.jobs == 1
    return done.output


def test_what_is_not_pinned_comes_back_newer_and_what_is_pinned_as_it_was_tested(tree: Path) -> None:
    refresh(tree)
    locks = {file.name: file.read_text(encoding="utf-8") for file in tree.rglob("*.lock")}
    assert "1 changes to apply" in second_push(tree)

    for change in pin(Workspace(tree)):
        change.apply(tree)
    refresh(tree)

    assert {file.name: file.read_text(encoding="utf-8") for file in tree.rglob("*.lock")} == locks
    assert "0 changes to apply" in second_push(tree)


def test_the_pins_are_all_that_the_files_own_imports_bring(tree: Path) -> None:
    (change,) = pin(Workspace(tree))

    assert str(change.path) == "f/a/wire.py"
    names = [line.partition("==")[0] for line in (change.after or "").splitlines() if "==" in line]
    assert names == ["# certifi", "# charset-normalizer", "# idna", "# requests", "# urllib3"]
    assert (change.after or "").startswith('"""Writes."""\n\n# extra_requirements:\n# certifi==')
    change.apply(tree)
    assert pin(Workspace(tree)) == []


def test_pins_of_another_version_and_without_one_are_renewed_and_extras_kept(tree: Path) -> None:
    file = tree / "f/a/wire.py"
    file.write_text(
        "# extra_requirements:\n# psycopg[binary]\n# orjson==1.0\n\nimport orjson\n", encoding="utf-8"
    )

    (change,) = pin(Workspace(tree))

    lines = (change.after or "").splitlines()
    assert lines[0] == "# extra_requirements:"
    assert [line.partition("==")[0] for line in lines[1:5]] == [
        *("# orjson", "# psycopg[binary]", "# psycopg-binary", "# typing-extensions")
    ]
    assert "1.0" not in {line.partition("==")[2] for line in lines}
    assert lines[5:] == ["", "import orjson"]


def test_lint_names_what_nothing_pins(tree: Path) -> None:
    refresh(tree)

    loose = [finding for finding in our_checks(Workspace(tree)) if finding.code == "WM206"]

    assert [finding.file for finding in loose] == ["f/a/send.py", "f/a/wire.py"]
    assert "certifi, charset-normalizer, idna, requests, urllib3" in loose[0].message
    for change in pin(Workspace(tree)):
        change.apply(tree)
    assert not [finding for finding in our_checks(Workspace(tree)) if finding.code == "WM206"]


def test_pinning_needs_tested_versions_and_changes_code(tree: Path) -> None:
    assert mill("metadata", "--pin", "--check", cwd=tree).stderr == (
        "mill: --pin changes code and --check changes nothing: give one of them.\n"
    )
    (tree / "requirements.lock").unlink()
    with pytest.raises(MillError, match=r"There is no requirements\.lock in"):
        pin(Workspace(tree))
