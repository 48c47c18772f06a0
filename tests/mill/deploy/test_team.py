"""What a team makes of its workspace stays: on or off, the hour, rights to folders; several workspaces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mill.errors import MillError
from mill.metadata.regenerate import regenerate
from mill.repository.wmill_cli import WmillCli
from mill.repository.workspace import Workspace
from tests.mill.commands import mill
from tests.mill.deploy.readme import AS_A_MEMBER, create_triggers, prepare, push, session
from tests.mill.deploy.test_sync import SMALL
from tests.mill.deploy.workspace_api import WorkspaceApi
from tests.mill.deploy.workspace_http import serve_instance, serve_workspace
from tests.mill.trees import REPOSITORY, write_tree

HOOK = "create http_trigger f/a/hook"
NIGHT = "create schedule f/a/night"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_tree(tmp_path_factory.mktemp("small"), SMALL)
    for change in regenerate(root):
        change.apply(root)
    return root


@pytest.fixture
def workspace() -> Iterator[WorkspaceApi]:
    with serve_workspace() as one:
        yield one


def test_what_the_team_switched_on_and_changed_stays_through_pushes_and_pulls(
    small: Path, workspace: WorkspaceApi
) -> None:
    prepare(small, workspace.remote)
    push(small, workspace.remote)
    create_triggers(small, workspace.remote)
    done = WmillCli(REPOSITORY).run("schedule", "enable", "f/a/night", cwd=small, remote=workspace.remote)
    assert done.exit_code == 0, done.output
    night = workspace.items["schedules"]["f/a/night"]
    night |= {"schedule": "0 30 5 * * *", "args": {"ours": True}}
    workspace.items["http_triggers"]["f/a/hook"]["mode"] = "disabled"
    workspace.items["folders"]["a"]["extra_perms"] = {"g/sales": True}
    before, theirs = list(workspace.writes), dict(night)

    for word in ("push", "pull", "push"):
        done = WmillCli(REPOSITORY).run("sync", word, "--yes", cwd=small, remote=workspace.remote)
        assert "0 changes to apply" in done.output, done.output
    kept = create_triggers(small, workspace.remote)

    assert kept == ["keep schedule f/a/night", "keep http_trigger f/a/hook"]
    assert workspace.writes == before
    assert workspace.items["schedules"]["f/a/night"] == theirs
    assert theirs["enabled"] is True
    assert workspace.items["http_triggers"]["f/a/hook"]["mode"] == "disabled"
    assert workspace.items["folders"]["a"]["extra_perms"] == {"g/sales": True}


def test_a_push_that_takes_schedules_along_would_switch_them_off_which_is_why_ours_does_not(
    small: Path, workspace: WorkspaceApi
) -> None:
    prepare(small, workspace.remote)
    push(small, workspace.remote)
    create_triggers(small, workspace.remote)
    workspace.switch("f/a/night", on=True)

    done = WmillCli(REPOSITORY).run(
        "sync", "push", "--yes", "--include-schedules", cwd=small, remote=workspace.remote
    )

    assert "disabled locally but not on remote" in done.output
    assert workspace.items["schedules"]["f/a/night"]["enabled"] is False


def test_overwriting_a_schedule_or_route_leaves_it_on_or_off(small: Path, workspace: WorkspaceApi) -> None:
    prepare(small, workspace.remote)
    push(small, workspace.remote)
    create_triggers(small, workspace.remote)
    workspace.switch("f/a/night", on=True)
    workspace.items["schedules"]["f/a/night"]["schedule"] = "0 30 5 * * *"
    workspace.items["http_triggers"]["f/a/hook"] |= {"mode": "disabled", "request_type": "async"}

    create_triggers(small, workspace.remote, overwrite=True)

    night, hook = workspace.items["schedules"]["f/a/night"], workspace.items["http_triggers"]["f/a/hook"]
    assert (night["schedule"], night["enabled"]) == ("0 0 2 * * *", True)
    assert (hook["request_type"], hook["mode"]) == ("sync", "disabled")


def test_the_commands_say_what_they_create_and_what_they_keep(small: Path, workspace: WorkspaceApi) -> None:
    with session(workspace.remote):
        resources = mill("resources", "push", cwd=small, env={"MILL_VAR_F_A_TOKEN": "t"})
        push(small, workspace.remote)
        planned = mill("triggers", "push", "--dry-run", cwd=small)
        created = mill("triggers", "push", "f/a/night", cwd=small)
        again = mill("triggers", "push", cwd=small)
        wrong = mill("triggers", "push", "f/a/nothing", cwd=small)

    assert resources.stdout.splitlines() == [
        "created folder f/a",
        "created variable f/a/token",
        "created resource f/a/crm",
    ]
    assert "create" in planned.stdout
    assert created.stdout == "created schedule f/a/night\n"
    assert again.stdout == "created http_trigger f/a/hook\n"
    assert again.stderr == "1 exist already and were left alone (--overwrite replaces them).\n"
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "mill: No schedule and no HTTP route is called f/a/nothing.\n",
    )


def test_a_route_without_its_workspace_in_the_address_is_refused_in_a_second_one(small: Path) -> None:
    with serve_instance("team", "second") as (first, second):
        for workspace in (first, second):
            prepare(small, workspace.remote)
            push(small, workspace.remote)
        assert create_triggers(small, first.remote) == [NIGHT, HOOK]

        with pytest.raises(MillError, match="A route already exists with this path"):
            create_triggers(small, second.remote)


def test_our_own_routes_have_it_there_so_that_two_workspaces_of_an_instance_can_have_them() -> None:
    routes = Workspace(REPOSITORY).items("http_trigger")
    assert routes
    assert all(route.value()["workspaced_route"] for route in routes)


def test_a_folder_that_is_not_there_refuses_a_member(small: Path, workspace: WorkspaceApi) -> None:
    words = ("sync", "push", "--yes", AS_A_MEMBER)
    done = WmillCli(REPOSITORY).run(*words, cwd=small, remote=workspace.member)

    assert done.exit_code != 0
    assert "row-level security policy" in done.output
