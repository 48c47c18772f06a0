"""What is there to show as an example: run files, samples of webhooks, resources by their type."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mill.errors import MillError
from mill.openapi.reading.samples import sample_of_inputs
from mill.openapi.reading.schemas import Json
from mill.openapi.reading.targets import Target
from mill.repository.workspace import Workspace
from mill.repository.yaml_file import read_mapping

_FOLDER = Path("flows")
_TEMPLATES = (Path("resources", "mock"), Path("resources", "live"))
_FIRST_LINES = 4  # of a file: an example is read, not imported
_LARGEST = 2_000  # bytes of a file that is shown whole


@dataclass(frozen=True, slots=True)
class Case:
    """A run file: what it runs with which arguments, and the beginnings of the files it hands over."""

    name: str
    summary: str
    args: Mapping[str, Any]
    files: Mapping[str, bytes]

    def inputs(self) -> Json:
        """Return the arguments as JSON, files among them."""
        files = {name: base64.b64encode(content).decode("ascii") for name, content in self.files.items()}
        return {**files, **self.args}


class Cases:
    """The run files of a workspace, and its resources."""

    def __init__(self, workspace: Workspace) -> None:
        self._root = workspace.root
        self._of: dict[tuple[str, bool], list[Case]] = {}
        for file in sorted((workspace.root / _FOLDER).glob("*.yaml")):
            self._add(file)
        self._resources = dict(self._typed(workspace))

    def of(self, target: Target) -> list[Case]:
        """Return the run files of a script or flow, by name."""
        return self._of.get((target.path, target.is_flow), [])

    def examples(self, target: Target) -> Json:
        """Return examples of its inputs, as OpenAPI writes them: its run files, or one made of the schema."""
        found = {
            case.name: {"summary": case.summary, "value": case.inputs()}
            for case in self.of(target)
            if set(case.inputs()) <= set(target.input_names)
        }
        if found:
            return found
        value = sample_of_inputs(target.schema, lambda kind: self.resource(kind, target.path))
        return {} if value is None else {"example": {"value": value}}

    def resource(self, kind: str, near: str) -> str:
        """Return the path of a resource of the type, best beside `near`; a likely one if none is."""
        paths = [path for path, one in self._resources.items() if one == kind]
        folder = near.rpartition("/")[0]
        return min(
            paths, key=lambda path: (not path.startswith(f"{folder}/"), path), default=f"{folder}/{kind}"
        )

    def resources(self, kind: str) -> list[str]:
        """Return the paths of the resources of the type."""
        return sorted(path for path, one in self._resources.items() if one == kind)

    def settings(self, path: str) -> Json:
        """Return what the template of a resource says, no value of a variable in it; {} if there is none."""
        for folder in reversed(_TEMPLATES):
            file = self._root / folder / f"{path}.resource.yaml"
            value = read_mapping(file).get("value") if file.is_file() else None
            if isinstance(value, dict):
                return value
        return {}

    def _add(self, file: Path) -> None:
        try:
            content = read_mapping(file)
        except MillError:  # `mill run` says what is wrong with it
            return
        kind = "flow" if "flow" in content else "script"
        args, files = content.get("args") or {}, content.get("files") or {}
        if (
            kind not in content
            or "event" in content
            or not isinstance(args, dict)
            or not isinstance(files, dict)
        ):
            return
        beginnings = {name: _beginning(file.parent / str(one)) for name, one in files.items()}
        case = Case(
            file.stem,
            str(content.get("summary") or file.stem),
            args,
            {name: text for name, text in beginnings.items() if text is not None},
        )
        self._of.setdefault((str(content[kind]), kind == "flow"), []).append(case)

    @staticmethod
    def _typed(workspace: Workspace) -> Iterator[tuple[str, str]]:
        for folder in _TEMPLATES:
            for item in workspace.resources(workspace.root / folder):
                yield item.path, str(item.value().get("resource_type") or "")


def _beginning(file: Path) -> bytes | None:
    """Return a small file, or the first lines of a text; None for anything else."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    if len(content) <= _LARGEST:
        return content
    lines = content.splitlines(keepends=True)[:_FIRST_LINES]
    short = b"".join(lines)
    return short if len(short) <= _LARGEST and b"\0" not in short else None
