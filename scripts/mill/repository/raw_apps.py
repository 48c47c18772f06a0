"""Raw apps: pages of a workspace, each a folder with its sources and what it may run.

`name__raw_app/` holds `raw_app.yaml`, `index.tsx`, further sources, and `backend/<id>.yaml` for each script
or flow that the page may start.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mill.errors import MillError
from mill.repository.workspace import AREAS, Workspace
from mill.repository.yaml_file import read_mapping

SUFFIXES = ("__raw_app", ".raw_app")
SETTINGS = "raw_app.yaml"
ENTRY = "index.tsx"
BACKEND = "backend"
# What `wmill sync push` leaves out of an app's folder: https://www.npmjs.com/package/windmill-cli, 1.819.
_NOT_DEPLOYED_FOLDERS = {BACKEND, "node_modules", "dist", ".claude", "sql_to_apply"}
_NOT_DEPLOYED_AT_THE_TOP = {"recordings"}
_NOT_DEPLOYED_FILES = {SETTINGS, "package-lock.json", "DATATABLES.md", "AGENTS.md", "wmill.d.ts"}


@dataclass(frozen=True, slots=True)
class Runnable:
    """What a page may start under an id. `kind` is what its file says: script, flow, inline, ..."""

    id: str
    file: Path
    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class RawApp:
    """A page: its Windmill path and its folder."""

    path: str
    folder: Path

    def runnable_files(self) -> dict[str, Path]:
        """Return the files in backend/, by the id under which the page names what they name."""
        return {file.stem: file for file in sorted((self.folder / BACKEND).glob("*.yaml"))}

    def runnable(self, id: str) -> Runnable | None:
        """Return what `id` stands for; None if no file says so. MillError for a file that cannot be read."""
        file = self.runnable_files().get(id)
        if file is None:
            return None
        said = read_mapping(file)
        return Runnable(id, file, str(said.get("type") or ""), str(said.get("path") or ""))

    def summary(self) -> str:
        """Return its title."""
        return str(read_mapping(self.folder / SETTINGS).get("summary") or "")

    def policy(self) -> dict[str, Any]:
        """Return as whom it runs."""
        policy = read_mapping(self.folder / SETTINGS).get("policy")
        return policy if isinstance(policy, dict) else {}

    def value(self) -> dict[str, Any]:
        """Return what a push sends of it: its sources, and what it may run as the API writes that."""
        runnables = {name: _as_deployed(read_mapping(file)) for name, file in self.runnable_files().items()}
        files = {f"/{name}": file.read_text("utf-8", "replace") for name, file in self.sources().items()}
        return {"runnables": runnables, "files": files}

    def sources(self) -> dict[str, Path]:
        """Return the files that are deployed as the page itself, by their path in the folder, sorted."""
        return dict(sorted(self._sources()))

    def _sources(self) -> Iterator[tuple[str, Path]]:
        for place, folders, names in os.walk(self.folder):
            folder = Path(place)
            left_out = _NOT_DEPLOYED_FOLDERS | (_NOT_DEPLOYED_AT_THE_TOP if folder == self.folder else set())
            folders[:] = [name for name in folders if name not in left_out]
            for name in names:
                if name not in _NOT_DEPLOYED_FILES:
                    yield (folder / name).relative_to(self.folder).as_posix(), folder / name


def write_raw_app(folder: Path, app: Mapping[str, Any]) -> None:
    """Write a raw app, as the API is sent it, into a folder. MillError for what is none or leads out."""
    value = app.get("value")
    files = value.get("files") if isinstance(value, dict) else None
    runnables = value.get("runnables") if isinstance(value, dict) else None
    if not isinstance(files, dict) or not isinstance(runnables, dict):
        raise MillError("A raw app needs value, an object with files and runnables.")
    settings = {"summary": str(app.get("summary") or ""), "policy": app.get("policy") or {}}
    texts = {SETTINGS: json.dumps(settings)}  # JSON is YAML
    texts |= {str(name).lstrip("/"): str(text) for name, text in files.items()}
    texts |= {f"{BACKEND}/{one}.yaml": json.dumps(_as_written(said)) for one, said in runnables.items()}
    for name in texts:
        if any(part in {"", ".", ".."} or "\0" in part for part in name.split("/")):
            raise MillError(f"{name[:200]!r} is not the name of a file in a raw app.")
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8", "replace")


def _as_deployed(said: Mapping[str, Any]) -> dict[str, Any]:
    if said.get("type") in {"script", "flow", "hubscript"}:
        return {**said, "type": "path", "runType": said["type"]}
    return dict(said)


def _as_written(runnable: Any) -> dict[str, Any]:
    if not isinstance(runnable, dict):
        return {}
    if runnable.get("type") == "path":
        kept = {key: item for key, item in runnable.items() if key != "runType"}
        return {**kept, "type": runnable.get("runType")}
    return runnable


def raw_apps(workspace: Workspace) -> list[RawApp]:
    """Return all raw apps that `wmill sync` takes, by path.

    Its settings may be left out of a sync: a push reads them all the same.
    """
    folders = (file.parent for area in AREAS for file in (workspace.root / area).rglob(SETTINGS))
    synced = workspace.synced(folder / ENTRY for folder in folders)
    found = (_app(workspace, entry.parent) for entry in synced)
    return sorted((app for app in found if app is not None), key=lambda app: app.path)


def raw_app(workspace: Workspace, path: str) -> RawApp | None:
    """Return the raw app at a path, None if there is none."""
    for suffix in SUFFIXES:
        folder = workspace.root / f"{path}{suffix}"
        if (folder / SETTINGS).is_file():
            return RawApp(path, folder)
    return None


def _app(workspace: Workspace, folder: Path) -> RawApp | None:
    name = folder.relative_to(workspace.root).as_posix()
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return RawApp(name.removesuffix(suffix), folder)
    return None
