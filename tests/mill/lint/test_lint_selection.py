"""`mill lint` of a part of a workspace, and of one that is not held to our taste."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mill.errors import MillError
from mill.lint.run import our_checks
from mill.lint.selection import Selection, is_strict
from mill.lint.sources.finding import Finding
from mill.repository.workspace import Workspace
from tests.mill.commands import mill, mill_here
from tests.mill.lint.linting import FOLDER, flow, script
from tests.mill.trees import REPOSITORY, write_tree

LOCK = {"f/a/script.script.lock": "# py: 3.12\n"}
UNTIDY = {
    **script("def main(name: str):\n    pass\n"),
    **LOCK,
    "f/a/script.script.yaml": """
        summary: ''
        lock: '!inline f/a/script.script.lock'
        schema: {type: object, properties: {name: {type: string}}}
    """,
}
STRICT = {"pyproject.toml": "[tool.mill.lint]\nstrict = true\n"}


def found_in(workspace: Workspace, path: str) -> list[str]:
    """Which of the files below a finding would be shown for."""
    files = ("f/a/script.py", "f/a/script.script.yaml", "f/a/other.py", "f/a/work__flow/flow.yaml")
    selection = Selection(workspace, [path])
    return [file for file in files if Finding(file, 1, 1, "WM000", "", "") in selection]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    files = {**FOLDER, **script("def main():\n    pass\n"), **LOCK, "f/a/other.py": "def main(): pass\n"}
    return Workspace(write_tree(tmp_path, {**files, "f/a/work__flow/flow.yaml": flow("[]")}))


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("f/a/script", ["f/a/script.py", "f/a/script.script.yaml"]),
        ("f/a/script.py", ["f/a/script.py", "f/a/script.script.yaml"]),
        ("f/a/work", ["f/a/work__flow/flow.yaml"]),
        ("f/a/work__flow", ["f/a/work__flow/flow.yaml"]),
        ("f/a/work__flow/flow.yaml", ["f/a/work__flow/flow.yaml"]),
        ("f", ["f/a/script.py", "f/a/script.script.yaml", "f/a/other.py", "f/a/work__flow/flow.yaml"]),
    ],
)
def test_a_path_is_a_file_a_folder_a_script_or_a_flow(
    workspace: Workspace, path: str, files: list[str]
) -> None:
    assert found_in(workspace, path) == files
    assert files[0] in found_in(workspace, str(workspace.root / files[0]))


def test_what_is_looked_at_for_a_path_gives_all_that_is_found_there(tmp_path: Path) -> None:
    secret = "password: 'Tr0ub4dor-and-3'\n"
    files = {
        **UNTIDY,
        "f/a/work__flow/flow.yaml": flow("- id: a\n  value: {type: script, path: f/a/gone}"),
        "f/a/work__flow/step.py": "def main(x: list[bool]):\n    pass\n",
        "f/b/other.py": "from f.b.gone import x\ndef main(x: list[bool]):\n    pass\n",
        "f/b/daily.schedule.yaml": "schedule: every day\nscript_path: f/b/gone\n",
        "f/b/in.http_trigger.yaml": "script_path: f/b/gone\n",
        "f/b/crm.resource.yaml": f"resource_type: c_crm\nvalue:\n  {secret}",
        "f/b/word.variable.yaml": "value: x\nis_secret: false\n",
        "resources/live/f/b/crm.resource.yaml": f"resource_type: c_crm\nvalue:\n  {secret}",
        "flows/case.yaml": secret,
        "c_crm.resource-type.yaml": "schema: []\n",
    }
    workspace = Workspace(write_tree(tmp_path, files))
    found = sorted(our_checks(workspace))
    paths = {finding.file for finding in found}
    assert {path.split("/")[0] for path in paths} >= {"f", "resources", "c_crm.resource-type.yaml"}
    assert len(paths) > 7
    for path in {*(path for path in paths if (tmp_path / path).exists()), "f/a", "f/b", "f", "resources"}:
        selection = Selection(workspace, [path])
        there = [finding for finding in sorted(our_checks(workspace, selection)) if finding in selection]
        assert there == [finding for finding in found if finding in selection]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("f/a/scirpt", "There is no f/a/scirpt in the workspace {root}. Did you mean f/a/script?"),
        ("nowhere.py", "There is no nowhere.py in the workspace {root}."),
        ("/etc/hosts", "/etc/hosts is not inside the workspace {root}."),
    ],
)
def test_an_unknown_path_fails_with_a_sentence(workspace: Workspace, path: str, sentence: str) -> None:
    done = mill_here("lint", path, cwd=workspace.root)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"mill: {sentence.format(root=workspace.root)}\n"


def test_taste_is_a_warning_where_the_workspace_does_not_ask_for_more(tmp_path: Path) -> None:
    root = write_tree(tmp_path, UNTIDY)
    done = mill_here("lint", cwd=root)
    assert done.returncode == 0
    assert done.stderr == "Found 4 warnings.\n"
    codes = [line.split()[1:3] for line in done.stdout.splitlines()]
    assert codes == [[code, "warning:"] for code in ("WM704", "WM301", "WM302", "WM303")]
    told = json.loads(mill_here("lint", "--json", cwd=root).stdout)
    assert {one["severity"] for one in told} == {"warning"}


@pytest.mark.parametrize(
    ("settings", "arguments", "code"),
    [(STRICT, [], 1), ({}, ["--strict"], 1), (STRICT, ["--no-strict"], 0)],
)
def test_a_workspace_that_is_strict_fails_for_taste(
    tmp_path: Path, settings: dict[str, str], arguments: list[str], code: int
) -> None:
    done = mill_here("lint", *arguments, cwd=write_tree(tmp_path, {**UNTIDY, **settings}))
    assert done.returncode == code
    assert done.stderr == f"Found 4 {'problems' if code else 'warnings'}.\n"


def test_this_repository_is_strict() -> None:
    assert is_strict(Workspace(REPOSITORY))


@pytest.mark.parametrize(
    ("text", "words"),
    [("[tool", "cannot be read to see how strict"), ("[tool.mill.lint]\nstrict = 'yes'\n", "true or false")],
)
def test_a_setting_that_cannot_be_read_is_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(MillError, match=words):
        is_strict(Workspace(write_tree(tmp_path, {"pyproject.toml": text})))


@pytest.mark.parametrize("text", ["[tool.mill]\nlint = 'x'\n", "tool = 1\n", ""])
def test_a_pyproject_without_the_setting_is_not_strict(tmp_path: Path, text: str) -> None:
    assert not is_strict(Workspace(write_tree(tmp_path, {"pyproject.toml": text})))


def test_an_empty_workspace_has_nothing_to_check(tmp_path: Path) -> None:
    done = mill("lint", cwd=write_tree(tmp_path, {}))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("There is nothing to check in ")


@pytest.mark.parametrize("command", ["lint", "metadata"])
def test_outside_of_any_repository_there_is_a_sentence(tmp_path: Path, command: str) -> None:
    done = mill_here(command, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"mill: No wmill.yaml in {tmp_path} or above it.")


def test_metadata_of_an_unknown_path_names_the_nearest(workspace: Workspace) -> None:
    done = mill_here("metadata", "f/a/scirpt", cwd=workspace.root)
    assert done.returncode == 2
    assert "Did you mean f/a/script?" in done.stderr
