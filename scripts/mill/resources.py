"""Creates the resources and variables a workspace lacks, from templates that hold no secrets.

A template is a file in Windmill's own format under `resources/live`; its path there is its path on
Windmill. Values of secret variables, and of variables whose value is empty, are asked for: they come
from the environment or from a hidden prompt, never from a file.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mill.api.storage.values import environment_name
from mill.errors import MillError
from mill.repository.wmill_cli import WmillCli
from mill.repository.workspace import Item, Workspace

TEMPLATES = "resources/live"

# What the CLI reads where no profile is selected; then nothing of the user's own configuration is used.
SESSION = ("WM_WORKSPACE", "WM_TOKEN", "BASE_INTERNAL_URL")

Action = Literal["create", "overwrite", "keep"]
Ask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a push does with one template. `variable` is where its value comes from, None if it has one."""

    item: Item
    action: Action
    variable: str | None

    @property
    def needs_value(self) -> bool:
        """Whether a value has to be given before this can be pushed."""
        return self.variable is not None and self.action != "keep"


class ResourcePush:
    """One push, to the workspace that `wmill` has selected or that the variables of SESSION name."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._cli = WmillCli(workspace.root)

    def plan(self, paths: Sequence[str] = (), *, overwrite: bool = False) -> list[Planned]:
        """Variables first, so that a resource finds what it refers to."""
        existing = {kind: self._existing(kind) for kind in ("variable", "resource")}
        planned = []
        for item in self._templates(paths):
            there = item.path in existing[item.kind]
            action: Action = "create" if not there else "overwrite" if overwrite else "keep"
            planned.append(Planned(item, action, _asked_for(item)))
        return planned

    def push(self, planned: Sequence[Planned], ask: Ask | None) -> list[Planned]:
        """Carry a plan out and return what was pushed. `ask` prompts for a value, None if nobody can.

        All values are known before the first push, so that a missing one leaves nothing half done.
        """
        todo = [entry for entry in planned if entry.action != "keep"]
        values = self._values(todo, ask)
        for entry in todo:
            self._push(entry.item, values.get(entry.item.path))
        return todo

    def _templates(self, paths: Sequence[str]) -> list[Item]:
        folder = self._workspace.root / TEMPLATES
        items = [*self._workspace.variables(folder), *self._workspace.resources(folder)]
        if not items:
            raise MillError(f"There are no templates in {folder}.")
        if not paths:
            return items
        wanted = [path.removeprefix(f"{TEMPLATES}/").rstrip("/") for path in paths]
        chosen = [item for item in items if any(_inside(item, path) for path in wanted)]
        if not chosen:
            raise MillError(f"No template under {TEMPLATES} is called {' or '.join(paths)}.")
        return chosen

    def _existing(self, kind: str) -> set[str]:
        done = self._run(kind, "list", "--json")
        try:
            return {entry["path"] for entry in json.loads(done)}
        except (json.JSONDecodeError, TypeError, KeyError) as error:
            raise MillError(f"`wmill {kind} list` gave no list:\n{done}", exit_code=1) from error

    def _values(self, todo: Sequence[Planned], ask: Ask | None) -> dict[str, str]:
        values: dict[str, str] = {}
        missing: list[str] = []
        for entry in todo:
            if entry.variable is None:
                continue
            given = os.environ.get(entry.variable) or (ask(entry.item.path) if ask else "")
            if given:
                values[entry.item.path] = given
            else:
                missing.append(f"{entry.variable} ({entry.item.path})")
        if missing:
            raise MillError(f"Set {', '.join(missing)} in the environment, or run this at a terminal.")
        return values

    def _push(self, item: Item, value: str | None) -> None:
        content = item.value() | ({} if value is None else {"value": value})
        with _private_file(content, f".{item.kind}.json") as file:
            options = ["--plain-secrets"] if item.kind == "variable" else []
            self._run(item.kind, "push", str(file), item.path, *options, secret=value)

    def _run(self, *arguments: str, secret: str | None = None) -> str:
        isolated = all(os.environ.get(name) for name in SESSION)
        done = self._cli.run(*arguments, isolated=isolated)
        if done.exit_code:
            said = done.output.replace(secret, "***") if secret else done.output
            said = said or "It says nothing. Is a workspace chosen? If not: `npx wmill workspace add`."
            raise MillError(f"`wmill {arguments[0]} {arguments[1]}` failed:\n{said}", exit_code=1)
        return done.stdout


def _asked_for(item: Item) -> str | None:
    """Return the environment variable that gives a variable's value, None if the template itself does."""
    if item.kind != "variable":
        return None
    template = item.value()
    if template.get("is_secret") and template.get("value"):
        raise MillError(f"{item.file} holds the value of a secret: empty it, a push asks for the value.")
    return environment_name(item.path) if not template.get("value") else None


def _inside(item: Item, path: str) -> bool:
    return item.path == path or item.path.startswith(f"{path}/") or f"{item.path}.{item.kind}.yaml" == path


@contextmanager
def _private_file(content: dict[str, Any], suffix: str) -> Iterator[Path]:
    """A file only this user can read, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mill-push-") as folder:
        file = Path(folder, f"value{suffix}")
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream)
        yield file
