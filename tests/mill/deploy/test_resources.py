"""`mill resources push` through the real CLI: creates what is missing, overwrites nothing unasked."""

from __future__ import annotations

import contextlib
import os
import pty
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mill.errors import MillError
from mill.repository.workspace import Workspace
from mill.resources import ResourcePush
from tests.mill.commands import mill, mill_here
from tests.mill.deploy.contents import deployed_copy
from tests.mill.deploy.workspace_api import TOKEN, WORKSPACE, WorkspaceApi
from tests.mill.deploy.workspace_http import serve_workspace
from tests.mill.trees import REPOSITORY, write_tree

SECRET = "MILL_VAR_F_CRM_TOKEN"
TEMPLATES = {
    "resources/live/f/crm/api.resource.yaml": """
        description: The CRM.
        resource_type: customer_api
        value:
          base_url: https://api.example.com
          token: $var:f/crm/token
    """,
    "resources/live/f/crm/token.variable.yaml": """
        description: Its token.
        is_secret: true
        value: ''
    """,
    "resources/live/f/ops/region.variable.yaml": """
        description: Where it runs.
        is_secret: false
        value: eu
    """,
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path, TEMPLATES)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkspaceApi]:
    """The workspace that the environment names, as in CI."""
    with serve_workspace() as workspace:
        monkeypatch.setenv("WM_WORKSPACE", WORKSPACE)
        monkeypatch.setenv("WM_TOKEN", TOKEN)
        monkeypatch.setenv("BASE_INTERNAL_URL", workspace.remote.base_url)
        monkeypatch.delenv(SECRET, raising=False)
        yield workspace


def test_what_is_missing_is_created_and_the_secret_comes_from_the_environment(
    tree: Path, api: WorkspaceApi
) -> None:
    done = mill("resources", "push", cwd=tree, env={SECRET: "s3cr3t"})

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "created variable f/crm/token",
        "created variable f/ops/region",
        "created resource f/crm/api",
    ]
    assert api.items["variables"]["f/crm/token"] == {
        "path": "f/crm/token",
        "description": "Its token.",
        "is_secret": True,
        "value": "s3cr3t",
    }
    assert api.items["variables"]["f/ops/region"]["value"] == "eu"
    assert api.items["resources"]["f/crm/api"]["value"]["token"] == "$var:f/crm/token"


def test_what_exists_is_left_alone(tree: Path, api: WorkspaceApi) -> None:
    api.items["variables"]["f/crm/token"] = {"value": "theirs", "is_secret": True}
    api.items["resources"]["f/crm/api"] = {"value": {"base_url": "https://theirs.example.com"}}

    done = mill_here("resources", "push", cwd=tree)

    assert done.stdout == "created variable f/ops/region\n"
    assert done.stderr == "2 exist already and were left alone (--overwrite replaces them).\n"
    assert api.writes == ["create variables f/ops/region"]


def test_overwriting_is_asked_for_by_path(
    tree: Path, api: WorkspaceApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.items["variables"]["f/crm/token"] = {"value": "theirs", "is_secret": True}
    monkeypatch.setenv(SECRET, "new")

    done = mill_here("resources", "push", "f/crm/token", "--overwrite", cwd=tree)

    assert done.stdout == "overwrote variable f/crm/token\n"
    assert api.writes == ["update variables f/crm/token"]
    assert api.items["variables"]["f/crm/token"]["value"] == "new"


def test_a_dry_run_shows_the_plan_and_needs_no_values(tree: Path, api: WorkspaceApi) -> None:
    api.items["resources"]["f/crm/api"] = {"value": {}}

    done = mill_here("resources", "push", "--dry-run", cwd=tree)

    rows = [line.split("│")[1:-1] for line in done.stdout.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["variable", "f/crm/token", "create", f"asked for, or {SECRET}"],
        ["variable", "f/ops/region", "create", "from the template"],
        ["resource", "f/crm/api", "keep (exists)", ""],
    ]
    assert api.writes == []


def test_a_value_nobody_gives_stops_the_push_before_it_begins(tree: Path, api: WorkspaceApi) -> None:
    done = mill_here("resources", "push", cwd=tree)

    assert done.returncode == 2
    assert done.stderr == (
        f"mill: Set {SECRET} (f/crm/token) in the environment, or run this at a terminal.\n"
    )
    assert api.writes == []


def test_at_a_terminal_a_value_is_asked_for(tree: Path, api: WorkspaceApi) -> None:
    pushing = ResourcePush(Workspace(tree))

    pushing.push(pushing.plan(["f/crm"]), ask=lambda path, about: f"typed for {path}: {about}")

    assert api.items["variables"]["f/crm/token"]["value"] == "typed for f/crm/token: Its token."
    assert "f/ops/region" not in api.items["variables"]


def test_what_a_person_gives_no_value_for_is_left_out_with_all_that_needs_it(
    tree: Path, api: WorkspaceApi
) -> None:
    pushing = ResourcePush(Workspace(tree))

    pushing.push(pushing.plan(), ask=lambda _path, _about: "")

    assert pushing.not_given == ["f/crm/api", "f/crm/token"]
    assert api.writes == ["create variables f/ops/region"]


def test_an_empty_answer_at_a_terminal_leaves_it_out(tree: Path, api: WorkspaceApi) -> None:
    pid, terminal = pty.fork()  # a terminal of its own: a hidden prompt asks there
    if pid == 0:
        os.chdir(tree)
        os.execv(sys.executable, [sys.executable, "-m", "mill", "resources", "push"])
    shown = b""
    with contextlib.suppress(OSError):  # its end
        while part := os.read(terminal, 4096):
            shown += part
            if shown.endswith(b"(empty: leave it out): "):
                os.write(terminal, b"\n")
    os.close(terminal)

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    assert b"Its token.\r\nValue of f/crm/token" in shown
    assert b"Left out, as no value was given: f/crm/api, f/crm/token." in shown
    assert api.writes == ["create variables f/ops/region"]


def test_a_secret_in_a_template_is_refused(tree: Path, api: WorkspaceApi) -> None:
    file = tree / "resources/live/f/crm/token.variable.yaml"
    file.write_text("is_secret: true\nvalue: hunter2\n")

    with pytest.raises(MillError, match=r"token.variable.yaml holds the value of a secret") as caught:
        ResourcePush(Workspace(tree)).plan()

    assert "hunter2" not in str(caught.value)


def test_a_failed_push_does_not_repeat_the_secret(
    tree: Path, api: WorkspaceApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushing = ResourcePush(Workspace(tree))
    planned = pushing.plan()
    monkeypatch.setattr(api, "write", lambda *_: (_ for _ in ()).throw(ConnectionError))
    monkeypatch.setenv(SECRET, "s3cr3t")

    with pytest.raises(MillError, match="`wmill variable push` failed") as caught:
        pushing.push(planned, ask=None)

    assert "s3cr3t" not in str(caught.value)


def test_a_path_without_a_template_is_refused(tree: Path, api: WorkspaceApi) -> None:
    with pytest.raises(MillError, match="No template under resources/live is called f/crm/nothing"):
        ResourcePush(Workspace(tree)).plan(["f/crm/nothing"])


def test_practising_on_an_instance_leaves_out_what_only_mill_serves_and_what_guards_for_real(
    tmp_path: Path, api: WorkspaceApi
) -> None:
    tree = deployed_copy(REPOSITORY, tmp_path)

    done = mill("resources", "push", "--mock", cwd=tree)

    assert done.returncode == 0, done.stderr
    left_out = done.stderr.partition("Not for an instance: ")[2].partition(".\n")[0].split(", ")
    assert {"f/customers/crm_twin", "f/customers/import_api_key"} <= set(left_out)
    assert {"f/customers/mock_api", "f/customers/httpbin"} <= api.paths("resources")
    assert {path for path in api.paths("resources") if not path.startswith("f/customers/")} == {
        "f/connect/mock_api"
    }
    assert not set(left_out) & api.paths("resources")
    assert api.paths("variables") == {"f/customers/mock_api_key"}
