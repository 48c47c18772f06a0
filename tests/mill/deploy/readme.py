"""The steps of the README's "Deploy it", each with the real CLI, against the workspace that is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mill.repository.wmill_cli import Finished, Remote, WmillCli
from mill.repository.workspace import Workspace
from mill.resources import ResourcePush
from mill.triggers import TriggerPush
from tests.mill.trees import REPOSITORY


@contextmanager
def session(remote: Remote) -> Iterator[None]:
    """The environment names the workspace, as in CI."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WM_WORKSPACE", remote.workspace)
        patch.setenv("WM_TOKEN", remote.token)
        patch.setenv("BASE_INTERNAL_URL", remote.base_url)
        yield


def prepare(tree: Path, remote: Remote, *paths: str, mock: bool = False) -> ResourcePush:
    """`mill resources push` of these paths or of all, and of all folders; each secret is typed in."""
    with session(remote):
        pushing = ResourcePush(Workspace(tree), mock=mock)
        pushing.push(pushing.plan(paths), ask=lambda path, _: f"typed for {path}")
    return pushing


# As who is no admin pushes pages: the CLI asks, as a page is new to it whose settings no export has.
AS_A_MEMBER = "--accept-overriding-permissioned-as-with-self"


def push(tree: Path, remote: Remote, *options: str) -> Finished:
    """`wmill sync push`."""
    done = WmillCli(REPOSITORY).run("sync", "push", "--yes", *options, cwd=tree, remote=remote)
    assert done.exit_code == 0, done.output
    return done


def create_triggers(tree: Path, remote: Remote, *paths: str, overwrite: bool = False) -> list[str]:
    """`mill triggers push`; returns what was done with each."""
    with session(remote):
        pushing = TriggerPush(Workspace(tree))
        planned = pushing.plan(paths, overwrite=overwrite)
        for entry in planned:
            if entry.action != "keep":
                pushing.push(entry)
    return [f"{entry.action} {entry.item.kind} {entry.item.path}" for entry in planned]
