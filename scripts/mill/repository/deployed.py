"""A workspace that takes scripts, flows and pages while it is served: they lie beside the repository."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from mill.errors import MillError
from mill.repository.raw_apps import RawApp, raw_app, raw_apps, write_raw_app
from mill.repository.workspace import FlowFile, Script, Workspace, clean_path

_SHORTEST = 2  # names below the area: a folder and what lies in it

Kind = Literal["script", "flow"]


class OpenWorkspace(Workspace):
    """A repository, and what was deployed to it at run time: that lies in `folder`, which is empty.

    What the repository has cannot be deployed over, nor deleted: its files are edited by people.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        super().__init__(root)
        self._deployed = Workspace(folder)
        self._folders: set[str] = set()
        self._apps: set[str] = set()
        self._lock = threading.Lock()

    def script(self, path: str) -> Script:
        """Return the script at `path`, deployed or in the repository; MillError where there is none."""
        return self._deployed.script(path) if self._has("script", path) else super().script(path)

    def flow(self, path: str) -> FlowFile:
        """Return the flow at `path`, deployed or in the repository; MillError where there is none."""
        return self._deployed.flow(path) if self._has("flow", path) else super().flow(path)

    def exists(self, kind: Kind, path: str) -> bool:
        """Return whether there is such a script or flow. MillError where `path` is no Windmill path."""
        try:
            if kind == "script":
                self.script(path)
            else:
                self.flow(path)
        except MillError:
            clean_path(path)
            return False
        return True

    def has_folder(self, name: str) -> bool:
        """Return whether there is a folder `f/<name>`."""
        return name in self._folders or (self.root / "f" / name).is_dir()

    def create_folder(self, name: str) -> None:
        """Create the folder `f/<name>`. MillError where there is one."""
        with self._lock:
            if self.has_folder(name):
                raise MillError(f"Folder {name} already exists.")
            self._folders.add(name)

    def delete_folder(self, name: str) -> None:
        """Delete a folder that was created here. MillError for any other; what lies in it stays."""
        with self._lock:
            if name not in self._folders:
                raise MillError(f"There is no folder {name} that was created through the API.")
            self._folders.discard(name)

    def deploy_script(self, path: str, code: str) -> None:
        """Deploy a Python script. MillError where there is one, or no folder for it."""
        with self._lock:
            self._make_room("script", path)
            _write(self._file("script", path), code)

    def deploy_flow(self, path: str, document: Mapping[str, Any]) -> None:
        """Deploy a flow: what a flow.yaml holds. MillError where there is one, or no folder for it."""
        with self._lock:
            self._make_room("flow", path)
            _write(self._file("flow", path), json.dumps(document, ensure_ascii=False))  # JSON is YAML

    def raw_app(self, path: str) -> RawApp | None:
        """Return the page at a path, deployed or in the repository; None if there is none."""
        path = clean_path(path)
        return raw_app(self._deployed, path) or raw_app(self, path)

    def raw_apps(self) -> list[RawApp]:
        """Return all pages, by path."""
        deployed = (raw_app(self._deployed, path) for path in self._apps)
        found = [*raw_apps(self), *(app for app in deployed if app is not None)]
        return sorted(found, key=lambda app: app.path)

    def deploy_raw_app(self, path: str, app: Mapping[str, Any], *, anew: bool) -> None:
        """Deploy a page; `anew`: in place of the one that was deployed there.

        MillError for a page of the repository, and where there is one, or none, against `anew`.
        """
        path = clean_path(path)
        with self._lock:
            if raw_app(self, path) is not None or (raw_app(self._deployed, path) is not None) is not anew:
                raise MillError(
                    f"There is no app {path} that was deployed through the API."
                    if anew
                    else f"App {path} already exists."
                )
            self._check_place(path)
            try:
                write_raw_app(self._deployed.root / f"{path}.raw_app", app)
            except (OSError, ValueError) as error:  # a path no file can have
                raise MillError(f"Cannot deploy {path}: {error}.") from error
            self._apps.add(path)

    def delete_raw_app(self, path: str) -> None:
        """Delete a page that was deployed. MillError for any other."""
        with self._lock:
            found = raw_app(self._deployed, clean_path(path))
            if found is None:
                raise MillError(f"There is no app {path} that was deployed through the API.")
            shutil.rmtree(found.folder)
            self._apps.discard(found.path)

    def delete(self, kind: Kind, path: str) -> None:
        """Delete what was deployed. MillError for what the repository has, and for what is not there."""
        with self._lock:
            if not self._has(kind, path):
                raise MillError(f"There is no {kind} {path} that was deployed through the API.")
            file = self._file(kind, path)
            file.unlink()
            if kind == "flow":
                file.parent.rmdir()

    def _make_room(self, kind: Kind, path: str) -> None:
        if self.exists(kind, path):
            raise MillError(f"{kind.capitalize()} {path} already exists.")
        self._check_place(path)

    def _check_place(self, path: str) -> None:
        area, *names = clean_path(path).split("/")
        if len(names) < _SHORTEST or not all(names):
            raise MillError(f"{path!r} needs a folder and a name, as in f/folder/name.")
        if area == "f" and not self.has_folder(names[0]):
            raise MillError(f"There is no folder {names[0]}: create it first.")

    def _has(self, kind: Kind, path: str) -> bool:
        try:
            return self._file(kind, path).is_file()
        except OSError:  # a path no file can have: too long
            return False

    def _file(self, kind: Kind, path: str) -> Path:
        base = self._deployed.root / clean_path(path)
        return base.with_name(f"{base.name}.py") if kind == "script" else Path(f"{base}.flow", "flow.yaml")


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except (OSError, ValueError) as error:  # a path no file can have, text that is no UTF-8
        raise MillError(f"Cannot deploy {file.stem}: {error}.") from error
