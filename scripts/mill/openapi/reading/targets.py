"""What a route or a webhook runs: a script or a flow, as its files describe it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mill.errors import MillError
from mill.openapi.reading.doors import Door, read_doors
from mill.openapi.reading.schemas import Json, json_schema
from mill.repository.workspace import Workspace, defines_main
from mill.repository.yaml_file import read_mapping

# A result with one of these keys is an HTTP reply.
_SHAPES_REPLY = re.compile(r"[\"'](?:windmill|wm)_(?:status_code|content_type|headers)[\"']")


@dataclass(frozen=True, slots=True)
class Target:
    """What is run. `schema` is that of its inputs.

    `shapes_reply`: its result may be an HTTP reply. `any_failure`: a failed run may say anything, as a
    failure module makes its result.
    """

    path: str
    is_flow: bool
    summary: str
    description: str
    schema: Json
    has_preprocessor: bool
    doors: Mapping[str, Door] = field(default_factory=dict)
    shapes_reply: bool = False
    any_failure: bool = False

    @property
    def component(self) -> str:
        """Its name among the document's schemas; a script and a flow may have one path."""
        return f"{'flow' if self.is_flow else 'script'}.{self.path.replace('/', '.')}"

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of its inputs."""
        return tuple(self.schema.get("properties", {}))


class Targets:
    """The scripts and flows of a workspace, each read once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read: dict[tuple[str, bool], Target] = {}

    def all(self) -> Iterator[Target]:
        """Yield what has a webhook: scripts with a main, and flows."""
        for path in self._workspace.scripts():
            if defines_main(self._workspace.script(path).file):
                yield self.at(path, is_flow=False)
        for path in self._workspace.flows():
            yield self.at(path, is_flow=True)

    def at(self, path: str, *, is_flow: bool) -> Target:
        """Return one. MillError if there is none, or its description is wrong."""
        known = self._read.get((path, is_flow))
        if known is None:
            known = _flow(self._workspace, path) if is_flow else _script(self._workspace, path)
            self._read[path, is_flow] = known
        return known


def _script(workspace: Workspace, path: str) -> Target:
    script = workspace.script(path)
    data, code = script.metadata(), script.file.read_text("utf-8")
    schema = json_schema(data.get("schema") or {"type": "object"})
    prepares = bool(data.get("has_preprocessor"))
    return Target(
        path=path,
        is_flow=False,
        summary=str(data.get("summary") or path),
        description=str(data.get("description") or ""),
        schema=schema,
        has_preprocessor=prepares,
        doors=read_doors(code, str(script.file), schema) if prepares or "HTTP" in code else {},
        shapes_reply=_SHAPES_REPLY.search(code) is not None,
    )


def _flow(workspace: Workspace, path: str) -> Target:
    flow = workspace.flow(path)
    data = read_mapping(flow.file)
    value = data.get("value") or {}
    schema = json_schema(data.get("schema") or {"type": "object"})
    module = value.get("preprocessor_module")
    file, code = _preprocessor(workspace, flow.folder, module) if module else (flow.file, "")
    codes = [flow.file.read_text("utf-8"), *(one.read_text("utf-8") for one in flow.folder.glob("*.py"))]
    return Target(
        path=path,
        is_flow=True,
        summary=str(data.get("summary") or path),
        description=str(data.get("description") or ""),
        schema=schema,
        has_preprocessor=module is not None,
        doors=read_doors(code, str(file), schema),
        shapes_reply=any(map(_SHAPES_REPLY.search, codes)) or _ends_with_reply(workspace, value),
        any_failure="failure_module" in value or any(map(_is_loop, value.get("modules") or [])),
    )


def _is_loop(module: Json) -> bool:
    """A loop that fails has a list as its result."""
    return module.get("value", {}).get("type") in (
        "forloopflow",
        "whileloopflow",
        "branchall",
        "branchone",
        "flow",
    )


def _ends_with_reply(workspace: Workspace, value: Json) -> bool:
    """Whether the last step is a script whose result may be a reply."""
    modules = value.get("modules") or [{}]
    last = modules[-1].get("value") or {}
    if last.get("type") != "script":
        return False
    try:
        code = workspace.script(str(last.get("path"))).file.read_text("utf-8")
    except MillError:  # `mill lint` names it
        return False
    return _SHAPES_REPLY.search(code) is not None


def _preprocessor(workspace: Workspace, folder: Path, module: Json) -> tuple[Path, str]:
    """Return the file of a flow's preprocessor and the code in it."""
    value = module.get("value") or {}
    if value.get("type") == "script":
        file = workspace.script(str(value.get("path"))).file
        return file, file.read_text("utf-8")
    content = str(value.get("content", ""))
    if not content.startswith("!inline "):
        return folder / "flow.yaml", content
    file = folder / content.removeprefix("!inline ")
    return file, file.read_text("utf-8") if file.is_file() else ""
