"""The real `wmill sync` deploys a tree whole, once, without a secret, and brings the same tree back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mill.errors import MillError
from mill.metadata.regenerate import regenerate
from mill.repository.raw_apps import raw_apps
from mill.repository.wmill_cli import WmillCli
from mill.repository.workspace import Workspace
from mill.repository.yaml_file import read_mapping
from tests.mill.deploy.contents import deployed_copy, items, meaning
from tests.mill.deploy.readme import AS_A_MEMBER, create_triggers, prepare, push
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
    "f/a/page__raw_app/raw_app.yaml": "summary: A page\npolicy:\n  execution_mode: viewer\n",
    "f/a/page__raw_app/package.json": "{}\n",
    "f/a/page__raw_app/index.tsx": "import { backend } from './wmill';\n\nbackend.send({ name: 'é' });\n",
    "f/a/page__raw_app/index.css": "body { margin: 0 }\n",
    "f/a/page__raw_app/parts/unused.ts": "export const one = 1;\n",
    "f/a/page__raw_app/node_modules/.gitkeep": "",
    "f/a/page__raw_app/backend/send.yaml": "type: script\npath: f/a/send\n",
    "f/a/page__raw_app/backend/work.yaml": "type: flow\npath: f/a/work\n",
    "resources/live/f/a/crm.resource.yaml": "resource_type: customer_api\nvalue: {token: $var:f/a/token}\n",
    "resources/live/f/a/token.variable.yaml": "is_secret: true\nvalue: ''\n",
}


def _small(root: Path) -> Path:
    write_tree(root, SMALL)
    for change in regenerate(root):
        change.apply(root)
    return root


@contextmanager
def _pushed(tree: Path, *templates: str) -> Iterator[WorkspaceApi]:
    """The workspace a tree was pushed to once, as the README has it, by a member who is no admin.

    Routes are an admin's to create.
    """
    schedules = [f"{one.path}.schedule.yaml" for one in Workspace(tree).schedules()]
    routes = [f"{one.path}.http_trigger.yaml" for one in Workspace(tree).items("http_trigger")]
    with serve_workspace() as workspace:
        folders = prepare(tree, workspace.member, *templates).folders
        assert folders == sorted(one.name for one in (tree / "f").iterdir() if one.is_dir())
        done = push(tree, workspace.member, AS_A_MEMBER)
        assert "Stale" not in done.output, "metadata is out of date: run `mill metadata`"
        assert len(create_triggers(tree, workspace.member, *schedules)) == len(schedules)
        with pytest.raises(MillError, match="Require Admin privilege"):
            create_triggers(tree, workspace.member, routes[0])
        create_triggers(tree, workspace.remote, *routes)
        yield workspace


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, WorkspaceApi]]:
    tree = _small(tmp_path_factory.mktemp("tree"))
    with _pushed(tree) as workspace:
        yield tree, workspace


def the_first_push_has_created_exactly_what_the_tree_holds(
    tree: Path, workspace: WorkspaceApi, _: Path
) -> None:
    expected = items(tree) | {kind: workspace.paths(kind) for kind in ("resources", "variables")}
    assert {collection: workspace.paths(collection) for collection in items(tree)} == expected
    assert all(write.startswith("create ") for write in workspace.writes)
    assert len(workspace.writes) == sum(len(paths) for paths in expected.values())


def every_script_has_arrived_with_its_lock_and_form(tree: Path, workspace: WorkspaceApi, _: Path) -> None:
    for path, script in workspace.scripts.items():
        assert script["content"] == (tree / f"{path}.py").read_text(encoding="utf-8")
        assert script["lock"] == (tree / f"{path}.script.lock").read_text(encoding="utf-8")
        assert script["lock"].startswith("# py: 3.")
        assert script["schema"]["type"] == "object"


def a_page_runs_as_who_looks_at_it_and_nothing_but_what_its_files_name(
    tree: Path, workspace: WorkspaceApi, _: Path
) -> None:
    pages = raw_apps(Workspace(tree))
    assert pages
    for page in pages:
        app = workspace.items["apps"][page.path]
        named = {name: read_mapping(file) for name, file in page.runnable_files().items()}
        assert app["policy"]["execution_mode"] == "viewer"
        assert app["policy"]["triggerables_v2"] == {
            f"{name}:{said['type']}/{said['path']}": {
                "static_inputs": {},
                "one_of_inputs": {},
                "allow_user_resources": [],
            }
            for name, said in named.items()
        }
        assert set(app["value"]["runnables"]) == set(named)
        assert set(app["value"]["files"]) == {f"/{name}" for name in page.sources()}
        assert app["summary"] == read_mapping(page.folder / "raw_app.yaml")["summary"]
        assert "backendAsyncRes" in workspace.bundles[page.path]["js"]  # Windmill's own `wmill` module


def pushes_and_a_pull_change_nothing_though_dependents_were_locked_anew(
    tree: Path, workspace: WorkspaceApi, _: Path
) -> None:
    before, files = list(workspace.writes), meaning(tree)

    for word in ("push", "push", "pull", "push"):
        done = WmillCli(REPOSITORY).run("sync", word, "--yes", cwd=tree, remote=workspace.member)
        assert (done.exit_code, workspace.writes) == (0, before), done.output
        assert "0 changes to apply" in done.output, done.output

    assert meaning(tree) == files


def with_schedules_and_types_in_the_push_the_files_say_what_the_server_adds(
    tree: Path, workspace: WorkspaceApi, _: Path
) -> None:
    options = ("--include-schedules", "--include-triggers", "--dry-run")

    done = WmillCli(REPOSITORY).run("sync", "push", *options, cwd=tree, remote=workspace.remote)

    assert "0 changes to apply" in done.output, done.output


def a_pull_into_a_folder_with_no_more_than_settings_brings_the_tree_back(
    tree: Path, workspace: WorkspaceApi, tmp_path: Path
) -> None:
    shutil.copyfile(tree / "wmill.yaml", tmp_path / "wmill.yaml")
    for page in raw_apps(Workspace(tree)):  # as whom a page runs is in no export
        kept = tmp_path / (page.folder / "raw_app.yaml").relative_to(tree)
        kept.parent.mkdir(parents=True)
        shutil.copyfile(page.folder / "raw_app.yaml", kept)

    done = WmillCli(REPOSITORY).run("sync", "pull", "--yes", cwd=tmp_path, remote=workspace.remote)

    assert done.exit_code == 0, done.output
    left = (".schedule.yaml", "_trigger.yaml", "folder.meta.yaml")
    assert meaning(tmp_path) == {
        name: said for name, said in meaning(tree).items() if not name.endswith(left)
    }


CHECKS: list[Callable[[Path, WorkspaceApi, Path], None]] = [
    the_first_push_has_created_exactly_what_the_tree_holds,
    every_script_has_arrived_with_its_lock_and_form,
    a_page_runs_as_who_looks_at_it_and_nothing_but_what_its_files_name,
    pushes_and_a_pull_change_nothing_though_dependents_were_locked_anew,
    with_schedules_and_types_in_the_push_the_files_say_what_the_server_adds,
    a_pull_into_a_folder_with_no_more_than_settings_brings_the_tree_back,
]


@pytest.mark.parametrize("check", CHECKS)
def test_of_a_tree_that_was_pushed(
    check: Callable[[Path, WorkspaceApi, Path], None], small: tuple[Path, WorkspaceApi], tmp_path: Path
) -> None:
    check(*small, tmp_path)


def test_this_repository_is_pushed_whole_once_and_comes_back(tmp_path: Path) -> None:
    """In one test, and with the templates of one folder: each template is a second of the CLI's."""
    tree = deployed_copy(REPOSITORY, tmp_path / "tree")
    with _pushed(tree, "f/customers") as workspace:
        for check in CHECKS:
            folder = tmp_path / check.__name__
            folder.mkdir()
            check(tree, workspace, folder)


def test_a_page_that_changed_is_pushed_again_and_still_runs_as_who_looks_at_it(tmp_path: Path) -> None:
    write_tree(tmp_path, {name: text for name, text in SMALL.items() if "page__raw_app" in name})
    index = tmp_path / "f" / "a" / "page__raw_app" / "index.tsx"
    with serve_workspace() as workspace:
        push(tmp_path, workspace.remote)
        index.write_text("document.title = 'Other';\n", "utf-8")
        push(tmp_path, workspace.remote)

        assert workspace.writes == ["create apps f/a/page", "update apps f/a/page"]
        assert "Other" in workspace.bundles["f/a/page"]["js"]
        assert workspace.items["apps"]["f/a/page"]["policy"]["execution_mode"] == "viewer"

        shutil.rmtree(index.parent)
        push(tmp_path, workspace.remote)
        assert workspace.paths("apps") == set()


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
