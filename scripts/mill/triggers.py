"""Creates the schedules and HTTP routes a workspace lacks, and leaves those it has to the team.

`wmill sync push` would set a schedule or route back to what the file says, each time: switched off again, at
the file's hour, with the file's inputs. So wmill.yaml keeps them out of it, and the files are what a new
workspace begins with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mill.errors import MillError
from mill.repository.remote_workspace import RemoteWorkspace, at_once
from mill.repository.workspace import Item, Workspace

Action = Literal["create", "overwrite", "keep"]

# What says whether it runs: `mode` of a trigger is enabled, disabled or suspended.
_SWITCHES = ("enabled", "mode")


@dataclass(frozen=True, slots=True)
class Planned:
    """What a push does with one schedule or route. `there` is what the workspace has, None if nothing."""

    item: Item
    action: Action
    there: dict[str, Any] | None


class TriggerPush:
    """One push, to the workspace that `wmill` has selected or that the environment names."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._remote = RemoteWorkspace(workspace)

    def plan(self, paths: Sequence[str] = (), *, overwrite: bool = False) -> list[Planned]:
        """Schedules first, then routes, by path."""
        items = self._items(paths)
        planned = []
        found = at_once(lambda item: self._remote.read(item.kind, item.path), items)
        for item, there in zip(items, found, strict=True):
            action: Action = "create" if there is None else "overwrite" if overwrite else "keep"
            planned.append(Planned(item, action, there))
        return planned

    def push(self, entry: Planned) -> None:
        """Create or replace one. What is replaced stays on or off, as it was."""
        content = entry.item.value()
        if entry.there is not None:
            switches = {name: entry.there[name] for name in _SWITCHES if name in entry.there}
            content = {**content, **switches}
        self._remote.push(entry.item.kind, entry.item.path, content)

    def _items(self, paths: Sequence[str]) -> list[Item]:
        items = [*self._workspace.schedules(), *self._workspace.items("http_trigger")]
        if not items:
            raise MillError(f"There are no schedules and no HTTP routes in {self._workspace.root}.")
        if not paths:
            return items
        wanted = [path.rstrip("/") for path in paths]
        chosen = [item for item in items if any(_inside(item, path) for path in wanted)]
        if not chosen:
            raise MillError(f"No schedule and no HTTP route is called {' or '.join(paths)}.")
        return chosen


def _inside(item: Item, path: str) -> bool:
    return item.path == path or item.path.startswith(f"{path}/") or f"{item.path}.{item.kind}.yaml" == path
