"""Which scripts and flows are tools, and what an agent reads of each.

What a schema cannot say stands in the script, as a constant that is read and never run:
TOOL = {"title": "Send a message, once", "reads": False}. Without one a tool counts as one that may change
anything, which is what the protocol takes for granted too. One with it is kept loaded: its modules are
imported once, without a job's environment, and each call is a process forked from there.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mill.engine.definition.arguments import schema_of
from mill.engine.definition.signature import read_signatures
from mill.errors import MillError
from mill.mcp.schemas import input_schema, output_schema, resource_inputs
from mill.ports import Target
from mill.repository.python_syntax import parse_python
from mill.repository.workspace import Workspace, defines_main, hint
from mill.repository.yaml_file import read_mapping

FOLDER = "f/tools"
ONCE_KEY = "once_key"
_CONSTANT = "TOOL"
_KEYS = {"title", "reads", "destroys"}
_TYPE_LINE = re.compile(r"^resource_type: *([\w-]+) *$", re.MULTILINE)

Kind = Literal["script", "flow"]


@dataclass(frozen=True, slots=True)
class Traits:
    """What a script says of itself as a tool, if it does (`is_said`).

    `destroys`: whether it may remove or overwrite something.
    """

    title: str = ""
    reads: bool = False
    destroys: bool = True
    is_said: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A script or flow as an agent sees it. `resources` are the inputs that take a resource."""

    name: str
    target: Target
    title: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any] | None = None
    traits: Traits = field(default_factory=Traits)
    resources: frozenset[str] = frozenset()

    @property
    def is_once(self) -> bool:
        """Whether the same call again changes nothing more."""
        return ONCE_KEY in self.input_schema.get("properties", {})


@dataclass(frozen=True, slots=True)
class Selection:
    """What a person wants to serve: folders, with all scripts in them, and single scripts and flows."""

    folders: Sequence[str] = ()
    scripts: Sequence[str] = ()
    flows: Sequence[str] = ()

    def or_default(self) -> Selection:
        """Return the folder of tools where nothing was named."""
        return self if self.folders or self.scripts or self.flows else Selection((FOLDER,))


class Catalogue:
    """The tools of a workspace. A file that has changed is read again."""

    def __init__(self, workspace: Workspace, selection: Selection, templates: Path) -> None:
        """`templates` are the resources that inputs may name."""
        self._workspace, self._selection, self._templates = workspace, selection.or_default(), templates
        self._known = _Known()

    def tools(self) -> dict[str, Tool]:
        """Return the tools by name, sorted. MillError for what is not there, or cannot be read."""
        found = list(self._found())
        stamp = tuple(_stamp(one.files) for one in found)
        if stamp != self._known.stamp or not stamp:
            self._known = self._read(found, stamp)
        return self._known.tools

    def tool(self, name: str) -> Tool:
        """Return one. MillError naming the nearest where there is none of that name.

        One whose own files are as they were is not looked for in the workspace again, as at every list: calls
        are many, and files that are new have no calls yet.
        """
        known = self._known
        if name in known.tools and _is_current(known.files[name]):
            return known.tools[name]
        tools = self.tools()
        if name not in tools:
            near = hint(name, tools) or f" There is {', '.join(tools)}."
            raise MillError(f"There is no tool {name}.{near}")
        return tools[name]

    def is_made_as_tool(self, path: str) -> bool:
        """Return whether the script at a path has a constant TOOL.

        Its author knows how it is used: it is imported once, and each call is a process forked after that.
        """
        tools = self._known.tools.values()
        return any(tool.target == Target("script", path) and tool.traits.is_said for tool in tools)

    def _read(self, found: Sequence[_Found], stamp: tuple[_Stamp, ...]) -> _Known:
        last = Counter(one.path.rpartition("/")[2] for one in found)
        examples = _resources(self._workspace, self._templates)
        tools, files = {}, {}
        for one, seen in zip(found, stamp, strict=True):
            short = one.path.rpartition("/")[2]
            name = short if last[short] == 1 else one.path.replace("/", "_")
            tools[name], files[name] = _tool(name, one, examples), seen
        return _Known(stamp, dict(sorted(tools.items())), files)

    def _found(self) -> Iterator[_Found]:
        seen = set()
        for found in self._named():
            if (found.kind, found.path) not in seen:
                seen.add((found.kind, found.path))
                yield found

    def _named(self) -> Iterator[_Found]:
        known = self._workspace.scripts()
        for folder in self._selection.folders:
            prefix = folder.strip("/") + "/"
            inside = [self._script(path) for path in known if path.startswith(prefix)]
            shown = [one for one in inside if defines_main(one.files[0])]
            if not shown:
                raise MillError(f"There is no script in {folder}. Name a folder such as {FOLDER}.")
            yield from shown
        for path in self._selection.scripts:
            yield self._script(path)
        for path in self._selection.flows:
            flow = self._workspace.flow(path)
            yield _Found("flow", flow.path, (flow.file,))

    def _script(self, path: str) -> _Found:
        script = self._workspace.script(path)
        if not script.is_python:
            raise MillError(f"{script.file} is not Python; only Python scripts run here.")
        said = (script.metadata_file,) if script.metadata_file is not None else ()
        return _Found("script", script.path, (script.file, *said))


_Stamp = tuple[tuple[Path, int], ...]  # files, and when each was changed


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read: the tools by name, and the `files` of each as they were then."""

    stamp: tuple[_Stamp, ...] = ()
    tools: dict[str, Tool] = field(default_factory=dict)
    files: Mapping[str, _Stamp] = field(default_factory=dict)


def _stamp(files: Sequence[Path]) -> _Stamp:
    return tuple((file, file.stat().st_mtime_ns) for file in files)


def _is_current(stamp: _Stamp) -> bool:
    try:
        return stamp == _stamp([file for file, _ in stamp])
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class _Found:
    """What is to be a tool. `files`: a script's code, then its metadata; or a flow's definition."""

    kind: Kind
    path: str
    files: tuple[Path, ...]


def traits(code: str, path: str) -> Traits:
    """Return what the constant TOOL in a script's code says. MillError for one that is not plain data."""
    for statement in parse_python(code).body:
        if isinstance(statement, ast.Assign):
            names, value = [ast.unparse(target) for target in statement.targets], statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            names, value = [ast.unparse(statement.target)], statement.value
        else:
            continue
        if names == [_CONSTANT]:
            return _traits(value, path)
    return Traits()


def _traits(value: ast.expr, path: str) -> Traits:
    try:
        said = ast.literal_eval(value)
    except ValueError:
        said = None
    if not isinstance(said, dict) or (set(said) - _KEYS):
        raise MillError(
            f"{path}: TOOL must be plain data with title, reads or destroys, such as "
            '{"title": "Find a customer", "reads": True}.'
        )
    reads = bool(said.get("reads", False))
    # What has a key to be repeated with adds; what says nothing may do anything.
    return Traits(str(said.get("title", "")), reads, bool(said.get("destroys", False)), is_said=True)


def _tool(name: str, found: _Found, examples: Mapping[str, Sequence[str]]) -> Tool:
    about = read_mapping(found.files[-1]) if len(found.files) > 1 or found.kind == "flow" else {}
    summary, description = str(about.get("summary") or ""), str(about.get("description") or "").strip()
    schema = about.get("schema") or {}
    said = Traits()
    if found.kind == "script":
        code = found.files[0].read_text("utf-8")
        try:
            said, main = traits(code, found.path), read_signatures(code, str(found.files[0])).get("main")
        except SyntaxError as error:
            raise MillError(f"{found.files[0]}:{error.lineno}: is not Python: {error.msg}.") from error
        schema = schema or (schema_of(main) if main is not None else {})
    made = input_schema(schema, examples)
    return Tool(
        name,
        Target(found.kind, found.path),
        said.title or summary or name,
        _sentences(summary, description) or f"Runs {found.path}.",
        made,
        output_schema() if said.is_said and not said.reads and ONCE_KEY in made["properties"] else None,
        said,
        frozenset(resource_inputs(schema)),
    )


def _sentences(summary: str, description: str) -> str:
    """Return both as one text, the summary ended like a sentence."""
    if not summary or description.startswith(summary):
        return description or summary
    ended = summary if summary.endswith((".", "!", "?")) else f"{summary}."
    return f"{ended} {description}".strip()


def _resources(workspace: Workspace, templates: Path) -> dict[str, list[str]]:
    """Return how the resources of each type are written as an argument.

    The usual line is found without YAML, which is slow.
    """
    by_type: dict[str, list[str]] = {}
    for item in workspace.resources(templates):
        usual = _TYPE_LINE.search(item.file.read_text("utf-8", errors="replace"))
        kind = usual[1] if usual is not None else str(item.value().get("resource_type") or "")
        by_type.setdefault(kind, []).append(f"$res:{item.path}")
    return by_type
