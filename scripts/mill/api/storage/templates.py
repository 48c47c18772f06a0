"""Resource and variable templates: YAML files in Windmill's own format, found by their Windmill path."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from mill.errors import MillError
from mill.repository.yaml_file import read_mapping

Kind = Literal["variable", "resource"]


class Templates:
    """The `*.variable.yaml` and `*.resource.yaml` below some directories; the first that has a path wins.

    A file's path below its directory is its Windmill path: `f/crm/account.resource.yaml` is `f/crm/account`.
    Files are read when asked for and again when they change.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots
        self._read: dict[Path, tuple[int, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def get(self, kind: Kind, path: str) -> dict[str, Any] | None:
        """Return the fields of the template; None if there is no file for that path."""
        if ".." in path.split("/"):
            return None
        for root in self._roots:
            file = root / f"{path}.{kind}.yaml"
            try:
                changed = file.stat().st_mtime_ns
            except OSError:  # also a path no file can have: too long, a NUL byte
                continue
            except ValueError:
                return None
            with self._lock:
                known = self._read.get(file)
                if known is None or known[0] != changed:
                    known = self._read[file] = (changed, _fields(file))
            return known[1]
        return None

    def paths(self, kind: Kind) -> set[str]:
        """Return every Windmill path that has a template."""
        suffix = f".{kind}.yaml"
        return {
            file.relative_to(root).as_posix().removesuffix(suffix)
            for root in self._roots
            for file in root.rglob("*" + suffix)
        }


def _fields(file: Path) -> dict[str, Any]:
    fields = read_mapping(file)
    if "value" not in fields:
        raise MillError(f"{file} has no `value`: write the value below that key, as `wmill` does.")
    return fields
