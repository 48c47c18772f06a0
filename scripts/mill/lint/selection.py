"""What of a workspace a person wants to hear about, and how strictly."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mill.errors import MillError
from mill.lint.sources.finding import Finding
from mill.repository.workspace import Workspace, hint

SETTINGS = "pyproject.toml"
_BESIDE = (".py", ".script.yaml", ".script.json", ".script.lock")


class Selection:
    """The files and folders named by paths; everything where none is named.

    A path is one on disk, seen from the current directory or from the workspace, or a Windmill path.
    MillError with the nearest names for what is neither.
    """

    def __init__(self, workspace: Workspace, paths: Sequence[str]) -> None:
        self._root = workspace.root
        self._places = [place for path in paths for place in _places(workspace, path)]
        self._is_all = not paths

    def __contains__(self, finding: Finding) -> bool:
        file = self._root / finding.file
        return self._is_all or any(file.is_relative_to(place) for place in self._places)

    def may_hold(self, path: Path) -> bool:
        """Return whether a finding in this file, or below this folder, can be one of the selection."""
        return self._is_all or any(
            path.is_relative_to(place) or place.is_relative_to(path) for place in self._places
        )


def is_strict(workspace: Workspace) -> bool:
    """Return whether the workspace holds itself to taste: `strict = true` in pyproject.toml.

    MillError for a setting that cannot be read.
    """
    file = workspace.root / SETTINGS
    try:
        document: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MillError(f"{file}: cannot be read to see how strict `mill lint` is ({error}).") from error
    strict: Any = document
    for key in ("tool", "mill", "lint", "strict"):
        strict = strict.get(key, {}) if isinstance(strict, dict) else {}
    if strict not in ({}, True, False):
        raise MillError(f"{file}: strict in [tool.mill.lint] is true or false, not {strict!r}.")
    return strict is True


def _places(workspace: Workspace, path: str) -> list[Path]:
    root = workspace.root
    found = [place for place in (Path(path).resolve(), (root / path).resolve()) if place.exists()]
    if not found:
        return _of_windmill(workspace, path)
    inside = [place for place in found if place.is_relative_to(root)]
    if not inside:
        raise MillError(f"{path} is not inside the workspace {root}.")
    return _with_its_form(inside[0])


def _of_windmill(workspace: Workspace, path: str) -> list[Path]:
    found: list[Path] = []
    with contextlib.suppress(MillError):
        found += _with_its_form(workspace.script(path).file)
    with contextlib.suppress(MillError):
        found.append(workspace.flow(path).folder)
    if found:
        return found
    names = sorted({*workspace.scripts(), *workspace.flows(), *_folders(workspace)})
    raise MillError(f"There is no {path} in the workspace {workspace.root}.{hint(path.strip('/'), names)}")


def _with_its_form(place: Path) -> list[Path]:
    """Return a file, and what belongs to the same script."""
    for ending in _BESIDE:
        if place.name.endswith(ending):
            stem = place.name.removesuffix(ending)
            return [place, *(place.with_name(f"{stem}{other}") for other in _BESIDE)]
    return [place]


def _folders(workspace: Workspace) -> Iterable[str]:
    for path in (*workspace.scripts(), *workspace.flows()):
        yield path.rpartition("/")[0]
