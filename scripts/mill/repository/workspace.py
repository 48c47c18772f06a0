"""Finds what lies in a Windmill repository, by Windmill path.

Nothing is cached: every look-up reads the files as they are, so an edit shows at once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mill.errors import MillError, NotThere
from mill.repository.globs import matches
from mill.repository.yaml_file import read_mapping

MARKER = "wmill.yaml"
AREAS = ("f", "u")
FLOW_SUFFIXES = (".flow", "__flow")
# Folders whose files are parts of one thing: none of them is a script of its own.
CONTENT_SUFFIXES = (*FLOW_SUFFIXES, ".app", "__app", ".raw_app", "__raw_app", "__mod")
_SCRIPT_METADATA = (".script.yaml", ".script.json")
_NOT_CODE = (".yaml", ".yml", ".json", ".lock", ".md", ".txt")
_DEFINES_MAIN = re.compile(r"^(?:async )?def main\(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """A script: its code file and, where there is one, its `.script.yaml`."""

    path: str
    file: Path
    metadata_file: Path | None

    @property
    def is_python(self) -> bool:
        """Whether it is the language this runner runs."""
        return self.file.suffix == ".py"

    def metadata(self) -> dict[str, Any]:
        """Return the content of the `.script.yaml`, empty where there is none."""
        if self.metadata_file is None:
            return {}
        return read_mapping(self.metadata_file)


@dataclass(frozen=True, slots=True)
class FlowFile:
    """A flow: the folder with its inline scripts and the flow.yaml in it."""

    path: str
    folder: Path
    file: Path


@dataclass(frozen=True, slots=True)
class Item:
    """A resource, variable, schedule or trigger: one YAML file. `kind` is the word in its file name."""

    kind: str
    path: str
    file: Path

    def value(self) -> dict[str, Any]:
        """Return the file's content."""
        return read_mapping(self.file)


class Workspace:
    """A repository that `wmill sync` understands. Windmill paths look like `f/folder/name`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def __repr__(self) -> str:
        return f"Workspace({str(self.root)!r})"

    @classmethod
    def find(cls, start: Path | None = None) -> Workspace:
        """Return the workspace around `start` (the current directory): the nearest wmill.yaml upward."""
        begin = (start or Path.cwd()).resolve()
        for folder in (begin, *begin.parents):
            if (folder / MARKER).is_file():
                return cls(folder)
        raise MillError(
            f"No {MARKER} in {begin} or above it. Go into a Windmill repository (`wmill init` makes one)."
        )

    def settings(self) -> dict[str, Any]:
        """Return the content of wmill.yaml."""
        return read_mapping(self.root / MARKER)

    def synced(self, files: Iterable[Path]) -> Iterator[Path]:
        """Yield what of `files` `wmill sync` takes: what `includes` and `excludes` of wmill.yaml leave."""
        settings = self.settings()
        excludes, includes, extra = (
            _patterns(settings, name) for name in ("excludes", "includes", "extraIncludes")
        )
        for file in files:
            path = file.relative_to(self.root).as_posix()
            if "__pycache__" in file.parts or _any_matches(path, excludes):
                continue
            if all(_any_matches(path, patterns) for patterns in (includes, extra) if patterns):
                yield file

    def python_files(self) -> list[Path]:
        """Return every script and library in Python, sorted; not the inline steps of flows and apps."""
        files = (
            file
            for file in self._files("*.py")
            if file.name != "__init__.py" and not is_part(file.relative_to(self.root))
        )
        return sorted(files)

    def script(self, path: str) -> Script:
        """Return the script at `path`; MillError with the nearest names where there is none."""
        path = clean_path(path)
        base = self.root / path
        python = base.with_name(base.name + ".py")
        code = python if python.is_file() else self._code_in_another_language(base)
        if code is None:
            raise NotThere(_no_such("script", path, self._all_scripts()), path)
        return Script(path, code, _metadata_of(base))

    def flow(self, path: str) -> FlowFile:
        """Return the flow at `path`; MillError with the nearest names where there is none."""
        path = clean_path(path)
        for suffix in FLOW_SUFFIXES:
            folder = self.root / f"{path}{suffix}"
            if (folder / "flow.yaml").is_file():
                return FlowFile(path, folder, folder / "flow.yaml")
        raise NotThere(_no_such("flow", path, self.flows()), path)

    def scripts(self) -> list[str]:
        """Return the paths of all Python scripts that have a `.script.yaml` or a `main`, sorted."""
        return sorted(self._script_paths())

    def flows(self) -> list[str]:
        """Return the paths of all flows, sorted."""
        folders = [file.parent.relative_to(self.root).as_posix() for file in self._files("flow.yaml")]
        return sorted(
            folder.removesuffix(suffix)
            for folder in folders
            for suffix in FLOW_SUFFIXES
            if folder.endswith(suffix)
        )

    def items(self, kind: str, under: Path | None = None) -> list[Item]:
        """Return all `<path>.<kind>.yaml`, by path: kind is resource, variable, schedule, http_trigger ...

        `under` is another place with the same layout, such as `resources/mock`.
        """
        base = under or self.root
        ending = f".{kind}.yaml"
        found = (file for area in AREAS for file in (base / area).rglob(f"*{ending}"))
        files = self.synced(found) if under is None else found
        return sorted(
            (Item(kind, file.relative_to(base).as_posix().removesuffix(ending), file) for file in files),
            key=lambda item: item.path,
        )

    def resources(self, under: Path | None = None) -> list[Item]:
        """Return all resources."""
        return self.items("resource", under)

    def variables(self, under: Path | None = None) -> list[Item]:
        """Return all variables."""
        return self.items("variable", under)

    def schedules(self) -> list[Item]:
        """Return all schedules."""
        return self.items("schedule")

    def triggers(self) -> list[Item]:
        """Return all triggers, whatever their kind (http, kafka, ...)."""
        names = {file.name for file in self._files("*_trigger.yaml")}
        kinds = {name.removesuffix(".yaml").rpartition(".")[2] for name in names}
        return sorted((item for kind in kinds for item in self.items(kind)), key=lambda item: item.path)

    def _files(self, name: str) -> Iterator[Path]:
        return self.synced(file for area in AREAS for file in (self.root / area).rglob(name))

    def _script_paths(self) -> Iterator[str]:
        for file in self.python_files():
            if _metadata_of(file.with_suffix("")) is not None or defines_main(file):
                yield file.with_suffix("").relative_to(self.root).as_posix()

    def _all_scripts(self) -> list[str]:
        """Return the paths of all scripts, those in other languages too, sorted."""
        described = (
            file.relative_to(self.root).as_posix().removesuffix(ending)
            for ending in _SCRIPT_METADATA
            for file in self._files(f"*{ending}")
        )
        return sorted({*self._script_paths(), *described})

    def _code_in_another_language(self, base: Path) -> Path | None:
        if _metadata_of(base) is None:
            return None
        candidates = (
            file for file in base.parent.glob(f"{base.name}.*") if not file.name.endswith(_NOT_CODE)
        )
        return min(candidates, default=None)


def is_part(path: Path) -> bool:
    """Return whether a file lies in the folder of a flow or an app, whose part it is."""
    return any(part.endswith(CONTENT_SUFFIXES) for part in path.parent.parts)


def clean_path(path: str) -> str:
    """`path` as Windmill writes it, from any way a shell's completion may have spelled it."""
    path = path.strip().strip("/")
    for ending in ("/flow.yaml", *FLOW_SUFFIXES, ".script.yaml", ".py"):
        path = path.removesuffix(ending)
    if path.split("/")[0] not in AREAS or ".." in path.split("/"):
        raise MillError(f"{path!r} is not a Windmill path: it begins with f/ or u/, like f/folder/name.")
    return path


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return the known names that look most like `name`, best first."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=limit, cutoff=0.6)
    tail = name.rpartition("/")[2]
    same_tail = [other for other in names if other.rpartition("/")[2] == tail and other not in close]
    return (same_tail + close)[:limit]


def hint(name: str, known: Iterable[str]) -> str:
    """Return a question naming the nearest known names, or the empty string."""
    close = nearest(name, known)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def _patterns(settings: dict[str, Any], name: str) -> list[str]:
    value = settings.get(name)
    return [str(pattern) for pattern in value] if isinstance(value, list) else []


def _any_matches(path: str, patterns: list[str]) -> bool:
    return any(matches(path, pattern) for pattern in patterns)


def defines_main(file: Path) -> bool:
    """Return whether Windmill finds a `main` in a Python file."""
    return _DEFINES_MAIN.search(file.read_text("utf-8", errors="replace")) is not None


def _metadata_of(base: Path) -> Path | None:
    for ending in _SCRIPT_METADATA:
        file = base.with_name(base.name + ending)
        if file.is_file():
            return file
    return None


def _no_such(kind: str, path: str, known: list[str]) -> str:
    count = f"{len(known) or 'no'} {kind}{'' if len(known) == 1 else 's'}"
    return f"There is no {kind} {path}.{hint(path, known) or f' The workspace has {count}.'}"
