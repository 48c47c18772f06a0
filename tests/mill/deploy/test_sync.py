"""The real `wmill sync` deploys a tree whole, once, without a secret, and brings the same tree back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mill.metadata.regenerate import regenerate
from mill.repository.wmill_cli import WmillCli
from tests.mill.deploy.contents import deployed_copy, items, meaning
from tests.mill.deploy.readme import create_triggers, prepare
from tests.mill.deploy.workspace_api import WorkspaceApi
from tests.mill.deploy.workspace_http import serve_workspace
from tests.mill.trees import REPOSITORY, write_tree

# One of everything. The packages are Python's own, so that locks need no index.
SMALL = {
    "f/a/folder.meta.yaml": "summary: A\ndisplay_name: A\nowners: []\nextra_perms: {}\n",
    "f/a/library.py": "import json\n",
    "f/a/send.py": """
        from f.a.library import json


        def main(crm: customer_api, name: str = "é") -> dict:
            return {}
    """,
    "f/a/night.schedule.yaml": """
        schedule: 0 0 2 * * *
        timezone: Europe/Berlin
        script_path: f/a/work
        is_flow: true
        enabled: false
        cron_version: v2
        ws_error_handler_muted: false
        no_flow_overlap: true
        args: {}
    """,
    "f/a/hook.http_trigger.yaml": """
        script_path: f/a/send
        is_flow: false
        route_path: hooks/:id
        http_method: post
        request_type: sync
        authentication_method: none
        is_static_website: false
        workspaced_route: false
        wrap_body: false
        raw_string: true
    """,
    "f/a/work__flow/flow.yaml": """
        summary: Work
        description: Works.
        value:
          modules:
            - id: send
              value:
                type: script
                path: f/a/send
                input_transforms: {}
            - id: count
              summary: Count what was sent
              value:
                type: rawscript
                content: '!inline count_what_was_sent.py'
                language: python3
                input_transforms: {}
        schema: {type: object, properties: {}}
    """,
    "f/a/work__flow/count_what_was_sent.py": "def main():\n    return 1\n",
    "customer_api.resource-type.yaml": (
        "description: An API.\nschema: {type: object, properties: {}}\n"
        "format_extension: null\nis_fileset: false\n"
    ),
    "resources/live/f/a/crm.resource.yaml": "resource_type: customer_api\nvalue: {token: $var:f/a/token}\n",
    "resources/live/f/a/token.variable.yaml": "is_secret: true\nvalue: ''\n",
}


@pytest.fixture(scope="module", params=["small", "repository"])
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree ready to deploy: a small one, and this repository itself."""
    root = tmp_path_factory.mktemp("tree")
    if request.param == "repository":
        return deployed_copy(REPOSITORY, root)
    write_tree(root, SMALL)
    for change in regenerate(root):
        change.apply(root)
    return root


@pytest.fixture(scope="module")
def pushed(tree: Path) -> Iterator[tuple[Path, WorkspaceApi]]:
    """The tree, and the workspace it was pushed to once, as the README has it."""
    with serve_workspace() as workspace:
        prepare(tree, workspace.remote)
        done = WmillCli(REPOSITORY).run("sync", "push", "--yes", cwd=tree, remote=workspace.remote)
        assert done.exit_code == 0, done.output
        assert "Stale" not in done.output, "metadata is out of date: run `mill metadata`"
        create_triggers(tree, workspace.remote)
        yield tree, workspace


def test_the_first_push_creates_exactly_what_the_tree_holds(pushed: tuple[Path, WorkspaceApi]) -> None:
    tree, workspace = pushed

    expected = items(tree) | {kind: workspace.paths(kind) for kind in ("resources", "variables")}
    assert {collection: workspace.paths(collection) for collection in items(tree)} == expected
    assert all(write.startswith("create ") for write in workspace.writes)
    assert len(workspace.writes) == sum(len(paths) for paths in expected.values())


def test_every_script_arrives_with_its_lock_and_form(pushed: tuple[Path, WorkspaceApi]) -> None:
    tree, workspace = pushed

    for path, script in workspace.scripts.items():
        assert script["content"] == (tree / f"{path}.py").read_text(encoding="utf-8")
        assert script["lock"] == (tree / f"{path}.script.lock").read_text(encoding="utf-8")
        assert script["lock"].startswith("# py: 3.")
        assert script["schema"]["type"] == "object"


def test_a_second_and_a_third_push_and_a_pull_change_nothing_though_dependents_were_locked_anew(
    pushed: tuple[Path, WorkspaceApi],
) -> None:
    tree, workspace = pushed
    before, files = list(workspace.writes), meaning(tree)

    for word in ("push", "push", "pull", "push"):
        done = WmillCli(REPOSITORY).run("sync", word, "--yes", cwd=tree, remote=workspace.remote)
        assert (done.exit_code, workspace.writes) == (0, before), done.output
        assert "0 changes to apply" in done.output, done.output

    assert meaning(tree) == files


def test_with_schedules_and_types_in_the_push_the_files_say_what_the_server_adds(
    pushed: tuple[Path, WorkspaceApi],
) -> None:
    tree, workspace = pushed
    options = ("--include-schedules", "--include-triggers", "--dry-run")

    done = WmillCli(REPOSITORY).run("sync", "push", *options, cwd=tree, remote=workspace.remote)

    assert "0 changes to apply" in done.output, done.output


def test_a_pull_into_an_empty_folder_brings_the_tree_back(
    pushed: tuple[Path, WorkspaceApi], tmp_path: Path
) -> None:
    tree, workspace = pushed
    shutil.copyfile(tree / "wmill.yaml", tmp_path / "wmill.yaml")

    done = WmillCli(REPOSITORY).run("sync", "pull", "--yes", cwd=tmp_path, remote=workspace.remote)

    assert done.exit_code == 0, done.output
    left = (".schedule.yaml", "_trigger.yaml", "folder.meta.yaml")
    assert meaning(tmp_path) == {
        name: said for name, said in meaning(tree).items() if not name.endswith(left)
    }


def test_credentials_typed_into_the_workspace_survive_a_push(tmp_path: Path) -> None:
    write_tree(tmp_path, {name: text for name, text in SMALL.items() if name.startswith("resources/")})
    with serve_workspace() as workspace:
        workspace.items["variables"]["f/a/token"] = {"value": "theirs", "is_secret": True}
        workspace.items["resources"]["f/a/crm"] = {"value": {"token": "$var:f/a/token"}}

        done = WmillCli(REPOSITORY).run("sync", "push", "--yes", cwd=tmp_path, remote=workspace.remote)

        assert (done.exit_code, workspace.writes) == (0, [])
        assert workspace.paths("variables") == {"f/a/token"}


def test_a_token_the_workspace_does_not_know_deploys_nothing(tmp_path: Path) -> None:
    write_tree(tmp_path, SMALL)
    with serve_workspace() as workspace:
        stranger = type(workspace.remote)(workspace.remote.base_url, workspace.remote.workspace, "wrong")

        done = WmillCli(REPOSITORY).run("sync", "push", "--yes", cwd=tmp_path, remote=stranger)

        assert done.exit_code != 0
        assert "Could not authenticate" in done.output
        assert workspace.writes == []
