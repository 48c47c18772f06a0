"""Creates the resources and variables a workspace lacks, from templates that hold no secrets.

A template is a file in Windmill's own format under `resources/live`; its path there is its path on
Windmill. Values of secret variables, and of variables whose value is empty, are asked for: they come
from the environment, from `.env` or from a hidden prompt, never from a template.

`resources/mock` is for practising. Of it an instance gets what works there: not what only `mill` serves,
and nothing that `resources/live` has under the same path, such as the key of a real route.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mill.api.storage.values import environment_name, read_env_lines
from mill.errors import MillError
from mill.names.aliases import Given, given, with_fields
from mill.repository.remote_workspace import RemoteWorkspace, at_once
from mill.repository.workspace import Item, Workspace

LIVE = "resources/live"
MOCK = "resources/mock"

Action = Literal["create", "overwrite", "keep"]
Ask = Callable[[str, str], str]  # a path and what its template says of it, to a value

_TWIN = re.compile(r"(?:^|//[^/]*)/twins/")
_REFERENCE = re.compile(r"\$(?:var|res|jsonvar):(\S+)")


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
    """One push, to the workspace that `wmill` has selected or that the environment names."""

    def __init__(self, workspace: Workspace, *, mock: bool = False) -> None:
        self._workspace = workspace
        self._remote = RemoteWorkspace(workspace)
        self._templates_in = MOCK if mock else LIVE
        self.left_out: list[str] = []  # templates that make no sense on an instance
        self.not_given: list[str] = []  # what the last push left out, as no value was given for it
        self.folders: list[str] = []  # created by the last push
        self.taken: dict[str, list[str]] = {}  # by path: names other than our own that gave something

    def plan(self, paths: Sequence[str] = (), *, overwrite: bool = False) -> list[Planned]:
        """Variables first, so that a resource finds what it refers to."""
        existing = {kind: self._remote.paths(kind) for kind in ("variable", "resource")}
        planned = []
        for item in self._templates(paths):
            there = item.path in existing[item.kind]
            action: Action = "create" if not there else "overwrite" if overwrite else "keep"
            planned.append(Planned(item, action, _asked_for(item)))
        return planned

    def push(self, planned: Sequence[Planned], ask: Ask | None) -> list[Planned]:
        """Carry a plan out and return what was pushed. `ask` prompts for a value, None if nobody can.

        All values are known before the first push, so that a missing one leaves nothing half done. Where a
        person gives none, that variable is left out with all that refers to it: a service nobody uses here.
        """
        todo = [entry for entry in planned if entry.action != "keep"]
        environment = {**read_env_lines(self._workspace.root), **os.environ}
        values = self._values(todo, ask, environment)
        left = {one.item.path for one in todo if one.needs_value and one.item.path not in values}
        while more := {
            one.item.path for one in todo if one.item.path not in left and _references(one.item) & left
        }:
            left |= more
        self.not_given = sorted(left)
        todo = [one for one in todo if one.item.path not in left]
        self.folders = self._remote.create_folders({*self._pushed_paths(), *(one.item.path for one in todo)})
        ready = [(entry.item, self._content(entry.item, values, environment)) for entry in todo]
        for kind in ("variable", "resource"):
            of_kind = [(item, content) for item, content in ready if item.kind == kind]
            at_once(lambda one: self._push(*one, secret=values.get(one[0].path)), of_kind)
        return todo

    def _push(self, item: Item, content: dict[str, Any], *, secret: str | None) -> None:
        self._remote.push(item.kind, item.path, content, secret=secret)

    def _content(
        self, item: Item, values: Mapping[str, str], environment: Mapping[str, str]
    ) -> dict[str, Any]:
        """Return what is pushed for a template: with the value that was given, or the fields that were."""
        content = dict(item.value())
        if item.kind == "variable" and item.path in values:
            content["value"] = values[item.path]
        if item.kind == "resource" and self._templates_in == LIVE:
            content["value"], names = with_fields(item.path, content.get("value"), environment)
            self.taken |= {item.path: names} if names else {}
        return content

    def _values(
        self, todo: Sequence[Planned], ask: Ask | None, environment: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the value of each variable that somebody has to give, by path."""
        values: dict[str, str] = {}
        missing: list[str] = []
        for entry in todo:
            if entry.variable is None:
                continue
            path = entry.item.path
            found = given(path, environment)
            if found is None:
                found = Given(entry.variable, _asked(entry.item, ask) if ask else "")
            elif found.name != entry.variable:
                self.taken[path] = [found.name]
            if found.value:
                values[path] = found.value
            elif ask is None:
                missing.append(f"{entry.variable} ({path})")
        if missing:
            raise MillError(f"Set {', '.join(missing)} in the environment, or run this at a terminal.")
        return values

    def _pushed_paths(self) -> Iterator[str]:
        """Yield a path in each folder of the repository: `wmill sync push` needs them all."""
        for file in self._workspace.root.glob("f/*/folder.meta.yaml"):
            yield f"f/{file.parent.name}/"

    def _templates(self, paths: Sequence[str]) -> list[Item]:
        folder = self._workspace.root / self._templates_in
        items = self._items(self._templates_in)
        if not items:
            raise MillError(f"There are no templates in {folder}.")
        if self._templates_in == MOCK:
            kept = _for_an_instance(items, {item.path for item in self._items(LIVE)})
            self.left_out = sorted({item.path for item in items} - {item.path for item in kept})
            items = kept
        if not paths:
            return items
        wanted = [path.removeprefix(f"{self._templates_in}/").rstrip("/") for path in paths]
        chosen = [item for item in items if any(_inside(item, path) for path in wanted)]
        if not chosen:
            raise MillError(f"No template under {self._templates_in} is called {' or '.join(paths)}.")
        return chosen

    def _items(self, templates: str) -> list[Item]:
        folder = self._workspace.root / templates
        return [*self._workspace.variables(folder), *self._workspace.resources(folder)]


def _for_an_instance(items: Sequence[Item], live: set[str]) -> list[Item]:
    """Return the templates that work on an instance, and the variables that one of these reads."""
    resources = [item for item in items if item.kind == "resource"]
    out = live | {item.path for item in resources if any(map(_TWIN.search, _texts(item.value())))}
    while more := {item.path for item in resources if item.path not in out and _references(item) & out}:
        out |= more
    kept = [item for item in resources if item.path not in out]
    read = {path for item in kept for path in _references(item)}
    unread = {path for item in resources if item.path in out for path in _references(item)} - read
    variables = [item for item in items if item.kind == "variable"]
    return [*(item for item in variables if item.path not in out | unread), *kept]


def _references(item: Item) -> set[str]:
    return {found[1] for text in _texts(item.value()) for found in _REFERENCE.finditer(text)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value


def _asked(item: Item, ask: Ask) -> str:
    return ask(item.path, str(item.value().get("description") or ""))


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
