"""Runs every check over a workspace."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

from mill.errors import MillError
from mill.lint.checks.ci_tests import check_ci_test
from mill.lint.checks.deployed import check_deployed
from mill.lint.checks.expressions import check_expressions
from mill.lint.checks.flows import check_flow
from mill.lint.checks.forms import check_enterprise, check_form, check_resource, check_resource_type
from mill.lint.checks.imports import check_imports
from mill.lint.checks.layout import check_layout, check_pushed, check_secrets
from mill.lint.checks.raw_apps import check_raw_app
from mill.lint.checks.signature import check_signature
from mill.lint.checks.triggers import check_trigger
from mill.lint.selection import Selection
from mill.lint.sources.document import Document, mapping
from mill.lint.sources.finding import Finding, Place, relative
from mill.lint.sources.flow_tree import FlowTree
from mill.lint.sources.python_source import Source
from mill.locks.resolve import CONSTRAINTS
from mill.metadata.lock_jobs import workspace_dependencies
from mill.repository.python_syntax import explain
from mill.repository.raw_apps import raw_apps
from mill.repository.wmill_cli import WmillCli
from mill.repository.workspace import AREAS, MARKER, FlowFile, Workspace

_RESOURCE_TYPE = ".resource-type.yaml"
_MISSING_LOCK = "Missing lock"
_WITH_SETTINGS = (".script.yaml", ".schedule.yaml", "_trigger.yaml")


def lint(workspace: Workspace, selection: Selection | None = None) -> list[Finding]:
    """Return the findings of a selection, or all, by place.

    Needs Node and the Windmill CLI: its own lint is part of ours.
    """
    selection = selection or Selection(workspace, ())
    with ThreadPoolExecutor(1) as pool:  # the CLI is a process of its own: it runs beside our checks
        theirs = pool.submit(lambda: list(_wmill_lint(workspace)))
        ours = list(our_checks(workspace, selection))
        return sorted(finding for finding in {*theirs.result(), *ours} if finding in selection)


def our_checks(workspace: Workspace, selection: Selection | None = None) -> Iterator[Finding]:
    """Yield what `wmill lint` accepts and a workspace regrets.

    What no path of the selection leads to is not read; a finding that lies elsewhere may yet be among these.
    """
    checks = _Checks(workspace)
    may_be = (selection or Selection(workspace, ())).may_hold
    yield from check_layout(workspace)
    yield from _code(workspace, checks, may_be)
    yield from _settings(workspace, checks, may_be)


def _code(workspace: Workspace, checks: _Checks, may_be: Callable[[Path], bool]) -> Iterator[Finding]:
    for file in filter(may_be, workspace.python_files()):
        yield from checks.script(file)
    for flow in map(workspace.flow, workspace.flows()):
        if may_be(flow.folder):
            yield from checks.flow(flow)
    for app in raw_apps(workspace):
        yield from check_raw_app(app, workspace, checks.read)


def _settings(workspace: Workspace, checks: _Checks, may_be: Callable[[Path], bool]) -> Iterator[Finding]:
    for item in (*workspace.schedules(), *workspace.triggers()):
        if may_be(item.file):
            yield from checks.read(item.file, partial(check_trigger, kind=item.kind, workspace=workspace))
    settings = workspace.settings()
    for item in (*workspace.resources(), *workspace.variables()):
        if may_be(item.file):
            yield from checks.read(item.file, partial(check_pushed, kind=item.kind, settings=settings))
    for file in filter(may_be, sorted(workspace.root.glob(f"*{_RESOURCE_TYPE}"))):
        yield from checks.read(file, check_resource_type)
    schemas = checks.schemas()
    for file in filter(may_be, _yaml_files(workspace)):
        yield from checks.read(file, check_secrets)
        if file.name.endswith(".resource.yaml"):
            yield from checks.read(file, partial(check_resource, types=schemas))
        if file.name == "flow.yaml" or file.name.endswith(_WITH_SETTINGS):
            yield from checks.read(file, check_enterprise)


def _yaml_files(workspace: Workspace) -> list[Path]:
    """Return what is pushed, and what only lies in the repository."""
    pushed = (file for area in AREAS for file in (workspace.root / area).rglob("*.yaml"))
    others = (file for folder in ("resources", "flows") for file in (workspace.root / folder).rglob("*.yaml"))
    return sorted({*workspace.synced(pushed), *others})


class _Checks:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._root = workspace.root
        self._dependencies = workspace_dependencies(workspace.root)
        self._pinned = (workspace.root / CONSTRAINTS).is_file()
        names = (file.name.removesuffix(_RESOURCE_TYPE) for file in self._root.glob(f"*{_RESOURCE_TYPE}"))
        self._resource_types = frozenset(names)
        self._documents: dict[Path, Document] = {}
        self._read_module = cache(self._module)  # of one run: dozens of scripts import the same

    def schemas(self) -> dict[str, Any]:
        """Return the schemas of the resource types that the workspace defines, by name."""
        found = {}
        for name in self._resource_types:
            with contextlib.suppress(MillError):
                document = Document(self._root / f"{name}{_RESOURCE_TYPE}", self._root)
                found[name] = mapping(document.data).get("schema")
        return found

    def read(self, file: Path, check: Callable[[Document], Iterator[Finding]]) -> Iterator[Finding]:
        """Check a YAML file; one that cannot be read is a finding itself."""
        try:
            if file not in self._documents:
                self._documents[file] = Document(file, self._root)
        except MillError as error:
            yield Place(relative(file, self._root)).find("WM002", str(error), "")
            return
        yield from check(self._documents[file])

    def script(self, file: Path) -> Iterator[Finding]:
        script = self._workspace.script(relative(file.with_suffix(""), self._root))
        yield from self._python(script.path, file, file.with_suffix(".script.lock"), has_form=True)
        text = file.read_text(encoding="utf-8", errors="replace")
        yield from check_ci_test(text, relative(file, self._root), self._workspace)
        if script.metadata_file is None:
            yield Place(relative(script.file, self._root)).find(
                "WM003", "There is no .script.yaml.", "Run `mill metadata`."
            )
        elif script.metadata_file.suffix == ".yaml" and "def main(" in script.file.read_text(
            encoding="utf-8"
        ):
            yield from self.read(script.metadata_file, lambda document: check_form(document, kind="script"))

    def flow(self, flow: FlowFile) -> Iterator[Finding]:
        yield from self.read(flow.file, lambda document: self._flow_document(flow, document))
        for file in sorted(flow.folder.glob("*.py")):
            name = file.name.split(".")[0]
            yield from self._python(
                f"{flow.path}/{name}", file, file.with_name(f"{name}.lock"), has_form=False
            )

    def _flow_document(self, flow: FlowFile, document: Document) -> Iterator[Finding]:
        def read_inline(name: str) -> str | None:
            file = flow.folder / name
            return file.read_text(encoding="utf-8") if file.is_file() else None

        tree = FlowTree(document)
        yield from check_form(document, kind="flow")
        yield from check_flow(tree, self._workspace, read_inline)
        yield from check_deployed(tree)
        yield from check_expressions(tree)

    def _python(self, path: str, file: Path, lock: Path, *, has_form: bool) -> Iterator[Finding]:
        place = Place(relative(file, self._root))
        source = Source(path, file.read_text(encoding="utf-8"), place, self._read_module)
        try:
            source.tree  # noqa: B018 - parsed here once, so that no check needs to expect a syntax error
        except SyntaxError as error:
            yield place.at(error.lineno or 1, error.offset or 1).find(
                "WM001", f"{explain(error)[:1].upper()}{explain(error)[1:]}.", ""
            )
            return
        yield from check_signature(source, self._resource_types, has_form=has_form)
        text = lock.read_text(encoding="utf-8") if lock.is_file() else None
        yield from check_imports(source, self._dependencies, text, pinned=self._pinned)

    def _module(self, path: str) -> str | None:
        file = self._root / f"{path}.py"
        return file.read_text(encoding="utf-8") if file.is_file() else None


def _wmill_lint(workspace: Workspace) -> Iterator[Finding]:
    done = WmillCli(workspace.root).run("lint", "--locks-required", "--fail-on-warn", "--json")
    start = re.search(r"^\{", done.stdout, re.MULTILINE)
    notices, text = (done.stdout[: start.start()], done.stdout[start.start() :]) if start else ("", "")
    try:
        report = json.loads(text)
    except json.JSONDecodeError as error:
        raise MillError(f"`wmill lint` did not run:\n{done.output}", exit_code=1) from error
    if notices.strip():  # such as that a key of wmill.yaml is deprecated
        yield Place(MARKER).warn("WM000", _once(notices.encode("ascii", "ignore").decode()))
    for issue in report["issues"]:
        for text in issue["errors"]:
            place, sentence = Place(issue["path"]), f"{text.strip().rstrip('.')}."
            # The server makes a lock that is missing: only --locks-required turns that into an error.
            is_lock = sentence.startswith(_MISSING_LOCK)
            yield place.warn("WM000", sentence) if is_lock else place.find("WM000", sentence, "")
    for warning in report["warnings"]:
        yield Place(warning["path"]).warn("WM000", f"{warning['message'].strip().rstrip('.')}.")


def _once(notices: str) -> str:
    """Return on one line what the CLI says, which says some things twice."""
    return " ".join(dict.fromkeys(" ".join(line.split()) for line in notices.splitlines() if line.strip()))
