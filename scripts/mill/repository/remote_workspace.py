"""The workspace on Windmill that `wmill` has selected: what it has, and what is created in it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from mill.errors import MillError
from mill.repository.copying import copy_of
from mill.repository.wmill_cli import Finished, WmillCli
from mill.repository.workspace import Workspace

# What the CLI reads where no profile is selected; then nothing of the user's own configuration is used.
SESSION = ("WM_WORKSPACE", "WM_TOKEN", "BASE_INTERNAL_URL")

T = TypeVar("T")
U = TypeVar("U")

_TRIGGER = "_trigger"
# Each command is a process that mostly starts up, for a second or two, and then waits for Windmill.
_AT_ONCE = 4
_NOT_THERE = ("404", "not found", "no schedule", "no http_triggers")


class RemoteWorkspace:
    """Speaks through the real CLI, so that sign-in, profiles and proxies are those of `wmill`."""

    def __init__(self, workspace: Workspace) -> None:
        self._root = workspace.root
        self._cli = WmillCli(workspace.root)

    def paths(self, kind: str) -> set[str]:
        """Return the paths of all resources, variables or folders of the workspace."""
        try:
            return {entry.get("path") or entry["name"] for entry in self.listing(kind)}
        except (TypeError, KeyError, AttributeError) as error:
            raise MillError(f"`wmill {kind} list` gave entries without a path.", exit_code=1) from error

    def listing(self, command: str) -> list[Any]:
        """Return what `wmill COMMAND list` says. Secrets are not in it: Windmill leaves them out."""
        done = self._checked(command, "list", "--json")
        try:
            listed = json.loads(done)
        except json.JSONDecodeError as error:
            raise MillError(f"`wmill {command} list` gave no list:\n{done}", exit_code=1) from error
        if not isinstance(listed, list):
            raise MillError(f"`wmill {command} list` gave no list:\n{done}", exit_code=1)
        return listed

    def who(self) -> str:
        """Return what `wmill workspace whoami` says: the user, and which workspace of which instance."""
        return self._checked("workspace", "whoami")

    def changes(self) -> list[dict[str, str]]:
        """Return what `wmill sync push` would do now, each with `type` and `path`. Nothing is pushed.

        It looks at a copy: where a script has no metadata the CLI would write it, even so.
        """
        with copy_of(self._root) as copy:
            done = self._checked("sync", "push", "--dry-run", "--json-output", "--yes", cwd=copy)
        start = done.find("{")
        try:
            return list(json.loads(done[max(start, 0) :]).get("changes") or [])
        except (json.JSONDecodeError, AttributeError) as error:
            raise MillError(f"`wmill sync push --dry-run` gave no list:\n{done}", exit_code=1) from error

    def read(self, kind: str, path: str) -> dict[str, Any] | None:
        """Return a schedule or trigger as the workspace has it, None if it is not there.

        A listing has pages, and what is missing from one would be created over what a team set up: so each
        is asked for by its path.
        """
        command, word = _command(kind)
        options = ["--kind", word] if word else []
        done = self._run(command, "get", path, "--json", *options)
        if done.exit_code == 0:
            try:
                return dict(json.loads(done.stdout))
            except (json.JSONDecodeError, TypeError, ValueError) as error:
                raise MillError(
                    f"`wmill {command} get` gave no object:\n{done.output}", exit_code=1
                ) from error
        if any(sign in done.output.casefold() for sign in _NOT_THERE):
            return None
        raise _failed(command, "get", done.output)

    def create_folders(self, paths: set[str]) -> list[str]:
        """Create the folders of these items that the workspace lacks, and return their names.

        Who creates a folder owns it; without one, a member who is no admin may create nothing in it.
        """
        names = {path.split("/")[1] for path in paths if path.startswith("f/")}
        described = {name for name in names if (self._root / "f" / name / "folder.meta.yaml").is_file()}
        if not described:
            return []
        missing = sorted(described - {path.removeprefix("f/") for path in self.paths("folder")})
        at_once(lambda name: self._checked("folder", "push", name), missing)
        return missing

    def push(self, kind: str, path: str, content: dict[str, Any], secret: str | None = None) -> None:
        """Create or replace an item; `secret` is a value that no message may repeat."""
        command, _ = _command(kind)
        with _private_file(content, f".{kind}.json" if command == kind else f".{kind}.yaml") as file:
            options = ["--plain-secrets"] if kind == "variable" else []
            self._checked(command, "push", str(file), path, *options, secret=secret)

    def _checked(self, *arguments: str, secret: str | None = None, cwd: Path | None = None) -> str:
        done = self._run(*arguments, cwd=cwd)
        if done.exit_code:
            said = done.output.replace(secret, "***") if secret else done.output
            raise _failed(arguments[0], arguments[1], said)
        return done.stdout

    def _run(self, *arguments: str, cwd: Path | None = None) -> Finished:
        isolated = all(os.environ.get(name) for name in SESSION)
        return self._cli.run(*arguments, isolated=isolated, cwd=cwd)


def at_once(work: Callable[[T], U], entries: Iterable[T]) -> list[U]:
    """Do the work for all entries, a few at a time, and return what it gives in their order.

    After the first error those that have not begun are left; it is raised once the others have ended.
    """
    with ThreadPoolExecutor(_AT_ONCE, "wmill") as pool:
        return list(pool.map(work, entries))


def _command(kind: str) -> tuple[str, str]:
    """Return the command of the CLI for a kind of file, and of a trigger its kind, such as http."""
    return ("trigger", kind.removesuffix(_TRIGGER)) if kind.endswith(_TRIGGER) else (kind, "")


def _failed(command: str, action: str, said: str) -> MillError:
    said = said or "It says nothing. Is a workspace chosen? If not: `npx wmill workspace add`."
    return MillError(f"`wmill {command} {action}` failed:\n{said}", exit_code=1)


@contextmanager
def _private_file(content: dict[str, Any], suffix: str) -> Iterator[Path]:
    """A file only this user can read, gone afterwards. JSON is YAML too."""
    with tempfile.TemporaryDirectory(prefix="mill-push-") as folder:
        file = Path(folder, f"value{suffix}")
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream)
        yield file
