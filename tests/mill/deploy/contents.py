"""What a tree of files is on Windmill: which items it makes, and what each of them says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mill.repository.raw_apps import raw_apps
from mill.repository.workspace import Workspace
from mill.repository.yaml_file import read_mapping

_FLOW = "__flow"
_RESOURCE_TYPE = ".resource-type.yaml"
_RAW_APP = "__raw_app"


def deployed_copy(root: Path, target: Path) -> Path:
    """A copy of all that a push may read, and of the templates that it must not."""
    for folder in ("f", "resources"):
        if (root / folder).is_dir():
            shutil.copytree(root / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*root.glob("*.yaml"), root / "package-lock.json"):
        shutil.copyfile(file, target / file.name)
    (target / "node_modules").symlink_to(root / "node_modules")  # of `npm ci`: what pages are built with
    return target


def items(root: Path) -> dict[str, set[str]]:
    """The paths of all items below f/, by the API's collections."""
    workspace = Workspace(root)
    return {
        "scripts": {file.relative_to(root).with_suffix("").as_posix() for file in _scripts(root)},
        "flows": set(workspace.flows()),
        "schedules": {item.path for item in workspace.schedules()},
        "http_triggers": {item.path for item in workspace.items("http_trigger")},
        "resources/type": {
            file.name.removesuffix(_RESOURCE_TYPE) for file in root.glob(f"*{_RESOURCE_TYPE}")
        },
        "apps": {app.path for app in raw_apps(workspace)},
        "folders": {file.parent.name for file in (root / "f").glob("*/folder.meta.yaml")},
        "resources": set(),
        "variables": set(),
    }


def meaning(root: Path) -> dict[str, Any]:
    """What every file says: code and locks as text, YAML as data, flows with their inline code in them.

    The order of keys and the names of inline files are the CLI's to choose, and say nothing; nor do the
    hashes of flows, which go by those names.
    """
    found: dict[str, Any] = {}
    for file in [*(root / "f").rglob("*"), *root.glob(f"*{_RESOURCE_TYPE}")]:
        name = file.relative_to(root).as_posix()
        if file.name == "flow.yaml":
            found[name] = _with_inline(read_mapping(file), file.parent)
        elif f"{_FLOW}/" in name or file.is_dir() or "__pycache__" in name:
            continue
        elif file.suffix == ".yaml":
            found[name] = read_mapping(file)
        elif file.suffix in {".py", ".lock"} or _is_deployed_page(name):
            found[name] = file.read_text(encoding="utf-8")
    hashes = read_mapping(root / "wmill-lock.yaml")["locks"]
    found["wmill-lock.yaml"] = {key: value for key, value in hashes.items() if _FLOW not in key}
    return found


def _is_deployed_page(name: str) -> bool:
    """Whether a file is part of a page and the CLI deploys it: it keeps what it generates itself."""
    return f"{_RAW_APP}/" in name and "node_modules" not in name and not name.endswith("/wmill.d.ts")


def _scripts(root: Path) -> Iterator[Path]:
    for file in (root / "f").rglob("*.py"):
        if not any(part.endswith((_FLOW, _RAW_APP)) for part in file.parts):
            yield file


def _with_inline(value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return {key: _with_inline(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_inline(item, folder) for item in value]
    if isinstance(value, str) and value.startswith("!inline "):
        return (folder / value.removeprefix("!inline ")).read_text(encoding="utf-8")
    return value
