"""WM9: pages, which Windmill calls raw apps: what a push of one fails on, and what it runs as."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mill.errors import MillError
from mill.lint.sources.document import Document, mapping
from mill.lint.sources.finding import Finding, Place, relative
from mill.repository.raw_apps import ENTRY, SETTINGS, RawApp
from mill.repository.workspace import Workspace

_PACKAGES = "package.json"
_LOCK = "package-lock.json"

Read = Callable[[Path, Callable[[Document], Iterator[Finding]]], Iterator[Finding]]


def check_raw_app(app: RawApp, workspace: Workspace, read: Read) -> Iterator[Finding]:
    """Yield findings for a page; `read` reads a YAML file for a check, or yields that it cannot be read."""
    root = workspace.root
    if not (app.folder / ENTRY).is_file():
        yield Place(relative(app.folder / SETTINGS, root)).find(
            "WM902",
            f"The page {app.path} has no {ENTRY}: a push fails.",
            "Add it.",
        )
    yield from read(app.folder / SETTINGS, _policy)
    for file in app.runnable_files().values():
        yield from read(file, lambda document: _runnable(document, workspace))
    yield from _packages(app.folder / _PACKAGES, root)


def _policy(document: Document) -> Iterator[Finding]:
    data = mapping(document.data)
    if data.get("public") or data.get("guests") or mapping(data.get("policy")).get("execution_mode"):
        return
    yield document.place(("policy",)).find(
        "WM904",
        "The page does not say as whom it runs: a first push lets all who open it run as who pushed.",
        f"Write `policy: {{execution_mode: viewer}}`, and name {SETTINGS} under excludes in wmill.yaml: "
        "no pull brings the mode back, so each push would deploy the page again.",
    )


def _runnable(document: Document, workspace: Workspace) -> Iterator[Finding]:
    data = mapping(document.data)
    kind, path = str(data.get("type")), str(data.get("path") or "")
    if kind not in {"script", "flow"}:  # inline code, or a script of Windmill's hub
        return
    try:
        workspace.flow(path) if kind == "flow" else workspace.script(path)
    except MillError as error:
        yield document.place(("path",)).find("WM901", str(error), "")


def _packages(file: Path, root: Path) -> Iterator[Finding]:
    lock = _json(root / _LOCK)
    if not file.is_file() or not isinstance(lock, dict):
        return
    place, named = Place(relative(file, root)), _json(file)
    if not isinstance(named, dict):
        yield place.find("WM903", f"{_PACKAGES} is not a JSON object.", "Correct it.")
        return
    locked = mapping(lock.get("packages"))
    for group in ("dependencies", "devDependencies"):
        for name, version in mapping(named.get(group)).items():
            there = mapping(locked.get(f"node_modules/{name}")).get("version")
            if version != there:
                says = f"{_LOCK} has {there}" if there else f"{_LOCK} has none"
                remedy = (
                    f'Write "{name}": "{there}".' if there else f"`npm install --save-dev {name}@{version}`."
                )
                yield place.find("WM903", f"The page is built with {name} {version}; {says}.", remedy)


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
